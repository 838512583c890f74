//! The latency waterfall of a turn, computed from the times of its events. Reads no clock: every time comes
//! with an event, so in a simulation the figures are exact.

use crate::report::{EndOfTurn, Hidden, Stages};
use crate::units::CallTime;

/// When the steps of one turn happened. Each is set once, by its first event.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Milestones {
    /// The last audible sound of the caller, on media time.
    pub speech_end: Option<CallTime>,
    /// The decision that the turn is over.
    pub endpoint: Option<CallTime>,
    /// The figures that the decision rests on.
    pub end_of_turn: Option<EndOfTurn>,
    /// The transcript was asked for (possibly before the decision).
    pub transcript_asked: Option<CallTime>,
    /// The transcript was there (possibly before the decision).
    pub transcript: Option<CallTime>,
    /// The answer was asked for (possibly before the decision).
    pub asked: Option<CallTime>,
    /// The first token of the reply.
    pub first_token: Option<CallTime>,
    /// The first chunk of the reply was synthesised.
    pub first_audio: Option<CallTime>,
    /// The first audible sample of the reply is played.
    pub first_frame: Option<CallTime>,
    /// The first chunk of the answer itself was synthesised; a filler may have preceded it.
    pub answer_audio: Option<CallTime>,
    /// The first audible sample of the answer itself is played.
    pub answer_frame: Option<CallTime>,
    /// When the mark after the first 20 ms of sound came back, and when it was expected if the way to the
    /// ear took no time. If that mark was lost, the mark after the first chunk counts.
    pub mark: Option<(CallTime, CallTime)>,
}

impl Milestones {
    /// The waterfall, if the turn came as far as a sound. A step that was done before the preceding step
    /// was over adds nothing.
    #[must_use]
    pub fn stages(&self) -> Option<Stages> {
        self.stages_to(self.first_audio?, self.first_frame?)
    }

    /// The waterfall of the answer itself, if another sound, a filler, came before it.
    #[must_use]
    pub fn answer_stages(&self) -> Option<Stages> {
        let (audio, frame) = (self.answer_audio?, self.answer_frame?);
        let filled = self.first_frame.is_some_and(|first| first < frame);
        if filled { self.stages_to(audio, frame) } else { None }
    }

    /// The waterfall up to the sound that was synthesised at `first_audio` and is played from `first_frame`
    /// on.
    fn stages_to(&self, first_audio: CallTime, first_frame: CallTime) -> Option<Stages> {
        let speech_end = self.speech_end?;
        // A filler may be heard before the words are known, and before it is decided that they end the turn:
        // until then, that was awaited.
        let endpoint = self.endpoint?.min(first_frame);
        let transcript = self.transcript?.min(first_audio).max(endpoint);
        // Speech that is not the model's (the fallback phrase, a filler) has no token of its own.
        let first_token =
            self.first_token.map_or(first_audio, |token| token.min(first_audio)).max(transcript);
        let first_audio = first_audio.max(first_token);
        Some(Stages {
            endpoint_ms: endpoint.millis_after(speech_end),
            stt_ms: transcript.millis_after(endpoint),
            llm_first_token_ms: first_token.millis_after(transcript),
            tts_first_audio_ms: first_audio.millis_after(first_token),
            first_frame_ms: first_frame.millis_after(first_audio),
        })
    }

    /// From the caller's last sound to the answer itself, in milliseconds: a filler is no answer.
    #[must_use]
    pub fn answer_ms(&self) -> Option<f64> {
        Some(self.answer_frame?.millis_after(self.speech_end?))
    }

    /// The work that was done before the decision.
    #[must_use]
    pub fn hidden(&self) -> Option<Hidden> {
        let endpoint = self.endpoint?;
        let before = |from: Option<CallTime>, to: Option<CallTime>| match (from, to) {
            (Some(from), Some(to)) => to.min(endpoint).millis_after(from.min(endpoint)).max(0.0),
            (None, _) | (_, None) => 0.0,
        };
        Some(Hidden {
            stt_ms: before(self.transcript_asked, self.transcript),
            llm_ms: before(self.asked, self.first_token),
            tts_ms: before(self.first_token, self.first_audio),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Option<CallTime> {
        Some(CallTime::from_millis(ms))
    }

    fn milestones() -> Milestones {
        Milestones {
            speech_end: at(1000),
            endpoint: at(1320),
            end_of_turn: None,
            transcript_asked: at(1120),
            transcript: at(1200),
            asked: at(1320),
            first_token: at(1340),
            first_audio: at(1375),
            first_frame: at(1380),
            answer_audio: at(1375),
            answer_frame: at(1380),
            mark: None,
        }
    }

    /// Complaint 7: the reported latency differs from a stopwatch, because it forgets the final silence.
    #[test]
    fn complaint_7_the_stages_add_up_to_what_the_caller_waited_with_the_silence() {
        let stages = milestones().stages().expect("complete");
        assert_eq!(stages.endpoint_ms, 320.0);
        assert_eq!(stages.stt_ms, 0.0);
        assert_eq!(stages.total_ms(), 380.0);
        let late =
            Milestones { transcript: at(1400), first_token: at(1410), first_audio: at(1410), ..milestones() };
        assert_eq!(late.stages().expect("complete").stt_ms, 80.0);
        assert_eq!(late.stages().expect("complete").total_ms(), 380.0);
    }

    #[test]
    fn what_was_done_before_the_decision_is_told_and_not_counted() {
        let ahead = Milestones {
            asked: at(1200),
            first_token: at(1220),
            first_audio: at(1250),
            first_frame: at(1322),
            ..milestones()
        };
        let stages = ahead.stages().expect("complete");
        assert_eq!((stages.endpoint_ms, stages.first_frame_ms, stages.total_ms()), (320.0, 2.0, 322.0));
        let hidden = ahead.hidden().expect("decided");
        assert_eq!((hidden.stt_ms, hidden.llm_ms, hidden.tts_ms), (80.0, 20.0, 30.0));
        assert_eq!(milestones().hidden().expect("decided").llm_ms, 0.0);
    }

    /// Fault C10: v2v counted to the filler, though seconds of silence followed it.
    #[test]
    fn a_filler_and_the_answer_behind_it_have_a_waterfall_each() {
        let filled = Milestones {
            first_token: at(2500),
            first_audio: at(1520),
            first_frame: at(1530),
            answer_audio: at(2600),
            answer_frame: at(2610),
            ..milestones()
        };
        assert_eq!(filled.stages().expect("complete").total_ms(), 530.0);
        let answer = filled.answer_stages().expect("a filler came first");
        assert_eq!((answer.llm_first_token_ms, answer.tts_first_audio_ms), (1180.0, 100.0));
        assert_eq!(Some(answer.total_ms()), filled.answer_ms());
        assert_eq!(milestones().answer_stages(), None);
    }
}
