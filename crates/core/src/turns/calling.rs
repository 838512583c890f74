//! Calls of tools: those that a reply asks for, and what they bring. What a tool brings is a line of the
//! history behind its call; it is answered when the agent is asked to. Must not know who carries calls out.

use std::sync::Arc;

use super::chunker::Piece;
use super::reply::Reply;
use super::{Action, Conversation};
use crate::dialogue::tools::{MOST_CALLS, Said, ToolCall, Tools, instructions, written};
use crate::ids::ToolCallId;

impl Reply {
    /// The chunks that are certain with the next text of the model, which may call tools in it.
    pub(super) fn read(&mut self, text: &str) -> Vec<Piece> {
        if self.tools.are_idle() {
            return self.chunker.push(text);
        }
        let said = self.reader.push(text);
        said.into_iter().flat_map(|said| self.take(said)).collect()
    }

    /// The last chunks, once no more text comes.
    pub(super) fn read_to_the_end(&mut self) -> Vec<Piece> {
        let held = Some(self.reader.finish()).filter(|held| !held.is_empty());
        let mut pieces = held.map_or_else(Vec::new, |held| self.chunker.push(&held));
        pieces.extend(self.chunker.finish());
        pieces
    }

    fn take(&mut self, said: Said) -> Vec<Piece> {
        match said {
            Said::Text(text) => return self.chunker.push(&text),
            Said::Call(name) => {
                self.begun = Some(ToolCall { name, arguments: String::new() });
                // The words before it need not wait for it.
                return self.chunker.finish().into_iter().collect();
            }
            Said::Arguments(piece) => {
                if let Some(call) = &mut self.begun {
                    call.arguments.push_str(&piece);
                }
            }
            // Nobody could carry out another one.
            Said::End => {
                let call = self.begun.take();
                let call = call.filter(|call| self.tools.may_call(&call.name) && call.is_whole());
                self.calls.extend(call.filter(|_| self.calls.len() < MOST_CALLS));
            }
        }
        Vec::new()
    }
}

impl Conversation {
    /// The tools that replies may call.
    #[must_use]
    pub fn tools(&self) -> Arc<Tools> {
        Arc::clone(&self.tool_calls.tools)
    }

    /// The agent gets other tools.
    pub(super) fn equip(&mut self, tools: Tools) {
        let before = std::mem::replace(&mut self.tool_calls.tools, Arc::new(tools));
        if !self.begin_with(self.settings.system_prompt.clone(), self.learnt.clone()) {
            self.tool_calls.tools = before;
        }
    }

    /// What the system prompt says of the tools.
    pub(super) fn about_tools(&self) -> String {
        let tools = &self.tool_calls.tools;
        if tools.are_idle() { String::new() } else { instructions(&tools.all) }
    }

    /// The whole reply of this turn is known: its calls are carried out. Those of a draft wait until it is
    /// wanted, and those of a reply that pauses until it is known that the caller does not go on.
    pub(super) fn call_tools(&mut self) {
        let certain = |reply: &&mut Reply| reply.complete && reply.paused.is_none();
        let Some(reply) = self.reply.as_mut().filter(certain) else { return };
        let calls = std::mem::take(&mut reply.calls);
        reply.called.extend(calls.iter().map(written));
        if !calls.is_empty() {
            let calls = self.tool_calls.make(&calls);
            self.actions.push_back(Action::CallTools { turn: reply.turn, calls });
        }
    }

    /// A reply is over: behind what was heard of it come its calls, and what they have brought.
    pub(super) fn remember_calls(&mut self, reply: &Reply) {
        reply.called.iter().for_each(|call| self.history.agent_called(call));
        for output in std::mem::take(&mut self.tool_calls.returned) {
            self.history.tool_returned(&output);
        }
    }

    /// A tool has brought this. What nobody awaits is dropped.
    pub(super) fn tool_returned(&mut self, id: ToolCallId, output: String) {
        if let Some(output) = self.tool_calls.result(id, output) {
            self.remember_result(output);
        }
    }

    /// True if somebody has spoken, or a tool has brought something, to which the agent owes an answer.
    pub(super) fn awaits_an_answer(&self) -> bool {
        self.tool_calls.unanswered || !self.history.pending_caller_text().is_empty()
    }

    pub(super) fn remember_result(&mut self, output: String) {
        self.tool_calls.unanswered = true;
        if self.reply.is_some() {
            // The history keeps the order in which things were heard, and the reply is still being heard.
            self.tool_calls.returned.push(output);
        } else {
            self.history.tool_returned(&output);
            // It was prepared without the result.
            self.roll_back();
        }
    }
}
