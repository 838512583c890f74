//! What bridges the wait for an answer: a filler, be it the caller's words, the model or the voice that is
//! late. Must not know why it is late.

use std::time::Duration;

use super::answering::milestones;
use super::latency::Milestones;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::utterance::Utterance;
use super::{Action, Conversation};
use crate::ids::TurnId;
use crate::units::CallTime;

/// A text that has just gone to the voice gets this much time before a filler precedes it: a healthy voice
/// begins sooner.
const VOICE_BEGINS_WITHIN: Duration = Duration::from_millis(300);

impl Conversation {
    /// The caller waits for an answer from now on, if not for longer.
    pub(super) fn expect_filler(&mut self, now: CallTime) {
        let patience =
            self.settings.manners.filler_after.filter(|_| !self.settings.phrases.fillers.is_empty());
        let begins = !self.timers.is_set(Timer::FillerDue) && self.awaits_a_sound();
        if let Some(patience) = patience.filter(|_| begins) {
            self.timers.set(Timer::FillerDue, now + patience);
        }
    }

    /// A text has gone to the voice: its sound is a moment away, unless the voice is late, too.
    pub(super) fn filler_awaits_the_voice(&mut self, now: CallTime) {
        if let Some(due) = self.timers.at(Timer::FillerDue) {
            self.timers.set(Timer::FillerDue, due.max(now + VOICE_BEGINS_WITHIN));
        }
    }

    /// The answer is late: speaks a filler, so that the caller does not hear silence.
    pub(super) fn filler_due(&mut self, now: CallTime) {
        if !self.awaits_a_sound() || self.reply.as_ref().is_some_and(|reply| reply.paused.is_some()) {
            return;
        }
        let Some(text) = self.fillers.next(&self.settings.phrases.fillers).map(str::to_owned) else { return };
        self.begin_without_words(now);
        let Some(reply) = &mut self.reply else { return };
        let (turn, chunk) = (reply.turn, self.next_chunk);
        self.next_chunk = chunk.next();
        reply.ledger.fill(chunk, &text);
        self.actions.push_back(Action::Speak { turn, chunk, text, urgent: true });
        self.expect_the_voice(now);
    }

    /// True if the caller waits for a sound of the agent, and nothing that was said is on its way.
    fn awaits_a_sound(&self) -> bool {
        match (&self.reply, &self.utterance) {
            (Some(reply), _) => {
                let nothing_comes = reply.ledger.is_empty() || reply.ledger.awaits_first_sound_unfilled();
                reply.purpose == Purpose::Answer && !reply.fell_back && nothing_comes
            }
            (None, Some(utterance)) => !self.speaking && self.draft.is_none() && awaits_its_words(utterance),
            (None, None) => false,
        }
    }

    /// The caller's words are still awaited: begins the reply, which has no answer yet.
    fn begin_without_words(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.as_ref().filter(|_| self.reply.is_none()) else { return };
        let milestones = milestones(now, utterance);
        self.take_up(Purpose::Answer, "", milestones);
        if let Some(reply) = &mut self.reply {
            reply.awaits_words = true;
        }
    }

    /// The reply that is about to be spoken: a new one, or the one that began with a filler.
    pub(super) fn take_up(&mut self, purpose: Purpose, heard: &str, milestones: Milestones) -> TurnId {
        let begun = self.reply.take_if(|reply| reply.awaits_words);
        let turn = begun.as_ref().map_or_else(|| self.next_turn_id(purpose), |reply| reply.turn);
        let new = Reply::new(turn, purpose, heard, milestones, self.settings.language);
        self.reply = Some(match begun {
            None => new,
            Some(begun) => Reply { purpose, ..begun.with_words(heard, milestones) },
        });
        turn
    }

    /// There was nothing to answer after all: what was said of the filler is a phrase.
    pub(super) fn wait_in_vain(&mut self, now: CallTime) {
        let Some(reply) = self.reply.as_mut().filter(|reply| reply.awaits_words) else { return };
        reply.is_no_answer();
        reply.complete = true;
        self.resume(now);
        self.expect_playback(now);
        self.finish_if_over(now);
    }

    /// The reply, if it is one to words that are known.
    pub(super) fn reply_to_words(&self) -> Option<&Reply> {
        self.reply.as_ref().filter(|reply| !reply.awaits_words)
    }
}

/// True if somebody spoke and has stopped, but the words are not known. Noise is not answered.
fn awaits_its_words(utterance: &Utterance) -> bool {
    let somebody = utterance.lasted && !utterance.is_echo && !utterance.is_wordless();
    somebody && utterance.decided_at.is_some()
}
