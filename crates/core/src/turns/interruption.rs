//! The caller makes a sound while the agent speaks: pause, then confirm or resume. Must not know how
//! sounds become words.

use std::time::Duration;

use super::barge_in::Meaning;
use super::event::Farewell;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::utterance::Utterance;
use super::{Action, Conversation};
use crate::units::CallTime;

/// Time between partials while the agent pauses: the reply waits for the meaning of the words.
const LOOK_WHILE_PAUSED: Duration = Duration::from_millis(200);

/// Step by which the pause is extended while a transcript is awaited.
const WAIT_FOR_WORDS: Duration = Duration::from_millis(100);

impl Conversation {
    /// The caller's sound is long enough to be meant.
    pub(super) fn sound_lasted(&mut self, now: CallTime, level: f32, echo: Option<f32>) {
        if self.reply.as_ref().is_some_and(|reply| reply.awaits_words) {
            // The words before the filler are still awaited, and what is louder than its echo goes on with
            // them.
            if echo.is_none_or(|echo| level > echo) {
                self.interrupt(now);
            }
            return;
        }
        let Some(utterance) = &mut self.utterance else { return };
        // A sound no louder than the agent's own echo is taken for it, unless an earlier sound of the
        // utterance was louder.
        let is_echo = echo.is_some_and(|echo| level <= echo) && !utterance.lasted;
        utterance.lasted |= !is_echo;
        utterance.is_echo = is_echo;
        if !is_echo {
            self.pause(now);
        }
    }

    /// The caller began to make a sound. If nothing of the reply was heard yet, its first word waits until
    /// it is known what the sound is, so that the agent does not talk over the caller.
    pub(super) fn do_not_begin_over_the_caller(&mut self, now: CallTime) {
        let Some(reply) = self.reply.as_ref().filter(|reply| !reply.sounded) else { return };
        if reply.awaits_words {
            // The silence is over that the filler was to fill.
            self.interrupt(now);
        } else {
            self.pause(now);
        }
    }

    /// Stops sending and clears the gateway's playback buffer; the words that were cut may be said again.
    fn pause(&mut self, now: CallTime) {
        let settings = &self.settings;
        let Some(reply) = self.reply.as_mut().filter(|r| can_be_stopped(r, settings) && r.paused.is_none())
        else {
            return;
        };
        if reply.ledger.anything_queued() {
            reply.ledger.hold(now);
            // A gateway may return this mark because of the clear.
            reply.first_mark = None;
            // All was played, and only the mark was still on its way.
            if reply.is_over() {
                return self.finish_reply(now);
            }
            self.actions.push_back(Action::Pause);
        }
        reply.paused = Some(now);
        self.timers.cancel_all(&[Timer::PlaybackDue, Timer::FillerDue]);
        self.timers.set(Timer::ResumeDue, now + self.settings.barge_in.confirm_within);
        self.timers.set(Timer::PartialDue, now + LOOK_WHILE_PAUSED / 2);
    }

    /// Words were heard while the agent speaks or pauses. If the caller has `stopped`, no more will come.
    pub(super) fn weigh(&mut self, now: CallTime, text: &str, stopped: bool) {
        // The words before a filler are no interruption of it.
        let stoppable = self.reply_to_words().is_some_and(|reply| can_be_stopped(reply, &self.settings));
        if !stoppable || self.utterance.as_ref().is_some_and(|u| u.is_echo) {
            return;
        }
        if !text.is_empty() {
            self.the_caller_is_there();
        }
        match self.meaning_now(text) {
            Meaning::TakesTheTurn => self.interrupt(now),
            Meaning::Backchannel | Meaning::Nothing if stopped => self.resume(now),
            Meaning::Backchannel | Meaning::Nothing => {}
        }
    }

    /// The meaning of words said over the current reply. Any words take the turn before an answer is heard,
    /// and over a phrase (such as the question whether the caller is there) or a goodbye.
    pub(super) fn meaning_now(&self, text: &str) -> Meaning {
        let is_meant = |reply: &Reply| match reply.purpose {
            Purpose::Answer => !reply.sounded,
            Purpose::Phrase | Purpose::Goodbye(_) => true,
            Purpose::Greeting => false,
        };
        if !text.is_empty() && self.reply.as_ref().is_some_and(is_meant) {
            return Meaning::TakesTheTurn;
        }
        self.settings.barge_in.meaning(text)
    }

    /// The sound was no interruption: the reply goes on from the beginning of the word that was cut.
    pub(super) fn resume(&mut self, now: CallTime) {
        let Some(reply) = self.reply.as_mut().filter(|reply| reply.paused.is_some()) else { return };
        reply.paused = None;
        reply.hiccups += u32::from(reply.sounded);
        self.timers.cancel(Timer::ResumeDue);
        self.call_tools(now);
        self.send_what_is_due();
        self.expect_playback(now);
        self.expect_filler(now);
        self.finish_if_over(now);
    }

    /// No words came in time. A transcription that is under way is awaited, but not for ever.
    pub(super) fn resume_due(&mut self, now: CallTime) {
        let Some(since) = self.reply.as_ref().and_then(|reply| reply.paused) else { return };
        // A busy machine skips partials: until one has come, nothing is known.
        let unknown = |u: &Utterance| u.awaits_words() || u.looked_at.is_none_or(|looked| looked < since);
        let unheard = self.speaking && self.reply.as_ref().is_some_and(|reply| !reply.sounded);
        let awaited = self.utterance.as_ref().is_some_and(|u| unheard || unknown(u));
        let patience = self.settings.barge_in.confirm_within * if unheard { 4 } else { 2 };
        if awaited && now < since + patience {
            self.timers.set(Timer::ResumeDue, now + WAIT_FOR_WORDS);
        } else {
            self.resume(now);
        }
    }

    /// The time between partials, if they matter more than usual.
    pub(super) fn look_sooner(&self) -> Option<Duration> {
        self.reply.as_ref().and_then(|reply| reply.paused).map(|_| LOOK_WHILE_PAUSED)
    }

    /// The caller took the turn: nothing more of the reply is sent, and the history keeps the words that
    /// were heard of it.
    pub(super) fn interrupt(&mut self, now: CallTime) {
        let Some(mut reply) = self.reply.take() else { return };
        reply.is_no_answer();
        // What was not heard at all is said later.
        self.to_say.extend(reply.order.take().filter(|_| !reply.sounded));
        self.actions.push_back(Action::Cancel { turn: reply.turn });
        self.actions.push_back(Action::ClearPlayback);
        self.settle(now, &reply, true);
    }

    /// The client asked the agent to be quiet.
    pub(super) fn be_quiet(&mut self, now: CallTime) {
        let disclosing = self.reply.as_ref().is_some_and(|reply| reply.purpose == Purpose::Greeting)
            && !self.settings.phrases.disclosure.trim().is_empty();
        if !self.is_ending() && !disclosing {
            if let Some(reply) = &mut self.reply {
                reply.order = None;
            }
            self.interrupt(now);
            self.after(now, Purpose::Phrase);
        }
    }

    /// True if the current reply is spoken to its end, whatever the caller says.
    pub(super) fn is_protected(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !can_be_stopped(reply, &self.settings))
    }
}

fn can_be_stopped(reply: &Reply, settings: &super::Settings) -> bool {
    match reply.purpose {
        // What must be disclosed must be heard.
        Purpose::Greeting => {
            !settings.barge_in.protect_greeting && settings.phrases.disclosure.trim().is_empty()
        }
        Purpose::Answer | Purpose::Phrase => true,
        // A caller who was silent until now may still speak.
        Purpose::Goodbye(Farewell::NobodySpoke | Farewell::AllWasSaid) => true,
        Purpose::Goodbye(Farewell::LongestCall | Farewell::CannotAnswer) => false,
    }
}
