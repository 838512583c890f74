//! The caller's half of the conversation: from a sound to a turn that is answered. Must not know how
//! an answer is spoken.

use std::time::Duration;

use super::latency::Milestones;
use super::timers::Timer;
use super::utterance::{Kind, Utterance};
use super::{Action, Conversation, barge_in};
use crate::ids::UtteranceId;
use crate::units::CallTime;

/// After a transcript was asked for and the turn is over, it is given up after this time. The
/// longest utterance takes whisper's base.en 1.2 s with a full window on two cores.
const TRANSCRIPT_PATIENCE: Duration = Duration::from_secs(5);

impl Conversation {
    // While the caller speaks.

    pub(super) fn speech_started(&mut self, at: CallTime) {
        if self.utterance.is_some() {
            self.commit_what_was_said(at);
        } else {
            let id = self.next_utterance;
            self.next_utterance = id.next();
            self.utterance = Some(Utterance::new(id, at));
            self.actions.push_back(Action::OpenUtterance { utterance: id, from: at });
            self.timers.set(Timer::UtteranceCap, at + self.settings.listening.max_utterance);
        }
        if let Some(utterance) = &self.utterance {
            self.timers.set(Timer::PieceCap, utterance.open_from + self.settings.listening.max_piece);
        }
        self.timers.cancel(Timer::EndOfTurn);
        self.timers.cancel(Timer::TranscriptDue);
        self.look_again_after(at);
    }

    /// The caller goes on after a pause. If much was said before it, and its words are known, then they
    /// stand: every later look is at what is new.
    fn commit_what_was_said(&mut self, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        let long = utterance
            .paused_at
            .is_some_and(|paused| paused - utterance.open_from >= self.settings.listening.commit_after);
        if let Some((text, _)) = utterance.transcript.take().filter(|_| long && !utterance.awaits_piece()) {
            utterance.commit(&text, Some(at));
            self.actions.push_back(Action::CommitUtterance { utterance: utterance.id, from: at });
        }
        utterance.goes_on();
    }

    fn look_again_after(&mut self, last: CallTime) {
        if let Some(pace) = self.settings.listening.partial_pace {
            self.timers.set(Timer::PartialDue, last + pace);
        }
    }

    pub(super) fn look_at_the_words(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        if let Some(pass) = utterance.ask_for_partial(now) {
            self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass, partial: true });
        }
    }

    /// Whoever does not pause for so long that no recogniser can take it in one piece is cut in pieces.
    pub(super) fn cut_a_piece(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.paused_at.is_none()) else { return };
        if let Some(pass) = utterance.ask_for_piece() {
            utterance.open_from = now;
            self.actions.push_back(Action::TranscribePiece { utterance: utterance.id, pass });
        }
        self.timers.set(Timer::PieceCap, now + self.settings.listening.max_piece);
        self.look_again_after(now);
    }

    // When the caller pauses.

    pub(super) fn speech_ended(&mut self, now: CallTime, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.paused_at = Some(at);
        self.timers.cancel(Timer::PartialDue);
        self.timers.set(Timer::EndOfTurn, at + self.settings.endpoint.silence);
        if let Some(text) = utterance.already_heard(at) {
            return self.words_are_known(now, text);
        }
        let pass = utterance.ask_for_last();
        self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass, partial: false });
    }

    pub(super) fn transcribed(&mut self, now: CallTime, id: UtteranceId, pass: u32, text: Option<String>) {
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.id == id) else { return };
        match (utterance.arrived(pass), text) {
            // An answer to an older question is of no use: the caller has gone on since.
            (Kind::Stale, _) => {}
            (Kind::Partial(asked), text) => {
                if let Some(text) = text {
                    utterance.hear(&text, asked);
                    let (stable, unstable) = utterance.hearing();
                    self.actions.push_back(Action::Hearing { utterance: id, stable, unstable });
                }
                self.look_again_after(asked.max(now.back(self.half_a_look())));
            }
            (Kind::Piece, text) => {
                // Of a piece that failed nothing is known; what came before and after it still is.
                utterance.commit(&text.unwrap_or_default(), None);
                self.end_if_all_is_known(now);
            }
            (Kind::Last, Some(text)) => self.words_are_known(now, text),
            (Kind::Last, None) => {
                // The caller may yet go on, and the next transcription may work: only a turn that is over
                // is answered.
                utterance.failed = true;
                if utterance.decided_at.is_some() {
                    self.answer_with_fallback(now);
                }
            }
        }
    }

    /// A look that came late, or had to give way, is not followed by the next one at once.
    fn half_a_look(&self) -> Duration {
        self.settings.listening.partial_pace.unwrap_or_default() / 2
    }

    fn words_are_known(&mut self, now: CallTime, text: String) {
        let Some(utterance) = &mut self.utterance else { return };
        let Some(paused_at) = utterance.paused_at else { return };
        let silence = self.settings.endpoint.silence_after(&utterance.words(&text));
        utterance.transcript = Some((text, now));
        if utterance.decided_at.is_some() && silence <= self.settings.endpoint.silence {
            self.end_if_all_is_known(now);
        } else {
            utterance.decided_at = None;
            self.timers.cancel(Timer::TranscriptDue);
            self.timers.set(Timer::EndOfTurn, paused_at + silence);
        }
    }

    // When the turn is over.

    pub(super) fn end_of_silence(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.decided_at = Some(now);
        if utterance.failed {
            return self.answer_with_fallback(now);
        }
        self.timers.set(Timer::TranscriptDue, now + TRANSCRIPT_PATIENCE);
        self.end_if_all_is_known(now);
    }

    /// Whoever talks for ever is answered in the end: what was said until now is the turn.
    pub(super) fn cap_utterance(&mut self, now: CallTime) {
        let speaking = self.utterance.as_ref().is_some_and(|u| u.paused_at.is_none());
        if speaking {
            self.speech_ended(now, now);
            self.timers.set(Timer::EndOfTurn, now);
        }
    }

    pub(super) fn transcript_overdue(&mut self, now: CallTime) {
        self.answer_with_fallback(now);
    }

    fn end_if_all_is_known(&mut self, now: CallTime) {
        let known = |u: &mut Utterance| u.decided_at.is_some() && u.transcript.is_some() && !u.awaits_piece();
        if let Some(utterance) = self.utterance.take_if(known) {
            self.end_turn(now, utterance);
        }
    }

    fn end_turn(&mut self, now: CallTime, utterance: Utterance) {
        self.close(&utterance);
        let Some((last, known_at)) = &utterance.transcript else { return };
        let text = utterance.words(last);
        if text.is_empty() {
            return;
        }
        if self.reply.is_some() {
            if !barge_in::words_take_the_turn(&text) {
                return;
            }
            self.interrupt(now);
        }
        self.history.caller_said(&text);
        let milestones = Milestones {
            speech_end: utterance.paused_at,
            endpoint: utterance.decided_at.or(Some(now)),
            transcript: Some(*known_at),
            ..Milestones::default()
        };
        let turn = self.begin_reply(milestones);
        self.actions.push_back(Action::Generate { turn, messages: self.history.messages() });
        self.timers.set(Timer::FirstTokenDue, now + self.settings.first_token_timeout);
    }

    /// The words of the caller could not be had: the line must not fall silent. It is not while the
    /// agent speaks.
    fn answer_with_fallback(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.take() else { return };
        self.close(&utterance);
        if self.reply.is_some() {
            return;
        }
        let endpoint = utterance.decided_at.or(Some(now));
        let milestones = Milestones {
            speech_end: utterance.paused_at,
            endpoint,
            transcript: endpoint,
            ..Milestones::default()
        };
        self.begin_reply(milestones);
        self.speak_fallback();
    }

    fn close(&mut self, utterance: &Utterance) {
        self.actions.push_back(Action::CloseUtterance { utterance: utterance.id });
        for timer in
            [Timer::EndOfTurn, Timer::UtteranceCap, Timer::PartialDue, Timer::PieceCap, Timer::TranscriptDue]
        {
            self.timers.cancel(timer);
        }
    }
}
