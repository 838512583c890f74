//! The figures that an advice rests on, as they were measured, and the settings on which it depends whether a
//! change can help. Must not know what follows from them.

use std::collections::BTreeMap;

/// What was measured, since the start of the server or over any other time. What is 0 or absent was not
/// measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// The time over which all of this was measured.
    pub uptime_s: f64,
    /// Turns that were answered.
    pub turns: u64,
    /// The most calls that were in progress at once.
    pub most_calls: usize,
    /// The latency of 95 of 100 turns.
    pub p95: Latency,
    /// The share of turns with a filler.
    pub fillers: f64,
    /// The share of turns in which the caller cut the agent off.
    pub interruptions: f64,
    /// False interruptions: pauses for sounds that did not take the turn.
    pub false_interruptions: u64,
    /// Drafts that were spoken.
    pub drafts_used: u64,
    /// Drafts that were thrown away.
    pub drafts_wasted: u64,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Those of them that did not have to be read again.
    pub reused_tokens: u64,
    /// The cores that the server may use.
    pub cores: usize,
    /// The share of them that was in use, from 0 to 1.
    pub busy: f64,
    /// What each kind of work had of the cores, by the arbiter's names: `transcript`, `partial`, `decode` …
    pub work: BTreeMap<String, Work>,
    /// Seconds of a core for a second of audio, in speech to text.
    pub stt_real_time: f64,
    /// Seconds of a core for a second of speech, in the voice.
    pub tts_real_time: f64,
    /// Memory that the machine has left, in bytes.
    pub free_memory: u64,
    /// Memory that the server takes, in bytes.
    pub resident: u64,
    /// What was lost or turned away.
    pub losses: Losses,
    /// Settings of now, as far as they decide whether a change can help.
    pub set: Set,
}

/// The latency of 95 of 100 turns, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Latency {
    /// From the caller's last sound to the agent's first.
    pub v2v_ms: f64,
    /// From the last sound to the decision that the turn is over.
    pub endpoint_ms: f64,
    /// From the decision to the transcript.
    pub stt_ms: f64,
    /// From the transcript to the first token.
    pub llm_first_token_ms: f64,
    /// From the first token to the first speech.
    pub tts_first_audio_ms: f64,
    /// From the first speech until it plays.
    pub first_frame_ms: f64,
}

/// What a kind of work had of the cores.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// How often it got cores.
    pub jobs: u64,
    /// How long it waited for them, in all.
    pub waited_ms: f64,
    /// How long it held them, in all.
    pub held_ms: f64,
    /// How often it got none, or was broken off.
    pub dropped: u64,
}

/// What was lost or turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Events for the records that were dropped because too many waited.
    pub records_dropped: u64,
    /// Events for the records that were dropped because they could not be written.
    pub records_lost: u64,
    /// Lines of the log that its reader did not take in time.
    pub log_lines: u64,
    /// Calls refused because the greatest number of calls was in progress.
    pub refused_full: u64,
    /// Calls refused because the language model's memory was taken.
    pub refused_memory: u64,
}

/// Settings of now. Where one is not known, the advice that depends on it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Set {
    /// `stt.threads`.
    pub stt_threads: Option<usize>,
    /// `llm.threads`.
    pub llm_threads: Option<usize>,
    /// `llm.context_tokens`.
    pub context_tokens: Option<u64>,
    /// `audio.echo_guard`.
    pub echo_guard: Option<bool>,
    /// `endpoint.complete_ms`.
    pub complete_ms: Option<u64>,
    /// `endpoint.open_ms`.
    pub open_ms: Option<u64>,
    /// `endpoint.unfinished_ms`.
    pub unfinished_ms: Option<u64>,
    /// `speculation.max_tries`.
    pub max_tries: Option<u32>,
}
