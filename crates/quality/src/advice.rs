//! What the operator of a server should change, in plain words, each with the measured figure that speaks for
//! it. Where nothing was measured, nothing is said, and nothing is said that cannot help: no threads where no
//! core is free, no further calls where those in progress are late. Must not know where the figures come
//! from.

mod figures;
mod load;
mod told;
mod turns;

use std::collections::BTreeSet;

pub use figures::{Figures, Latency, Losses, Set, Work};
pub use told::Advice;

/// The most that is advised at once: who reads more changes nothing.
pub const MOST: usize = 5;

/// The fewest turns whose figures say anything.
pub const ENOUGH_TURNS: u64 = 20;

/// All keys that an advice may name.
pub const KEYS: [&str; 19] = [
    "agent.max_reply_words",
    "audio.echo_guard",
    "barge_in.min_speech_ms",
    "endpoint.complete_ms",
    "endpoint.open_ms",
    "endpoint.unfinished_ms",
    "llm.cache_mb",
    "llm.context_tokens",
    "llm.model",
    "llm.threads",
    "log.level",
    "records.batch_events",
    "records.file",
    "server.max_calls",
    "speculation.max_tries",
    "stt.model",
    "stt.partial_ms",
    "stt.threads",
    "tts.voice",
];

type Rule = fn(&Figures) -> Option<Advice>;

/// What is lost or turned away is told at once.
const AT_ONCE: [Rule; 4] = [load::records, load::log_lines, load::refused_memory, load::refused_full];

/// All else needs some turns. The most important first.
const LATER: [Rule; 11] = [
    load::memory,
    load::overload,
    turns::rereading,
    turns::model,
    turns::voice,
    turns::recogniser,
    load::partials,
    turns::endpoint,
    turns::false_interruptions,
    turns::interruptions,
    turns::drafts,
];

/// What to change, the most important first, at most [`MOST`]. No key is named twice: where two rules ask for
/// the same one, the more important one speaks.
#[must_use]
pub fn advise(figures: &Figures) -> Vec<Advice> {
    let later: &[Rule] = if figures.turns >= ENOUGH_TURNS { &LATER } else { &[] };
    let mut named = BTreeSet::new();
    let spoken = AT_ONCE.iter().chain(later).filter_map(|rule| rule(figures));
    spoken.filter(|advice| named.insert(advice.key)).take(MOST).collect()
}
