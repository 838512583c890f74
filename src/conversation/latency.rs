//! The waterfall of a turn, folded from the times at which things happened. Reads no clock: every
//! time comes with an event, so in a simulation the figures are exact.

use crate::ids::TurnId;
use crate::units::CallTime;

/// When the steps of one turn happened. Each is set once, by the first that comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Milestones {
    /// The last audible sound of the caller, on media time.
    pub speech_end: Option<CallTime>,
    /// The decision that the turn is over.
    pub endpoint: Option<CallTime>,
    /// The transcript was there (possibly before the decision).
    pub transcript: Option<CallTime>,
    /// The first token of the reply.
    pub first_token: Option<CallTime>,
    /// The first piece of the reply was synthesised.
    pub first_audio: Option<CallTime>,
    /// Its first audible sample left.
    pub first_frame: Option<CallTime>,
}

/// What each stage added to the caller's waiting time, in milliseconds. They add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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

impl Milestones {
    /// The waterfall, if the turn came as far as a sound.
    #[must_use]
    pub fn stages(&self) -> Option<Stages> {
        let speech_end = self.speech_end?;
        let endpoint = self.endpoint?;
        let asked = self.transcript?.max(endpoint);
        // A reply that is not the model's (the fallback phrase) has no token of its own.
        let first_audio = self.first_audio?;
        let first_token = self.first_token.unwrap_or(first_audio);
        Some(Stages {
            endpoint_ms: endpoint.millis_after(speech_end),
            stt_ms: asked.millis_after(endpoint),
            llm_first_token_ms: first_token.millis_after(asked),
            tts_first_audio_ms: first_audio.millis_after(first_token),
            first_frame_ms: self.first_frame?.millis_after(first_audio),
        })
    }
}

/// What is told about a turn when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnReport {
    /// Which; the greeting is 0.
    pub turn: TurnId,
    /// What the caller said, as the recogniser heard it.
    pub heard: String,
    /// What the agent said, as far as the caller heard it.
    pub reply: String,
    /// The caller's last sound, on media time.
    pub speech_end: Option<CallTime>,
    /// The waterfall; absent for the greeting and for a turn that brought no sound.
    pub stages: Option<Stages>,
    /// The caller cut in.
    pub interrupted: bool,
    /// The reply is the fallback phrase, because an engine failed.
    pub failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_add_up_to_what_the_caller_waited() {
        let at = |ms| Some(CallTime::from_millis(ms));
        let milestones = Milestones {
            speech_end: at(1000),
            endpoint: at(1320),
            transcript: at(1200),
            first_token: at(1340),
            first_audio: at(1375),
            first_frame: at(1380),
        };
        let stages = milestones.stages().expect("complete");
        assert_eq!(stages.stt_ms, 0.0);
        assert_eq!(stages.total_ms(), 380.0);
        let late =
            Milestones { transcript: at(1400), first_token: at(1410), first_audio: at(1410), ..milestones };
        assert_eq!(late.stages().expect("complete").stt_ms, 80.0);
    }
}
