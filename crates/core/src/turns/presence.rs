//! Whether a caller is there. Sound without words is nobody: hold music, a fan or a television go on for
//! hours, and the agent greets, asks and says goodbye as if there were silence. Must not know what the
//! agent says then.

use std::time::Duration;

use super::Conversation;
use super::timers::Timer;
use super::utterance::Utterance;
use crate::units::CallTime;

/// How long a sound lasts without a word before it counts as nobody. People say their first words sooner.
const WORDLESS: Duration = Duration::from_millis(2500);

/// Retry interval while no partial of the sound has come, so that it is not known what the sound is.
const NOT_KNOWN_YET: Duration = Duration::from_millis(500);

impl Conversation {
    /// A sound began: sets the deadline by which it should have words.
    pub(super) fn expect_words(&mut self, utterance_began: CallTime) {
        self.timers.set(Timer::WordsDue, utterance_began + WORDLESS);
    }

    /// The sound has lasted until its deadline, with words or without.
    pub(super) fn words_due(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.as_ref().filter(|utterance| utterance.paused_at.is_none())
        else {
            return;
        };
        if self.hears_only_noise(now) {
            // A reply that waited because of the noise begins.
            if self.reply.as_ref().is_some_and(|reply| !reply.sounded) {
                self.resume(now);
            }
            self.wait_for_the_caller(now);
        } else if utterance.looked_at.is_none() {
            self.timers.set(Timer::WordsDue, now + NOT_KNOWN_YET);
        }
    }

    /// A partial held words of the caller.
    pub(super) fn somebody_speaks(&mut self) {
        self.timers.cancel(Timer::IdleDue);
        self.the_caller_is_there();
    }

    /// True if nothing is heard, or only sound without words.
    pub(super) fn nobody_is_heard(&self, now: CallTime) -> bool {
        (self.utterance.is_none() && !self.speaking) || self.hears_only_noise(now)
    }

    fn hears_only_noise(&self, now: CallTime) -> bool {
        let is_noise = |utterance: &Utterance| {
            utterance.paused_at.is_none() && utterance.is_wordless() && utterance.began + WORDLESS <= now
        };
        self.utterance.as_ref().is_some_and(is_noise)
    }
}
