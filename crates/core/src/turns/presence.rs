//! Whether somebody is there. Sound alone is nobody: hold music, a fan or a television go on for hours, and the
//! agent greets, asks and says goodbye as if it were silent. Must not know what the agent says then.

use std::time::Duration;

use super::Conversation;
use super::timers::Timer;
use super::utterance::Utterance;
use crate::units::CallTime;

/// A sound that lasts so long without a word is nobody. People say their first words sooner.
const WORDLESS: Duration = Duration::from_millis(2500);

/// While no look at the sound has come, it is not known what it is; that is looked at so often.
const NOT_KNOWN_YET: Duration = Duration::from_millis(500);

impl Conversation {
    /// A sound began: when it should have had words.
    pub(super) fn expect_words(&mut self, utterance_began: CallTime) {
        self.timers.set(Timer::WordsDue, utterance_began + WORDLESS);
    }

    /// It has lasted, and there were words in it, or not.
    pub(super) fn words_due(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.as_ref().filter(|utterance| utterance.paused_at.is_none())
        else {
            return;
        };
        if self.hears_only_noise(now) {
            // What has not begun because of it begins.
            if self.reply.as_ref().is_some_and(|reply| !reply.sounded) {
                self.resume(now);
            }
            self.wait_for_the_caller(now);
        } else if utterance.looked_at.is_none() {
            self.timers.set(Timer::WordsDue, now + NOT_KNOWN_YET);
        }
    }

    /// There were words of the caller while nothing was said.
    pub(super) fn somebody_speaks(&mut self) {
        self.timers.cancel(Timer::IdleDue);
        self.the_caller_is_there();
    }

    /// True if nothing is heard, or nothing but sound.
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
