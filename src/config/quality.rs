//! `[quality]`: how slow answers may become, and what is left out before that; `debug.faults`. Must not know
//! how quality is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::quality::ladder::Measure;
use crate::quality::pressure::Thresholds;

use super::Llm;
use super::toml_reader::Reader;
use crate::engine::faults::{ALLOWED, Fault, Target};

/// A server is at ease when all figures are below this share of what counts as slow.
const AT_EASE: f64 = 0.8;

/// `[quality]`
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// A call is refused if with it 95 of 100 answers would begin later than this; `None` takes it.
    pub most_p95: Option<Duration>,
    /// The share of the cores that calls may keep busy, as far as can be predicted.
    pub most_busy: f64,
    /// What counts as slow.
    pub thresholds: Thresholds,
    /// What may be left out under load.
    pub measures: Vec<Measure>,
    /// The language model that answers under load.
    pub small_model: Option<String>,
    /// Under load, replies end with the sentence that reaches this number of words.
    pub short_reply_words: usize,
}

/// Reads the section.
pub(super) fn quality(r: &mut Reader, llm: &Llm) -> Quality {
    let threshold = |r: &mut Reader, key, default| r.millis(key, default, 0..=60_000).as_secs_f64() * 1000.0;
    let quality = Quality {
        most_p95: Some(r.millis("quality.max_p95_ms", 2000, 0..=60_000)).filter(|most| !most.is_zero()),
        most_busy: r.number("quality.max_busy", 0.9, 0.1..=1.0),
        thresholds: Thresholds {
            v2v_ms: threshold(r, "quality.slow_v2v_ms", 1200),
            stt_ms: threshold(r, "quality.slow_stt_ms", 500),
            llm_first_token_ms: threshold(r, "quality.slow_llm_ms", 800),
            tts_first_audio_ms: threshold(r, "quality.slow_tts_ms", 500),
            low_share: AT_EASE,
        },
        measures: measures(r),
        small_model: small_model(r, llm),
        short_reply_words: r.integer("quality.short_reply_words", 25, 5..=1000) as usize,
    };
    if let Some(most) = quality.most_p95.filter(|most| *most < Duration::from_millis(300)) {
        let allowed = "0, or from 300 to 60000: the silence that ends a turn alone takes 250";
        r.refuse("quality.max_p95_ms", most.as_millis().to_string(), allowed.to_owned());
    }
    quality
}

fn measures(r: &mut Reader) -> Vec<Measure> {
    let key = "quality.measures";
    let named = |name: &str| Measure::ALL.into_iter().find(|measure| measure.name() == name);
    let names = Measure::ALL.map(Measure::name);
    let mut measures = Vec::new();
    for text in r.texts(key, &names) {
        match named(&text) {
            Some(measure) if !measures.contains(&measure) => measures.push(measure),
            Some(_) => r.refuse(key, format!("{} twice", shown(&text)), "each once".to_owned()),
            None => r.refuse(key, shown(&text), format!("a list of {}", names.join(", "))),
        }
    }
    measures
}

/// The beginning of a text, with its control characters escaped.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

fn small_model(r: &mut Reader, llm: &Llm) -> Option<String> {
    let names: Vec<&str> = llm.models().map(|(name, _)| name).collect();
    let unknown = |name: &str| {
        let known = name.is_empty() || names.contains(&name);
        (!known).then(|| format!("\"\", or the name of a language model: {}", names.join(", ")))
    };
    Some(r.text("quality.small_model", "", unknown)).filter(|name| !name.is_empty())
}

/// Reads `debug.faults`: the faults of engines.
pub(super) fn faults(r: &mut Reader) -> BTreeMap<Target, Fault> {
    let key = "debug.faults";
    let mut faults = BTreeMap::new();
    for (engine, text) in
        r.pairs(key, "engines and their faults, such as { stt = \"slow:500\", llm = \"hung\" }")
    {
        let target = Target::ALL.into_iter().find(|target| target.name() == engine);
        match (target, text.parse::<Fault>()) {
            (Some(target), Ok(fault)) => drop(faults.insert(target, fault)),
            (None, _) => r.refuse(key, shown(&engine), "an engine: stt, llm or tts".to_owned()),
            (Some(_), Err(_)) => r.refuse(key, shown(&text), ALLOWED.to_owned()),
        }
    }
    faults
}
