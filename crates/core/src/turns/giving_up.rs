//! A turn that cannot be answered, because an engine failed or was late: what the caller hears instead, and
//! when the agent gives the call up. Must not know how the caller is heard, nor which model was asked.

use std::time::Duration;

use super::event::{Awaited, Farewell};
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::{Action, Conversation};
use crate::units::CallTime;

/// How long the first sound of a text is awaited. On a busy machine it takes a second; a voice that takes
/// longer than this hangs, and its caller has heard nothing since they spoke.
const FIRST_SOUND_PATIENCE: Duration = Duration::from_secs(5);

/// An answer that is still being generated is given up when so many chunks of it were lost and none was
/// heard. One may be lost because of its script; what fails twice is the voice.
const LOST_CHUNKS: usize = 2;

impl Conversation {
    /// Nothing more of an answer comes: the caller hears a phrase instead. Its speech was prepared, so that
    /// it is there even if it is the voice that failed.
    pub(super) fn speak_fallback(&mut self, now: CallTime) {
        let Some(purpose) = self.reply.as_ref().map(|reply| reply.purpose) else { return };
        let (purpose, phrase) = match purpose {
            Purpose::Answer => self.apology(),
            // A greeting that cannot be spoken is no turn.
            Purpose::Greeting | Purpose::Phrase | Purpose::Goodbye(_) => {
                (purpose, self.settings.phrases.fallback.clone())
            }
        };
        let Some(reply) = &mut self.reply else { return };
        reply.purpose = purpose;
        reply.failed = true;
        reply.fell_back = true;
        reply.forget_the_text();
        let turn = reply.turn;
        let pieces = reply.take_all(&phrase);
        if self.is_ending() {
            self.take_keys();
            self.owed = None;
        }
        self.timers.cancel_all(&[Timer::TokenDue, Timer::StandInDue, Timer::FillerDue, Timer::VoiceDue]);
        // The silence of the caller begins anew after the phrase.
        self.quiet_since = None;
        self.speak(turn, pieces);
        self.expect_playback(now);
        self.finish_if_over(now);
    }

    /// Counts a turn that cannot be answered. Returns what is said instead, and what for.
    fn apology(&mut self) -> (Purpose, String) {
        self.unanswered = self.unanswered.saturating_add(1);
        let (phrases, most) = (&self.settings.phrases, self.settings.manners.give_up_after);
        if most > 0 && self.unanswered >= most {
            return (Purpose::Goodbye(Farewell::CannotAnswer), phrases.give_up_goodbye.clone());
        }
        // Who was asked to say it again, and did, is not asked for it for ever.
        let holds_on = self.unanswered > 1 && !phrases.hold.is_empty();
        let phrase = if holds_on { &phrases.hold } else { &phrases.fallback };
        (Purpose::Answer, phrase.clone())
    }

    /// A reply is over, of which `answer` was heard: an answer ends a row of turns without one.
    pub(super) fn count_what_was_answered(&mut self, reply: &Reply, answer: &str, interrupted: bool) {
        if reply.purpose != Purpose::Answer {
            return;
        }
        if reply.fell_back && interrupted && !reply.sounded {
            // The caller went on before the phrase was heard: the turn is not over, and counts once.
            self.unanswered = self.unanswered.saturating_sub(1);
        } else if !reply.failed && (!answer.is_empty() || reply.calls_tools()) {
            self.unanswered = 0;
        }
    }

    // The voice fails or is late.

    /// Sets the deadline for the first sound of a reply, once its text went to the voice.
    pub(super) fn expect_the_voice(&mut self, now: CallTime) {
        let awaited = self.reply.as_ref().is_some_and(|reply| reply.ledger.awaits_first_sound());
        if !awaited {
            self.timers.cancel(Timer::VoiceDue);
        } else if !self.timers.is_set(Timer::VoiceDue) {
            self.filler_awaits_the_voice(now);
            self.timers.set(Timer::VoiceDue, now + FIRST_SOUND_PATIENCE);
        }
    }

    pub(super) fn voice_due(&mut self, now: CallTime) {
        if self.reply.is_some() {
            self.actions.push_back(Action::TimedOut { on: Awaited::Voice });
            self.stop_the_voice(now);
        }
    }

    /// True if nothing of the reply was heard or will be, whatever the script of its text, and the fallback
    /// phrase was not tried yet.
    pub(super) fn cannot_be_spoken(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| {
            let enough = if reply.complete { 1 } else { LOST_CHUNKS };
            has_a_fallback(reply) && reply.ledger.lost_chunks() >= enough
        })
    }

    /// Nothing of the reply can be spoken: the caller must not be left in silence.
    pub(super) fn stop_the_voice(&mut self, now: CallTime) {
        let Some(reply) = &mut self.reply else { return };
        // An answer whose beginning is missing is none.
        reply.ledger.drop_unsent();
        reply.failed = true;
        let (turn, falls_back) = (reply.turn, has_a_fallback(reply));
        // The rest of the answer is of no use, and jobs that hang would keep the phrase waiting.
        self.actions.push_back(Action::Cancel { turn });
        if falls_back {
            self.speak_fallback(now);
        } else {
            self.expect_playback(now);
            self.finish_if_over(now);
        }
    }
}

/// True if the fallback phrase may take the place of this reply. It is tried once.
fn has_a_fallback(reply: &Reply) -> bool {
    matches!(reply.purpose, Purpose::Answer | Purpose::Greeting) && !reply.fell_back
}
