//! Phrases that the agent says of its own accord: the greeting, prompts to a silent caller, the end of a
//! call that lasts too long. Also what follows a reply. Must not know how a turn is heard or answered.

use std::time::Duration;

use super::event::Farewell;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::{Action, Conversation};
use crate::ids::ChunkId;
use crate::language::words::plain_words;
use crate::units::CallTime;

/// How many times in a row the agent says that it did not understand; after that, noise is only noise.
const MOST_NOT_UNDERSTOOD: u32 = 2;

/// A tool that takes longer is not waited for.
const LONGEST_LOOK_UP: Duration = Duration::from_secs(60);

impl Conversation {
    pub(super) fn call_started(&mut self, now: CallTime) {
        // A second start changes nothing.
        if self.next_chunk != ChunkId(1) || self.reply.is_some() {
            return;
        }
        let manners = self.settings.manners;
        if let Some(longest) = manners.max_call {
            self.timers.set(Timer::LongestCall, now + longest);
            if !self.settings.phrases.length_warning.is_empty() {
                self.timers.set(Timer::LengthWarning, now + longest.saturating_sub(manners.warn_before));
            }
        }
        match self.settings.phrases.opening() {
            opening if opening.is_empty() => self.wait_for_the_caller(now),
            opening => self.say(now, Purpose::Greeting, &opening),
        }
    }

    /// True if `reply`, heard to its end, is the agent's goodbye, and the caller says nothing.
    pub(super) fn was_a_goodbye(&self, now: CallTime, reply: &Reply) -> bool {
        let heard = reply.ledger.heard(now).answer;
        let nobody_speaks = self.nobody_is_heard(now) && self.keys.is_empty();
        let last = heard.split_inclusive(['.', '!', '?']).rfind(|sentence| !sentence.trim().is_empty());
        let last = last.filter(|sentence| !sentence.trim_end().ends_with('?')).unwrap_or_default();
        let last = format!(" {}", plain_words(last).join(" "));
        let ends_with = |goodbye: &String| last.ends_with(&format!(" {goodbye}"));
        reply.purpose == Purpose::Answer
            && !reply.failed
            && !reply.calls_tools()
            && self.all_is_told()
            && nobody_speaks
            && self.settings.phrases.goodbyes.iter().any(ends_with)
    }

    /// What follows a reply that was heard to its end.
    pub(super) fn after(&mut self, now: CallTime, purpose: Purpose) {
        match purpose {
            Purpose::Goodbye(why) => self.actions.push_back(Action::HangUp { why }),
            Purpose::Greeting | Purpose::Answer | Purpose::Phrase => {
                // A caller who is speaking gets one answer to everything at the end of their turn.
                let nobody = self.nobody_is_heard(now);
                let owed = self.owed.take_if(|_| nobody);
                // What tools have brought may have been answered with something else meanwhile.
                let owed = owed.filter(|(_, text)| !text.is_empty() || self.awaits_an_answer());
                if let Some((milestones, text)) = owed {
                    self.answer(now, milestones, &text);
                } else {
                    self.wait_for_the_caller(now);
                }
            }
        }
    }

    /// If nobody speaks: says the warning that waited for silence, or waits for the caller.
    pub(super) fn wait_for_the_caller(&mut self, now: CallTime) {
        if !self.is_quiet(now) {
            return;
        }
        if std::mem::take(&mut self.warn_of_the_end) {
            let warning = self.settings.phrases.length_warning.clone();
            return self.say(now, Purpose::Phrase, &warning);
        }
        if let Some(text) = self.to_say.pop_front() {
            self.say(now, Purpose::Phrase, &text);
            if let Some(reply) = &mut self.reply {
                reply.order = Some(text);
            }
            return;
        }
        self.expect_tools(now);
        // Noise without words does not restart the silence.
        let since = *self.quiet_since.get_or_insert(now);
        if let Some(patience) = self.settings.manners.idle_after {
            // Who waits for what the agent looks up is not asked whether they are there.
            let looks_up = self.tool_calls.are_under_way();
            let patience = if looks_up { patience.max(LONGEST_LOOK_UP) } else { patience };
            self.timers.set(Timer::IdleDue, now.max(since + patience));
        }
    }

    pub(super) fn idle_due(&mut self, now: CallTime) {
        if !self.is_quiet(now) {
            return;
        }
        if let Some(prompt) = self.settings.phrases.idle.get(self.idle_prompts).cloned() {
            self.idle_prompts += 1;
            self.say(now, Purpose::Phrase, &prompt);
        } else {
            let goodbye = self.settings.phrases.idle_goodbye.clone();
            self.say(now, Purpose::Goodbye(Farewell::NobodySpoke), &goodbye);
        }
    }

    pub(super) fn length_warning(&mut self, now: CallTime) {
        self.warn_of_the_end = true;
        self.wait_for_the_caller(now);
    }

    /// The call has reached its longest duration: ends it with a goodbye.
    pub(super) fn longest_call(&mut self, now: CallTime) {
        if self.is_ending() {
            return;
        }
        self.timers.cancel(Timer::LengthWarning);
        self.roll_back();
        self.interrupt(now);
        self.take_keys();
        self.owed = None;
        if let Some(utterance) = self.utterance.take() {
            self.close(&utterance);
        }
        let goodbye = self.settings.phrases.length_goodbye.clone();
        self.say(now, Purpose::Goodbye(Farewell::LongestCall), &goodbye);
    }

    /// The caller spoke, but the words could not be made out: asks for them again.
    pub(super) fn ask_again(&mut self, now: CallTime) {
        self.not_understood += 1;
        self.promised = None;
        let phrase = self.settings.phrases.not_understood.clone();
        self.say(now, Purpose::Phrase, &phrase);
    }

    /// True if the agent may ask once more: it does not insist.
    pub(super) fn may_ask_again(&self) -> bool {
        self.not_understood < MOST_NOT_UNDERSTOOD && !self.settings.phrases.not_understood.is_empty()
    }

    /// The caller said a word.
    pub(super) fn the_caller_is_there(&mut self) {
        self.idle_prompts = 0;
        self.quiet_since = None;
    }

    /// True if the agent says a goodbye that ends the call, whatever the caller says.
    pub(super) fn is_ending(&self) -> bool {
        let last = |reply: &Reply| match reply.purpose {
            Purpose::Goodbye(Farewell::LongestCall | Farewell::CannotAnswer) => true,
            Purpose::Goodbye(Farewell::NobodySpoke | Farewell::AllWasSaid)
            | Purpose::Greeting
            | Purpose::Answer
            | Purpose::Phrase => false,
        };
        self.reply.as_ref().is_some_and(last)
    }

    pub(super) fn is_quiet(&self, now: CallTime) -> bool {
        let agent_is_silent = self.reply.is_none() && self.draft.is_none();
        agent_is_silent && self.nobody_is_heard(now) && self.keys.is_empty()
    }
}
