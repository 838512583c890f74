//! The waterfall of a turn, folded from the times at which things happened. Reads no clock: every
//! time comes with an event, so in a simulation the figures are exact.

use serde::{Deserialize, Serialize};

use crate::engine::Usage;
use crate::ids::TurnId;
use crate::units::CallTime;

/// When the steps of one turn happened. Each is set once, by the first that comes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Milestones {
    /// The last audible sound of the caller, on media time.
    pub speech_end: Option<CallTime>,
    /// The decision that the turn is over.
    pub endpoint: Option<CallTime>,
    /// What that rests on.
    pub end_of_turn: Option<EndOfTurn>,
    /// The transcript was asked for, and was there (possibly before the decision).
    pub transcript_asked: Option<CallTime>,
    /// The transcript was there.
    pub transcript: Option<CallTime>,
    /// The answer was asked for (possibly before the decision).
    pub asked: Option<CallTime>,
    /// The first token of the reply.
    pub first_token: Option<CallTime>,
    /// The first piece of the reply was synthesised.
    pub first_audio: Option<CallTime>,
    /// Its first audible sample is played.
    pub first_frame: Option<CallTime>,
    /// The first audible sample of the answer itself is played, which a filler may have preceded.
    pub answer_frame: Option<CallTime>,
    /// The mark behind the first 20 ms of sound came back, and when it was expected if the way to the ear
    /// took no time; that behind the first piece, if the other was lost.
    pub mark: Option<(CallTime, CallTime)>,
}

/// What the decision that a turn is over rests on. Scores are from 0 (the words go on for certain) to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct EndOfTurn {
    /// How complete the words are by the rules.
    pub rules: f32,
    /// The language model's probability that the turn ends with them, if it was known in time.
    pub model: Option<f32>,
    /// How complete they were taken to be.
    pub score: f32,
    /// The silence that this asked for, in milliseconds.
    pub wait_ms: f64,
}

/// What each stage added to the caller's waiting time, in milliseconds. They add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// From the last sound to the decision that the turn is over.
    pub endpoint_ms: f64,
    /// From the decision until the transcript was there; 0 if it was there before.
    pub stt_ms: f64,
    /// From there to the first token.
    pub llm_first_token_ms: f64,
    /// From the first token until the first piece was synthesised.
    pub tts_first_audio_ms: f64,
    /// From there until its first audible sample left.
    pub first_frame_ms: f64,
}

impl Stages {
    /// From the caller's last sound to the agent's first, as the server sees it.
    #[must_use]
    pub fn total_ms(&self) -> f64 {
        self.endpoint_ms
            + self.stt_ms
            + self.llm_first_token_ms
            + self.tts_first_audio_ms
            + self.first_frame_ms
    }
}

/// Work that was done in the silence before the decision, so that the caller did not wait for it: the
/// part of each stage that lies before it, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Hidden {
    /// From the request for the transcript to the transcript.
    pub stt_ms: f64,
    /// From the request for an answer to its first token.
    pub llm_ms: f64,
    /// From there to the first piece of speech.
    pub tts_ms: f64,
}

impl Milestones {
    /// The waterfall, if the turn came as far as a sound. A step that was done before the one in
    /// front of it was over adds nothing.
    #[must_use]
    pub fn stages(&self) -> Option<Stages> {
        let speech_end = self.speech_end?;
        let endpoint = self.endpoint?;
        let transcript = self.transcript?.max(endpoint);
        // What is not the model's (the fallback phrase, a filler) is heard without a token of its own.
        let first_audio = self.first_audio?;
        let first_token =
            self.first_token.map_or(first_audio, |token| token.min(first_audio)).max(transcript);
        let first_audio = first_audio.max(first_token);
        Some(Stages {
            endpoint_ms: endpoint.millis_after(speech_end),
            stt_ms: transcript.millis_after(endpoint),
            llm_first_token_ms: first_token.millis_after(transcript),
            tts_first_audio_ms: first_audio.millis_after(first_token),
            first_frame_ms: self.first_frame?.millis_after(first_audio),
        })
    }

    /// From the caller's last sound to the answer itself, in milliseconds: a filler is no answer.
    #[must_use]
    pub fn answer_ms(&self) -> Option<f64> {
        Some(self.answer_frame?.millis_after(self.speech_end?))
    }

    /// What was done before the decision.
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

/// Whether an answer was prepared before it was known that the turn was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speculation {
    /// It was not.
    #[default]
    Off,
    /// It was, and this is it.
    Used,
    /// It was, but the caller went on: this is another one.
    Wasted,
}

/// What is told about a turn when it is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnReport {
    /// Which; the greeting is 0.
    pub turn: TurnId,
    /// What the caller said, as the recogniser heard it.
    pub heard: String,
    /// What the agent said, as far as the caller heard it.
    pub reply: String,
    /// Where that ends is a guess, for the voice did not tell when its words end.
    pub heard_estimated: bool,
    /// The caller's last sound, on media time.
    pub speech_end: Option<CallTime>,
    /// The waterfall; absent for the greeting and for a turn that brought no sound.
    pub stages: Option<Stages>,
    /// From the caller's last sound to the first sound of the answer itself; more than the waterfall where a
    /// filler came first.
    #[serde(default)]
    pub answer_ms: Option<f64>,
    /// What does not show in it.
    pub hidden: Option<Hidden>,
    /// From the moment at which the first 20 ms should have been played to the return of the mark behind
    /// them: the way to the ear and back.
    pub mark_return_ms: Option<f64>,
    /// The caller cut in.
    pub interrupted: bool,
    /// Pauses for sounds that were no interruptions.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead.
    pub speculation: Speculation,
    /// The reply is the fallback phrase, because an engine failed.
    pub failed: bool,
    /// Why the turn was taken to be over; absent where no words of the caller decided that.
    #[serde(default)]
    pub end_of_turn: Option<EndOfTurn>,
    /// Which language model answered: 0 is the one in use, 1 the first that stands in for it.
    #[serde(default)]
    pub rung: usize,
    /// The answer's tokens; absent if it was not generated to its end.
    #[serde(default)]
    pub tokens: Option<Usage>,
}

/// What preparing answers ahead brought and cost, over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SpeculationCount {
    /// Answers begun before it was known that the turn was over.
    pub started: u32,
    /// Of these, those that were spoken.
    pub used: u32,
    /// And those that were thrown away.
    pub thrown_away: u32,
    /// Tokens of those.
    pub tokens_wasted: u32,
    /// Speech that was synthesised for those, in milliseconds.
    pub audio_wasted_ms: f64,
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
            answer_frame: at(1380),
            mark: None,
        }
    }

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
}
