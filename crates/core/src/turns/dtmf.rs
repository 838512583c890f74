//! Keys that the caller presses: collected until the one that ends them, or until no more come, then a
//! turn like any other. Must not know how it is answered.

use super::Conversation;
use super::latency::Milestones;
use super::timers::Timer;
use crate::units::CallTime;

/// Longer than any number that is typed.
const MOST_KEYS: usize = 64;

impl Conversation {
    /// The caller pressed a key. That is always meant: the agent stops, but for what it says to its end.
    pub(super) fn key(&mut self, now: CallTime, key: char) {
        let ends = self.settings.keys.end == Some(key);
        if self.is_ending() || (ends && self.keys.is_empty()) {
            return;
        }
        self.roll_back();
        if !self.is_protected() {
            self.interrupt(now);
        }
        self.timers.cancel(Timer::IdleDue);
        if ends {
            return self.keys_over(now);
        }
        if self.keys.len() < MOST_KEYS {
            self.keys.push(key);
        }
        self.timers.set(Timer::KeysDue, now + self.settings.keys.gap);
    }

    /// No more keys come. If the caller is speaking too, they belong to what is being said.
    pub(super) fn keys_over(&mut self, now: CallTime) {
        self.timers.cancel(Timer::KeysDue);
        if self.utterance.is_some() || self.is_ending() {
            return;
        }
        let milestones = Milestones { endpoint: Some(now), transcript: Some(now), ..Milestones::default() };
        let protected = self.is_protected();
        let Some(text) = self.take_keys() else { return };
        if protected {
            self.owed = Some((milestones, text));
        } else {
            self.answer(now, milestones, &text);
        }
    }

    /// The keys as words, if there are any.
    pub(super) fn take_keys(&mut self) -> Option<String> {
        self.timers.cancel(Timer::KeysDue);
        let keys = std::mem::take(&mut self.keys);
        (!keys.is_empty()).then(|| self.settings.language.memory.pressed(&keys))
    }
}
