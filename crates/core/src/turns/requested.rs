//! What comes into a call by other ways than the caller's voice: typed words, lines of an earlier
//! conversation, new instructions, a sentence that the agent is to say. Must not know who asks for it.

use std::sync::Arc;
use std::time::Duration;

use super::calling::with_tools;
use super::latency::Milestones;
use super::reply::Reply;
use super::{Action, Conversation, Settings};
use crate::dialogue::Role;
use crate::dialogue::tools::Tools;
use crate::units::CallTime;

/// At most this many sentences wait to be said.
const MOST_TO_SAY: usize = 8;

/// Typed words that wait for the end of a reply, in bytes. Of more, the last are answered.
const MOST_TYPED: usize = 64 * 1024;

impl Conversation {
    /// A line that nobody says now: typed by the caller, or of an earlier conversation. It is not answered
    /// before the agent is asked to.
    pub(super) fn remember(&mut self, role: Role, text: &str) {
        match role {
            // The history keeps the order in which things were heard, and the reply is still being heard.
            Role::User if self.reply.is_some() => {
                self.typed.push(' ');
                self.typed.push_str(text);
                let too_much = self.typed.len().saturating_sub(MOST_TYPED);
                let cut = (too_much..).find(|&at| self.typed.is_char_boundary(at)).unwrap_or_default();
                self.typed.drain(..cut);
            }
            Role::User => self.history.caller_said(text),
            Role::Assistant => self.history.agent_was_heard(text),
            Role::System => self.inform(text),
            Role::Tool => self.remember_result(text.to_owned()),
        }
    }

    /// A reply is over: what was typed meanwhile comes after it.
    pub(super) fn remember_what_was_typed(&mut self) {
        let typed = std::mem::take(&mut self.typed);
        self.history.caller_said(&typed);
    }

    /// The agent is asked to speak now: to what was typed, or by these `instructions`. A caller who is
    /// speaking is answered at the end of their turn, and to everything.
    pub(super) fn answer_requested(&mut self, now: CallTime, instructions: &str) {
        if self.is_ending() {
            return;
        }
        let milestones = Milestones { endpoint: Some(now), transcript: Some(now), ..Milestones::default() };
        // The result of a tool is answered behind what was said when it was called.
        let calls = self.reply.as_ref().is_some_and(Reply::calls_tools);
        // A sentence that an operator wants said is said.
        let ordered = self.reply.as_ref().is_some_and(|reply| reply.order.is_some());
        if self.is_protected() || calls || ordered || !self.nobody_is_heard(now) {
            self.remember(Role::User, instructions);
            self.owed.get_or_insert((milestones, String::new()));
            return;
        }
        if self.reply.is_some() {
            self.interrupt(now);
        }
        if !instructions.trim().is_empty() || self.awaits_an_answer() {
            self.answer(now, milestones, instructions);
        }
    }

    /// The agent gets another system prompt.
    pub(super) fn instruct(&mut self, system_prompt: String) {
        let learnt = self.learnt.clone();
        self.begin_with(system_prompt, learnt);
    }

    /// The agent learns something that belongs behind its system prompt, whatever that is.
    pub(super) fn inform(&mut self, text: &str) {
        let learnt = format!("{}\n{}", self.learnt, text.trim()).trim().to_owned();
        self.begin_with(self.settings.system_prompt.clone(), learnt);
    }

    /// Begins prompts with these instructions, and with what is to be said of the tools. False if that is too
    /// long.
    pub(super) fn begin_with(&mut self, system_prompt: String, learnt: String) -> bool {
        let prompt = format!("{}\n{learnt}", system_prompt.trim_end());
        let prompt = with_tools(&prompt, &self.tools());
        let reserved = if self.tools().are_idle() { 0 } else { self.settings.tool_tokens };
        let begun = self.history.instruct(&prompt, reserved);
        let fits = begun.is_ok();
        match begun {
            Ok(()) => {
                self.settings.system_prompt = system_prompt;
                self.learnt = learnt;
                // They were prepared with the prompt of before.
                self.roll_back();
                self.compaction = None;
            }
            Err(too_long) => self.actions.push_back(too_long),
        }
        fits
    }

    /// Another agent goes on. It knows all that was said, and what the other had learnt. What is being said
    /// is said to its end.
    pub(super) fn change_agent(&mut self, settings: Settings) {
        let tools = Arc::new(settings.tools.clone());
        let tools = std::mem::replace(&mut self.tool_calls.tools, tools);
        let before = std::mem::replace(&mut self.settings, settings);
        if !self.begin_with(self.settings.system_prompt.clone(), self.learnt.clone()) {
            (self.settings, self.tool_calls.tools) = (before, tools);
            return;
        }
        self.settings.tools = Tools::default();
        // Its models are asked in another order.
        self.models_switched();
    }

    /// The agent is to say a sentence: now if nobody speaks, or else when nobody does.
    pub(super) fn say_requested(&mut self, now: CallTime, text: String) {
        if self.to_say.len() >= MOST_TO_SAY {
            self.actions.push_back(Action::NotSaid { text });
            return;
        }
        self.to_say.push_back(text);
        self.wait_for_the_caller(now);
    }

    /// The client cleared its playback when the caller had heard no more than the first `lasting` of the
    /// reply: that is truer than the clock.
    pub(super) fn heard_no_more_than(&mut self, lasting: Duration) {
        if let Some(reply) = self.reply.as_mut().filter(|reply| reply.paused.is_some()) {
            reply.ledger.heard_no_more_than(lasting);
        }
    }
}
