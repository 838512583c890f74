//! What a call cost: tokens, audio, time of cores. Must not know how it is measured.

use serde::{Deserialize, Serialize};

/// The tokens of a call's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenCount {
    /// Tokens of all prompts.
    pub prompt: u64,
    /// Those of them that were known from before, and not computed again.
    pub reused: u64,
    /// Generated tokens.
    pub generated: u64,
}

/// The cost of a call and its audio.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Consumption {
    /// The tokens of its answers.
    pub tokens: TokenCount,
    /// Audio that came from the caller, in seconds.
    pub caller_audio_s: f64,
    /// Audio of the agent that was sent, in seconds, with the pauses between its sentences.
    pub agent_audio_s: f64,
    /// Seconds of one core: engines held cores for so long, in equal shares, and its own task worked.
    pub cpu_s: f64,
}
