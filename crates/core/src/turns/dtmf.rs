//! Keys that the caller presses: collected until the end key, or until no more come, then a turn like any
//! other. Must not know how that turn is answered.

use super::Conversation;
use super::latency::Milestones;
use super::timers::Timer;
use crate::units::CallTime;

/// At most this many keys make a turn: more than any number that callers type.
const MOST_KEYS: usize = 64;

impl Conversation {
    /// The caller pressed a key. A key is always meant: the agent stops, unless its reply is protected.
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

    /// No more keys come. If the caller is speaking too, the keys belong to that utterance.
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
            self.the_caller_cancels_tools();
            let owed = self.owed.take().map(|(_, owed)| owed).unwrap_or_default();
            self.answer(now, milestones, format!("{owed} {text}").trim());
        }
    }

    /// Takes the collected keys, as words, if there are any.
    pub(super) fn take_keys(&mut self) -> Option<String> {
        self.timers.cancel(Timer::KeysDue);
        let keys = std::mem::take(&mut self.keys);
        (!keys.is_empty()).then(|| self.settings.language.memory.pressed(&keys))
    }
}
