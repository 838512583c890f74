//! Calls of tools: those that a reply asks for, and what they bring. What a tool brings is a line of the
//! history behind its call. A result of the client's tools is answered when the client asks for it, one of
//! the server's by itself. Must not know what a tool does.

use std::sync::Arc;
use std::time::Duration;

use super::chunker::Piece;
use super::latency::Milestones;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::tool_calls::Made;
use super::{Action, Conversation};
use crate::dialogue::tools::{Conduct, Moment, Said, ToolCall, Tools, instructions, written};
use crate::ids::{ToolCallId, TurnId};
use crate::units::CallTime;

/// How long a tool may take before something is said, where nothing is set for answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// The silence after which a caller who still waits for a tool hears something again.
const PATIENCE_AGAIN: Duration = Duration::from_secs(6);

/// A system prompt with what is to be said of the tools behind it.
#[must_use]
pub fn with_tools(system_prompt: &str, tools: &Tools) -> String {
    let about = if tools.are_idle() { String::new() } else { instructions(&tools.all) };
    format!("{}\n\n{about}", system_prompt.trim()).trim().to_owned()
}

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
                self.calls.extend(call.filter(|_| self.calls.len() < self.most_calls));
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

    /// The agent gets other tools, and another system prompt if one comes with them: both or neither.
    pub(super) fn equip(&mut self, tools: Tools, system_prompt: Option<String>) {
        let before = std::mem::replace(&mut self.tool_calls.tools, Arc::new(tools));
        let prompt = system_prompt.unwrap_or_else(|| self.settings.system_prompt.clone());
        if !self.begin_with(prompt, self.learnt.clone()) {
            self.tool_calls.tools = before;
        }
    }

    /// The whole reply of this turn is known: its calls are carried out, and those that belong behind its
    /// words are kept. Those of a draft wait until it is wanted, and those of a reply that pauses until it is
    /// known that the caller does not go on.
    pub(super) fn call_tools(&mut self, now: CallTime) {
        let certain = |reply: &&mut Reply| reply.complete && reply.paused.is_none();
        let Some(reply) = self.reply.as_mut().filter(certain) else { return };
        let calls = std::mem::take(&mut reply.calls);
        let waits = |call: &ToolCall| {
            reply.tools.conduct(&call.name).is_some_and(|conduct| conduct.moment != Moment::AtOnce)
        };
        let (waiting, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(waits);
        reply.called.extend(calls.iter().map(written));
        reply.behind.extend(waiting);
        let turn = reply.turn;
        let silent = reply.ledger.is_without_answer();
        let say = reply.behind.first().and_then(|call| reply.tools.conduct(&call.name));
        let say = say.map(|conduct| conduct.say.clone()).filter(|_| silent).unwrap_or_default();
        self.carry_out(now, turn, calls);
        if let Some(reply) = self.reply.as_mut().filter(|_| !say.is_empty()) {
            let pieces = reply.take_all(&say);
            self.speak(turn, pieces);
        }
    }

    /// A reply was heard to its end: the calls that belong behind its words are carried out, unless the
    /// caller speaks. True if the agent hangs up now.
    pub(super) fn call_behind_the_words(
        &mut self,
        now: CallTime,
        turn: TurnId,
        calls: Vec<ToolCall>,
    ) -> bool {
        let tools = self.tools();
        let moment = |call: &ToolCall| tools.conduct(&call.name).map(|conduct| conduct.moment);
        let (last, others): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| moment(call) == Some(Moment::HangsUp));
        let is_done = others.is_empty() && self.all_is_told();
        self.carry_out(now, turn, others);
        self.tool_calls.hangs_up |= !last.is_empty() && !is_done;
        is_done && !last.is_empty()
    }

    /// True if no tool of the server is under way, and what they have brought is told: above all if it is
    /// nothing good.
    pub(super) fn all_is_told(&self) -> bool {
        self.tool_calls.say().is_none() && !self.tool_calls.unanswered && self.tool_calls.returned.is_empty()
    }

    /// It was no word of the caller that kept the agent from what it has promised. True if it hangs up now.
    pub(super) fn keep_promises(&mut self, now: CallTime) -> bool {
        let Some((turn, calls)) = self.promised.take() else { return false };
        calls.iter().for_each(|call| self.history.agent_called(&written(call)));
        self.call_behind_the_words(now, turn, calls)
    }

    fn carry_out(&mut self, now: CallTime, turn: TurnId, calls: Vec<ToolCall>) {
        let tools = self.tools();
        let (own, others): (Vec<ToolCall>, Vec<ToolCall>) =
            calls.into_iter().partition(|call| tools.conduct(&call.name).is_some());
        if !others.is_empty() {
            let calls = self.tool_calls.make(&others);
            self.actions.push_back(Action::CallTools { turn, calls });
        }
        if own.is_empty() {
            return;
        }
        let with_conduct = |call: ToolCall| {
            let conduct = tools.conduct(&call.name).cloned().unwrap_or_default();
            (call, conduct)
        };
        let own: Vec<(ToolCall, Conduct)> = own.into_iter().map(with_conduct).collect();
        let mut before = Vec::new();
        for (made, (_, conduct)) in self.tool_calls.run(&own).into_iter().zip(own) {
            match made {
                Made::Run(call) => self.actions.push_back(Action::RunTool { turn, call, conduct }),
                Made::Before(output) => before.push(output),
                Made::UnderWay => {}
            }
        }
        for output in before {
            self.remember_result(output);
        }
        self.answer_what_was_brought(now);
        self.expect_tools(now);
    }

    /// While the server carries out a tool, nobody is left in silence.
    pub(super) fn expect_tools(&mut self, now: CallTime) {
        if self.tool_calls.say().is_none() {
            self.timers.cancel(Timer::ToolFillerDue);
        } else if !self.timers.is_set(Timer::ToolFillerDue) {
            let first = self.settings.manners.filler_after.unwrap_or(PATIENCE);
            let patience = if self.tool_calls.fillers == 0 { first } else { PATIENCE_AGAIN };
            self.timers.set(Timer::ToolFillerDue, now + patience);
        }
    }

    /// A tool takes its time: what it is said to do is told, then fillers in turn.
    pub(super) fn tool_filler_due(&mut self, now: CallTime) {
        let Some(say) = self.tool_calls.say().map(str::to_owned) else { return };
        // What is being said fills the silence; behind it, the wait begins anew.
        if !self.is_quiet(now) {
            return;
        }
        let first = Some(say).filter(|say| self.tool_calls.fillers == 0 && !say.is_empty());
        self.tool_calls.fillers += 1;
        // A single filler, again and again, is better than silence.
        let fillers = &self.settings.phrases.fillers;
        let filler = || self.fillers.next(fillers).or(fillers.first().map(String::as_str)).map(str::to_owned);
        match first.or_else(filler).filter(|text| !text.is_empty()) {
            Some(text) => self.say(now, Purpose::Phrase, &text),
            None => self.expect_tools(now),
        }
    }

    /// The caller has taken the turn: some tools do not go on.
    pub(super) fn the_caller_cancels_tools(&mut self) {
        self.tool_calls.begin_anew();
        self.promised = None;
        for (call, told) in self.tool_calls.cancelled_by_the_caller() {
            self.actions.push_back(Action::CancelTool { call });
            self.history.tool_returned(&told);
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
    pub(super) fn tool_returned(&mut self, id: ToolCallId, output: String, failed: bool) {
        if let Some(output) = self.tool_calls.result(id, output, failed) {
            self.remember_result(output);
        }
    }

    /// A tool of the server has brought this: once no other is under way, it is answered by itself.
    pub(super) fn tool_done(&mut self, now: CallTime, id: ToolCallId, output: String, failed: bool) {
        self.tool_returned(id, output, failed);
        self.answer_what_was_brought(now);
        self.expect_tools(now);
    }

    /// All that was called is there: answers it as soon as nobody speaks. What a fast tool has brought waits
    /// for the slowest: a language model reads the results of one reply together, behind all of its calls. In
    /// between, one that misses a result calls the tool again, or invents what it brought, and the caller
    /// would hear two answers to one question. Until then, what the tools do is said (`tool_filler_due`).
    fn answer_what_was_brought(&mut self, now: CallTime) {
        if !self.tool_calls.unanswered || self.tool_calls.say().is_some() || self.is_ending() {
            return;
        }
        let milestones = Milestones { endpoint: Some(now), transcript: Some(now), ..Milestones::default() };
        if self.reply.is_some() || !self.nobody_is_heard(now) || !self.keys.is_empty() {
            self.owed.get_or_insert((milestones, String::new()));
        } else {
            self.answer(now, milestones, "");
        }
    }

    /// True if somebody has spoken, or a tool has brought something, to which the agent owes an answer.
    pub(super) fn awaits_an_answer(&self) -> bool {
        self.tool_calls.unanswered || !self.history.pending_caller_text().is_empty()
    }

    pub(super) fn remember_result(&mut self, output: String) {
        self.tool_calls.unanswered = true;
        // A filler that came before the words of the caller is no reply to them yet.
        if self.reply_to_words().is_some() {
            // The history keeps the order in which things were heard, and the reply is still being heard.
            self.tool_calls.returned.push(output);
        } else {
            self.history.tool_returned(&output);
            // It was prepared without the result.
            self.roll_back();
        }
    }
}
