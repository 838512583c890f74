//! The caller's half of the conversation: from a sound to a turn that is answered. Must not know how
//! an answer is spoken.

use std::time::Duration;

use super::latency::Milestones;
use super::timers::Timer;
use super::{Action, Conversation, barge_in};
use crate::ids::UtteranceId;
use crate::units::CallTime;

/// After a transcript was asked for and the turn is over, it is given up after this time. The
/// longest utterance takes whisper's base.en 1.2 s with a full window on two cores.
const TRANSCRIPT_PATIENCE: Duration = Duration::from_secs(5);

/// What the caller is saying, or has said and is not yet answered.
#[derive(Debug)]
pub(super) struct Utterance {
    id: UtteranceId,
    /// The last audible sound, once the caller paused.
    paused_at: Option<CallTime>,
    /// Transcriptions asked for; only the answer to the last one counts.
    pass: u32,
    /// What the last one said, and when that was known.
    transcript: Option<(String, CallTime)>,
    /// The last one failed.
    failed: bool,
    /// The silence is over, and only the transcript is waited for.
    decided_at: Option<CallTime>,
}

impl Conversation {
    pub(super) fn speech_started(&mut self, at: CallTime) {
        if let Some(utterance) = &mut self.utterance {
            utterance.paused_at = None;
            utterance.decided_at = None;
            utterance.transcript = None;
            utterance.failed = false;
        } else {
            let id = self.next_utterance;
            self.next_utterance = id.next();
            self.utterance = Some(Utterance {
                id,
                paused_at: None,
                pass: 0,
                transcript: None,
                failed: false,
                decided_at: None,
            });
            self.actions.push_back(Action::OpenUtterance { utterance: id, from: at });
            self.timers.set(Timer::UtteranceCap, at + self.settings.max_utterance);
        }
        self.timers.cancel(Timer::EndOfTurn);
        self.timers.cancel(Timer::TranscriptDue);
    }

    pub(super) fn speech_ended(&mut self, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.paused_at = Some(at);
        utterance.pass += 1;
        utterance.transcript = None;
        utterance.failed = false;
        self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass: utterance.pass });
        self.timers.set(Timer::EndOfTurn, at + self.settings.endpoint.silence);
    }

    pub(super) fn transcribed(&mut self, now: CallTime, id: UtteranceId, pass: u32, text: Option<String>) {
        // An answer to an older question is of no use: the caller has gone on since.
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.id == id && u.pass == pass) else {
            return;
        };
        let Some(paused_at) = utterance.paused_at else { return };
        let Some(text) = text else {
            // The caller may yet go on, and the next transcription may work: only a turn that is over
            // is answered.
            utterance.failed = true;
            if utterance.decided_at.is_some() {
                self.answer_with_fallback(now);
            }
            return;
        };
        let silence = self.settings.endpoint.silence_after(&text);
        utterance.transcript = Some((text, now));
        self.timers.cancel(Timer::TranscriptDue);
        if utterance.decided_at.is_some() && silence <= self.settings.endpoint.silence {
            self.end_turn(now);
        } else {
            utterance.decided_at = None;
            self.timers.set(Timer::EndOfTurn, paused_at + silence);
        }
    }

    pub(super) fn end_of_silence(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.decided_at = Some(now);
        if utterance.failed {
            self.answer_with_fallback(now);
        } else if utterance.transcript.is_some() {
            self.end_turn(now);
        } else {
            self.timers.set(Timer::TranscriptDue, now + TRANSCRIPT_PATIENCE);
        }
    }

    /// Whoever never pauses is answered in the end: what was said until now is the turn.
    pub(super) fn cap_utterance(&mut self, now: CallTime) {
        let speaking = self.utterance.as_ref().is_some_and(|u| u.paused_at.is_none());
        if speaking {
            self.speech_ended(now);
            self.timers.set(Timer::EndOfTurn, now);
        }
    }

    pub(super) fn transcript_overdue(&mut self, now: CallTime) {
        self.answer_with_fallback(now);
    }

    fn end_turn(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.take() else { return };
        self.close(&utterance);
        let Some((text, known_at)) = utterance.transcript.filter(|(text, _)| !text.trim().is_empty()) else {
            return;
        };
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
            transcript: Some(known_at),
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
        self.timers.cancel(Timer::EndOfTurn);
        self.timers.cancel(Timer::UtteranceCap);
        self.timers.cancel(Timer::TranscriptDue);
    }
}
