//! What a conversation is set to: the part of the configuration that decides. Knows no defaults; those
//! are the configuration's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::barge_in::BargeInPolicy;
use super::turn_detection::endpoint::EndpointPolicy;
use crate::language::{ENGLISH, Language};
use crate::units::{as_millis, as_millis_or_none};

/// What the conversation is set to. Written down, its parts have the names of the configuration's keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The language that is spoken.
    #[serde(skip, default = "english")]
    pub language: &'static Language,
    /// Instructions and facts for the language model.
    pub system_prompt: String,
    /// What is said without the language model.
    pub phrases: Phrases,
    /// When the caller's turn is over.
    pub endpoint: EndpointPolicy,
    /// What stops the agent.
    pub barge_in: BargeInPolicy,
    /// How a caller is listened to.
    #[serde(rename = "stt")]
    pub listening: Listening,
    /// When an answer is prepared before it is known that the turn is over.
    pub speculation: SpeculationPolicy,
    /// What is done when nobody speaks, and how long a call may last.
    pub manners: Manners,
    /// When the caller's keys are a turn.
    pub keys: KeysPolicy,
    /// How long the first token may take.
    #[serde(rename = "first_token_timeout_ms", with = "as_millis")]
    pub first_token_timeout: Duration,
    /// How many language models can be asked: the one in use, and those that stand in for it.
    #[serde(default)]
    pub models: usize,
    /// The first token of an answer that is wanted must come within this, or the next of them is asked.
    #[serde(default, rename = "fallback_after_ms", with = "as_millis")]
    pub fallback_after: Duration,
    /// A reply of more words ends with the sentence that reaches this number.
    pub max_reply_words: usize,
    /// Tokens that the prompt of a turn may have, as the language model counts them.
    pub prompt_tokens: usize,
}

fn english() -> &'static Language {
    &ENGLISH
}

/// What is said without the language model; an empty phrase is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phrases {
    /// When the call begins.
    pub greeting: String,
    /// When an engine fails: an apology, and the request to say it again.
    pub fallback: String,
    /// When there was speech, but its words could not be made out.
    pub not_understood: String,
    /// When an answer is late.
    pub filler: String,
    /// When nobody speaks, one after the other.
    pub idle: Vec<String>,
    /// When nobody spoke after those either; the call ends with it.
    pub idle_goodbye: String,
    /// Some time before the longest call is over.
    pub length_warning: String,
    /// When it is over; the call ends with it.
    pub length_goodbye: String,
    /// With which words at its end an answer is the agent's goodbye: the call ends when it was heard.
    #[serde(default)]
    pub goodbyes: Vec<String>,
}

/// What is done for an answer before it is known that the turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationPolicy {
    /// It is prepared in a pause so often in one turn at most; 0 never.
    pub max_tries: u32,
    /// What the language model reads while the caller speaks.
    #[serde(default)]
    pub read_ahead: ReadAhead,
}

/// Which words of a caller who still speaks the language model reads, so that few are left at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadAhead {
    /// None.
    #[default]
    Off,
    /// Those on which looks agree.
    Stable,
    /// All that the newest look heard. Where the next one hears something else, it was read in vain.
    Newest,
}

/// When the caller's keys are a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysPolicy {
    /// After a key, so long is waited for another.
    #[serde(rename = "gap_ms", with = "as_millis")]
    pub gap: Duration,
    /// The key that ends a number at once, if there is one.
    pub end: Option<char>,
}

/// How a caller is listened to while they speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// From one look at the words to the next; `None` waits for a pause.
    #[serde(rename = "partial_ms", with = "as_millis_or_none")]
    pub partial_pace: Option<Duration>,
    /// After a pause, words before it are not looked at again once so much has been said since the last
    /// time.
    #[serde(rename = "commit_after_ms", with = "as_millis")]
    pub commit_after: Duration,
    /// The most that is transcribed in one piece.
    #[serde(rename = "max_piece_ms", with = "as_millis")]
    pub max_piece: Duration,
    /// The longest utterance.
    #[serde(rename = "max_utterance_ms", with = "as_millis")]
    pub max_utterance: Duration,
}

/// What is done when nobody speaks, and how long a call may last. `None` does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manners {
    /// The caller is silent for so long after the agent was heard: they are asked whether they are there.
    #[serde(rename = "idle_after_ms", with = "as_millis_or_none")]
    pub idle_after: Option<Duration>,
    /// An answer whose first sound comes later than this is preceded by the filler.
    #[serde(rename = "filler_after_ms", with = "as_millis_or_none")]
    pub filler_after: Option<Duration>,
    /// The longest call.
    #[serde(rename = "max_call_ms", with = "as_millis_or_none")]
    pub max_call: Option<Duration>,
    /// So long before its end the caller is warned.
    #[serde(rename = "warn_before_ms", with = "as_millis")]
    pub warn_before: Duration,
}
