//! The keys of turn-taking and manners, with their defaults and limits. Knows no engine.

use std::time::Duration;

use super::persona::Persona;
use super::toml_reader::Reader;
use super::{BargeIn, Config};
use crate::language::ENGLISH;
use crate::language::words::plain_words;
use crate::turns::turn_detection::endpoint::PHONE_NUMBERS;
use crate::turns::{BargeInPolicy, EndpointPolicy, KeysPolicy, Manners, ReadAhead, SpeculationPolicy};

/// The most number lengths: more would say nothing.
const MOST_LENGTHS: usize = 10;

pub(super) fn endpoint(r: &mut Reader) -> EndpointPolicy {
    EndpointPolicy {
        complete: r.millis("endpoint.complete_ms", 250, 100..=5000),
        open: r.millis("endpoint.open_ms", 500, 100..=5000),
        unfinished: r.millis("endpoint.unfinished_ms", 1500, 100..=10_000),
        longest: r.millis("endpoint.longest_ms", 2000, 100..=10_000),
        model_threshold: r.number("endpoint.model_threshold", 0.02, 0.0001..=0.9999) as f32,
        model_weight: r.number("endpoint.model_weight", 0.7, 0.0..=1.0) as f32,
        number_lengths: number_lengths(r),
    }
}

fn number_lengths(r: &mut Reader) -> Vec<usize> {
    let key = "endpoint.number_lengths";
    let lengths = r.integers(key, &PHONE_NUMBERS.map(|length| length as u64), 3..=20);
    if lengths.len() > MOST_LENGTHS || !lengths.is_sorted_by(|a, b| a < b) {
        let allowed = format!("at most {MOST_LENGTHS} lengths, each once and the smallest first");
        r.refuse(key, format!("{lengths:?}"), allowed);
    }
    lengths.into_iter().map(|length| length as usize).collect()
}

/// Phrases as they are compared: words in lower case, without punctuation.
pub(super) fn plain_phrases(phrases: Vec<String>) -> Vec<String> {
    phrases.iter().map(|phrase| plain_words(phrase).join(" ")).filter(|phrase| !phrase.is_empty()).collect()
}

pub(super) fn barge_in(r: &mut Reader) -> BargeIn {
    let loss = r.number("barge_in.echo_loss_db", 0.0, 0.0..=90.0) as f32;
    BargeIn {
        min_speech: r.millis("barge_in.min_speech_ms", 160, 40..=2000),
        policy: BargeInPolicy {
            min_words: r.integer("barge_in.min_words", 1, 1..=10) as usize,
            at_once: plain_phrases(r.texts("barge_in.at_once", ENGLISH.overlap.at_once)),
            backchannels: plain_phrases(r.texts("barge_in.backchannels", ENGLISH.overlap.backchannels)),
            confirm_within: r.millis("barge_in.confirm_ms", 800, 100..=5000),
            protect_greeting: r.switch("barge_in.protect_greeting", false),
        },
        echo_loss_db: Some(loss).filter(|loss| *loss > 0.0),
    }
}

pub(super) fn speculation(r: &mut Reader) -> SpeculationPolicy {
    let read_ahead = r.text("speculation.read_ahead", "newest", |value| {
        (!["off", "stable", "newest"].contains(&value))
            .then(|| "\"off\", \"stable\" or \"newest\"".to_owned())
    });
    SpeculationPolicy {
        max_tries: r.integer("speculation.max_tries", 2, 0..=10) as u32,
        read_ahead: match read_ahead.as_str() {
            "off" => ReadAhead::Off,
            "stable" => ReadAhead::Stable,
            _ => ReadAhead::Newest,
        },
    }
}

pub(super) fn manners(r: &mut Reader) -> Manners {
    let on = |duration: Duration| Some(duration).filter(|duration| !duration.is_zero());
    Manners {
        idle_after: on(r.millis("manners.idle_after_ms", 10_000, 0..=600_000)),
        filler_after: on(r.millis("manners.filler_after_ms", 700, 0..=60_000)),
        max_call: on(r.millis("manners.max_call_ms", 1_800_000, 0..=86_400_000)),
        warn_before: r.millis("manners.warn_before_ms", 60_000, 0..=3_600_000),
        give_up_after: r.integer("manners.give_up_after", 3, 0..=100) as u32,
    }
}

pub(super) fn keys(r: &mut Reader) -> KeysPolicy {
    let end = r.text("keys.end", "#", |end| {
        let key = end.len() <= 1 && end.chars().all(|c| "0123456789*#ABCD".contains(c));
        (!key).then(|| "a key (\"#\", \"*\", …), or \"\" for none".to_owned())
    });
    KeysPolicy { gap: r.millis("keys.gap_ms", 2500, 200..=30_000), end: end.chars().next() }
}

/// Checks of keys against each other.
pub(super) fn check_together(r: &mut Reader, c: &Config) {
    check_persona(r, &c.persona());
    let mut apis = c.lines.taken.values().filter_map(|line| line.api.as_ref());
    if !c.agent.opening_keys.is_empty() && !apis.any(|api| api.account.presses_keys()) {
        let allowed =
            "\"\", or also an account of Telnyx, Plivo or Vonage, whose API presses them".to_owned();
        r.refuse("agent.opening_keys", format!("\"{}\"", c.agent.opening_keys), allowed);
    }
}

/// Checks of the keys of one agent against each other.
pub(super) fn check_persona(r: &mut Reader, c: &Persona) {
    if let Some(longest) = c.manners.max_call.filter(|longest| c.manners.warn_before >= *longest) {
        let allowed = format!("less than manners.max_call_ms, {}", longest.as_millis());
        r.refuse("manners.warn_before_ms", c.manners.warn_before.as_millis().to_string(), allowed);
    }
    let order = [
        ("vad.stop_ms", c.vad.stop),
        ("endpoint.complete_ms", c.endpoint.complete),
        ("endpoint.open_ms", c.endpoint.open),
        ("endpoint.unfinished_ms", c.endpoint.unfinished),
        ("endpoint.longest_ms", c.endpoint.longest),
    ];
    for pair in order.windows(2) {
        let [(least_key, least), (key, value)] = pair else { continue };
        if value < least {
            r.refuse(
                key,
                value.as_millis().to_string(),
                format!("at least {least_key}, {}", least.as_millis()),
            );
        }
    }
}
