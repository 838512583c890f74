//! The settings of a conversation: the part of the configuration that decides. Knows no defaults: they
//! belong to the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::barge_in::BargeInPolicy;
use super::chunker::Chunker;
use super::turn_detection::endpoint::EndpointPolicy;
use crate::dialogue::tools::Tools;
use crate::language::{ENGLISH, Language};
use crate::speakable::{Dictionary, spoken};
use crate::units::{as_millis, as_millis_or_none};

/// The settings of a conversation. Serialised, its parts have the names of the configuration's keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The language that is spoken.
    #[serde(skip, default = "english")]
    pub language: &'static Language,
    /// Instructions and facts for the language model.
    pub system_prompt: String,
    /// Phrases that are said without the language model.
    pub phrases: Phrases,
    /// When the caller's turn is over.
    pub endpoint: EndpointPolicy,
    /// When a sound of the caller stops the agent.
    pub barge_in: BargeInPolicy,
    /// How the caller's speech is transcribed.
    #[serde(rename = "stt")]
    pub listening: Listening,
    /// When an answer is prepared before the end of the turn is certain.
    pub speculation: SpeculationPolicy,
    /// What is done when nobody speaks, and how long a call may last.
    pub manners: Manners,
    /// When the caller's keys are a turn.
    pub keys: KeysPolicy,
    /// How long the first token, or the next one, may take.
    #[serde(rename = "first_token_timeout_ms", with = "as_millis")]
    pub first_token_timeout: Duration,
    /// The number of language models that can be asked: the one in use, and those that stand in for it.
    #[serde(default)]
    pub models: usize,
    /// How long the first token of a wanted answer may take before the next model is asked.
    #[serde(default, rename = "fallback_after_ms", with = "as_millis")]
    pub fallback_after: Duration,
    /// The number of words after which a reply ends with the current sentence.
    pub max_reply_words: usize,
    /// The limit of tokens in a turn's prompt, as the language model counts them.
    pub prompt_tokens: usize,
    /// How many of them belong to answers while these may call tools: arguments may be longer than what is
    /// spoken.
    #[serde(default)]
    pub tool_tokens: usize,
    /// The tools that the agent has from the beginning.
    #[serde(default, skip_serializing_if = "Tools::are_idle")]
    pub tools: Tools,
}

fn english() -> &'static Language {
    &ENGLISH
}

/// Phrases that are said without the language model. An empty phrase is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phrases {
    /// Before the greeting, whatever that is: who speaks, and that the call is recorded. It is spoken to its
    /// end.
    #[serde(default)]
    pub disclosure: String,
    /// When the call begins.
    pub greeting: String,
    /// When a turn cannot be answered, because an engine failed or was late: an apology, and the request to
    /// say it again.
    pub fallback: String,
    /// When there was speech, but its words could not be made out.
    pub not_understood: String,
    /// When an answer is late: in turn, and none twice in a row.
    #[serde(default, alias = "filler", deserialize_with = "one_or_more")]
    pub fillers: Vec<String>,
    /// When nobody speaks, one after the other.
    pub idle: Vec<String>,
    /// When nobody spoke after the idle prompts either; the call ends with it.
    pub idle_goodbye: String,
    /// Some time before the call reaches its longest duration.
    pub length_warning: String,
    /// When the call reaches its longest duration; the call ends with it.
    pub length_goodbye: String,
    /// When a turn cannot be answered, after one that could not be answered either; the fallback phrase if
    /// this is empty.
    #[serde(default)]
    pub hold: String,
    /// When turn after turn could not be answered; the call ends with it.
    #[serde(default)]
    pub give_up_goodbye: String,
    /// Words that make an answer ending with them the agent's goodbye: the call ends once it was heard.
    #[serde(default)]
    pub goodbyes: Vec<String>,
}

impl Phrases {
    /// The first words of a call: the disclosure, then the greeting.
    #[must_use]
    pub fn opening(&self) -> String {
        [self.disclosure.trim(), self.greeting.trim()].join(" ").trim().to_owned()
    }

    /// The texts that the voice gets when these phrases are said, in the order of their likelihood, so that
    /// their speech can be prepared.
    #[must_use]
    pub fn chunks(&self, language: &'static Language, dictionary: &Dictionary) -> Vec<String> {
        let opening = self.opening();
        let whole = [&opening, &self.fallback, &self.not_understood, &self.idle_goodbye];
        let rare = [&self.hold, &self.give_up_goodbye, &self.length_warning, &self.length_goodbye];
        let phrases = whole.into_iter().chain(&self.idle).chain(rare);
        let pieces = phrases.flat_map(|phrase| Chunker::new(language).all(phrase)).map(|piece| piece.text);
        // A filler is one chunk, whatever its length.
        let fillers = self.fillers.iter().filter(|filler| !filler.is_empty()).cloned();
        let mut chunks: Vec<String> = Vec::new();
        for chunk in pieces.chain(fillers) {
            let chunk = spoken(&chunk, &language.speech, dictionary).text;
            if !chunks.contains(&chunk) {
                chunks.push(chunk);
            }
        }
        chunks
    }
}

/// Traces of before there were several have one text.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}

/// The work on an answer before the end of the turn is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationPolicy {
    /// The limit of drafts in one turn, each begun in a pause; 0 turns drafts off.
    pub max_tries: u32,
    /// Which words are prefilled while the caller speaks.
    #[serde(default)]
    pub read_ahead: ReadAhead,
}

/// Which words of a caller who still speaks are prefilled, so that few are left at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadAhead {
    /// None.
    #[default]
    Off,
    /// The words on which partials agree.
    Stable,
    /// All words of the newest partial. Where the next partial differs, the prefill was in vain.
    Newest,
}

/// When the caller's keys are a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysPolicy {
    /// How long another key is awaited after a key.
    #[serde(rename = "gap_ms", with = "as_millis")]
    pub gap: Duration,
    /// The key that ends a number at once, if there is one.
    pub end: Option<char>,
}

/// How the caller's speech is transcribed while they speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Time from one partial to the next; `None` waits for a pause.
    #[serde(rename = "partial_ms", with = "as_millis_or_none")]
    pub partial_pace: Option<Duration>,
    /// How long the open part before a pause must be for its words to be committed. Committed words are not
    /// transcribed again.
    #[serde(rename = "commit_after_ms", with = "as_millis")]
    pub commit_after: Duration,
    /// The longest audio that is transcribed in one piece.
    #[serde(rename = "max_piece_ms", with = "as_millis")]
    pub max_piece: Duration,
    /// The longest utterance.
    #[serde(rename = "max_utterance_ms", with = "as_millis")]
    pub max_utterance: Duration,
}

/// What is done when nobody speaks, and how long a call may last. `None` does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manners {
    /// How long the caller may be silent after the agent was heard, before they are asked whether they are
    /// there.
    #[serde(rename = "idle_after_ms", with = "as_millis_or_none")]
    pub idle_after: Option<Duration>,
    /// An answer whose first sound comes later than this is preceded by the filler.
    #[serde(rename = "filler_after_ms", with = "as_millis_or_none")]
    pub filler_after: Option<Duration>,
    /// The longest duration of a call.
    #[serde(rename = "max_call_ms", with = "as_millis_or_none")]
    pub max_call: Option<Duration>,
    /// How long before the longest duration the caller is warned.
    #[serde(rename = "warn_before_ms", with = "as_millis")]
    pub warn_before: Duration,
    /// The agent gives up at this many turns in a row that could not be answered; 0 never gives up.
    #[serde(default)]
    pub give_up_after: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_prepared_in_the_chunks_in_which_they_are_said() {
        let phrases = Phrases {
            greeting: "Hello, this is Dr. Ray. How can I help?".into(),
            fallback: "Again, please.".into(),
            hold: "Please hold on.".into(),
            give_up_goodbye: "I cannot help. Goodbye.".into(),
            fillers: vec!["One moment. I look that up.".into()],
            idle: vec!["Are you there?".into(), "How can I help?".into()],
            ..Phrases::default()
        };
        let opening = ["Hello, this is Doctor Ray.", "How can I help?"];
        let others = ["Again, please.", "Are you there?", "Please hold on.", "I cannot help.", "Goodbye."];
        assert_eq!(
            phrases.chunks(&ENGLISH, &Dictionary::default()),
            [&opening[..], &others, &["One moment. I look that up."]].concat()
        );
    }
}
