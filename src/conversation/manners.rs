//! What the agent says of its own accord: greeting, prompts to a silent caller, the end of a call that
//! lasts too long; and what comes after a reply. Must not know how a turn is heard or answered.

use super::event::Farewell;
use super::reply::Purpose;
use super::timers::Timer;
use super::{Action, Conversation};
use crate::ids::ChunkId;
use crate::units::CallTime;

/// The caller is told so often in a row that they were not understood; then noise is only noise.
const MOST_NOT_UNDERSTOOD: u32 = 2;

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
        match self.settings.phrases.greeting.clone() {
            greeting if greeting.is_empty() => self.wait_for_the_caller(now),
            greeting => self.say(now, Purpose::Greeting, &greeting),
        }
    }

    /// What comes when a reply has been heard to its end.
    pub(super) fn after(&mut self, now: CallTime, purpose: Purpose) {
        match purpose {
            Purpose::Goodbye(why) => self.actions.push_back(Action::HangUp { why }),
            Purpose::Greeting | Purpose::Answer | Purpose::Phrase => {
                if let Some((milestones, text)) = self.owed.take() {
                    self.answer(now, milestones, &text);
                } else {
                    self.wait_for_the_caller(now);
                }
            }
        }
    }

    /// Nobody has anything to say: says what waited for that, or waits.
    pub(super) fn wait_for_the_caller(&mut self, now: CallTime) {
        if !self.is_quiet() {
            return;
        }
        if std::mem::take(&mut self.warn_of_the_end) {
            let warning = self.settings.phrases.length_warning.clone();
            return self.say(now, Purpose::Phrase, &warning);
        }
        if let Some(patience) = self.settings.manners.idle_after {
            self.timers.set(Timer::IdleDue, now + patience);
        }
    }

    pub(super) fn idle_due(&mut self, now: CallTime) {
        if !self.is_quiet() {
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

    /// The call has lasted as long as one may.
    pub(super) fn longest_call(&mut self, now: CallTime) {
        if self.is_ending() {
            return;
        }
        self.roll_back();
        self.interrupt(now);
        if let Some(utterance) = self.utterance.take() {
            self.close(&utterance);
        }
        let goodbye = self.settings.phrases.length_goodbye.clone();
        self.say(now, Purpose::Goodbye(Farewell::LongestCall), &goodbye);
    }

    /// The caller spoke, but it could not be made out: asks them, but does not go on about it.
    pub(super) fn ask_again(&mut self, now: CallTime) {
        let phrase = self.settings.phrases.not_understood.clone();
        if self.not_understood < MOST_NOT_UNDERSTOOD && !phrase.is_empty() {
            self.not_understood += 1;
            self.say(now, Purpose::Phrase, &phrase);
        } else {
            self.wait_for_the_caller(now);
        }
    }

    /// The agent says goodbye.
    pub(super) fn is_ending(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| matches!(reply.purpose, Purpose::Goodbye(_)))
    }

    fn is_quiet(&self) -> bool {
        let nobody = self.reply.is_none() && self.draft.is_none();
        nobody && self.utterance.is_none() && !self.speaking && self.keys.is_empty()
    }
}
