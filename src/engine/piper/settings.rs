//! What stands beside a Piper voice, in NAME.onnx.json: its rate, its phonemes and how it was tuned. Must not
//! know the network.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The parts of the file that are used.
#[derive(Debug, Deserialize)]
pub(super) struct Settings {
    audio: Audio,
    espeak: Espeak,
    pub(super) inference: Inference,
    #[serde(default)]
    phoneme_type: Option<String>,
    phoneme_id_map: BTreeMap<String, Vec<i32>>,
    #[serde(default = "one")]
    num_speakers: u32,
    /// The number of phonemes that the network knows.
    #[serde(default = "usual_symbols")]
    num_symbols: i32,
}

fn one() -> u32 {
    1
}

fn usual_symbols() -> i32 {
    256
}

#[derive(Debug, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Debug, Deserialize)]
struct Espeak {
    voice: String,
}

/// How the voice sounds best.
#[derive(Debug, Deserialize)]
pub(super) struct Inference {
    /// How much the sound varies.
    pub(super) noise_scale: f32,
    /// How long it speaks: 1 is its own pace.
    pub(super) length_scale: f32,
    /// How much the lengths vary.
    #[serde(alias = "noise_w_scale")]
    pub(super) noise_w: f32,
}

/// Begins and ends every text, and stands between all phonemes.
const BEGIN: &str = "^";
const END: &str = "$";
const BETWEEN: &str = "_";

/// The most ids of one sign. Piper's voices have one each.
const MOST_IDS: usize = 4;

/// The rates of Piper's voices, and of others of their kind.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

impl Settings {
    /// From the text of the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let settings: Self =
            serde_json::from_str(text).map_err(|error| format!("it is not a voice's JSON: {error}"))?;
        if !RATES.contains(&settings.audio.sample_rate) {
            let rate = settings.audio.sample_rate;
            return Err(format!(
                "audio.sample_rate is {rate}; allowed is {} to {}",
                RATES.start(),
                RATES.end()
            ));
        }
        if settings.phoneme_type.as_deref().is_some_and(|kind| kind != "espeak") {
            let kind = settings.phoneme_type.unwrap_or_default();
            return Err(format!("phoneme_type is {kind:?}; only \"espeak\" is supported"));
        }
        if !settings.espeak.voice.starts_with("en") {
            return Err(format!(
                "espeak.voice is {:?}; only English voices are supported",
                settings.espeak.voice
            ));
        }
        if settings.num_speakers != 1 {
            return Err(format!(
                "it has {} speakers; only voices with one are supported",
                settings.num_speakers
            ));
        }
        for (sign, what) in [(BEGIN, "beginning"), (END, "end"), (BETWEEN, "padding")] {
            if settings.ids_of(sign).is_empty() {
                return Err(format!("phoneme_id_map has no {sign:?}, the {what} of every text"));
            }
        }
        let Inference { noise_scale, length_scale, noise_w } = settings.inference;
        for (name, scale, allowed) in [
            ("noise_scale", noise_scale, 0.0..=2.0),
            ("length_scale", length_scale, 0.1..=4.0),
            // Lengths are exponentials of it.
            ("noise_w", noise_w, 0.0..=2.0),
        ] {
            if !allowed.contains(&scale) {
                let (least, most) = (allowed.start(), allowed.end());
                return Err(format!("inference.{name} is {scale}; allowed is {least} to {most}"));
            }
        }
        for (sign, ids) in &settings.phoneme_id_map {
            if ids.len() > MOST_IDS {
                return Err(format!(
                    "phoneme_id_map has {} ids for {sign:?}; allowed are {MOST_IDS}",
                    ids.len()
                ));
            }
            if let Some(id) = ids.iter().find(|id| !(0..settings.num_symbols).contains(*id)) {
                let most = settings.num_symbols - 1;
                return Err(format!("phoneme_id_map has the id {id} for {sign:?}; allowed is 0 to {most}"));
            }
        }
        Ok(settings)
    }

    /// As a tag: "en-US".
    pub(super) fn language(&self) -> String {
        match self.espeak.voice.split_once('-') {
            Some((language, region)) => format!("{language}-{}", region.to_uppercase()),
            None => self.espeak.voice.clone(),
        }
    }

    pub(super) fn rate(&self) -> u32 {
        self.audio.sample_rate
    }

    /// Whether the voice has this sign.
    pub(super) fn knows(&self, sign: char) -> bool {
        !self.ids_of(sign.encode_utf8(&mut [0; 4])).is_empty()
    }

    fn ids_of(&self, sign: &str) -> &[i32] {
        self.phoneme_id_map.get(sign).map_or(&[], Vec::as_slice)
    }

    /// The ids of some text in signs, and to which sign each belongs. Signs that the voice does not have are
    /// left out.
    pub(super) fn ids(&self, signs: impl Iterator<Item = char>) -> (Vec<i32>, Vec<Option<usize>>) {
        let (mut ids, mut owners) = (Vec::new(), Vec::new());
        let mut add = |sign: &str, owner: Option<usize>| {
            let of = self.ids_of(sign);
            ids.extend_from_slice(of);
            owners.extend(std::iter::repeat_n(owner, of.len()));
            !of.is_empty()
        };
        add(BEGIN, None);
        add(BETWEEN, None);
        let mut sign = [0; 4];
        for (i, c) in signs.enumerate() {
            if add(c.encode_utf8(&mut sign), Some(i)) {
                add(BETWEEN, Some(i));
            }
        }
        add(END, None);
        (ids, owners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: &str = r#"{"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},
        "inference":{"noise_scale":0.667,"length_scale":1,"noise_w":0.8},"phoneme_type":"espeak",
        "phoneme_id_map":{"^":[1],"$":[2],"_":[0],"h":[20],"aɪ":[7]," ":[3]},"num_speakers":1}"#;

    #[test]
    fn a_text_begins_ends_and_has_padding_between_its_phonemes() {
        let settings = Settings::of(VOICE).expect("a voice");
        let (ids, owners) = settings.ids("h x h".chars());
        assert_eq!(ids, [1, 0, 20, 0, 3, 0, 3, 0, 20, 0, 2]);
        assert_eq!(owners[2..4], [Some(0), Some(0)]);
        assert_eq!((owners[8], owners[0], owners[10]), (Some(4), None, None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, problem) in [
            ("22050", "7", "audio.sample_rate is 7"),
            ("\"en-us\"", "\"de\"", "espeak.voice is \"de\""),
            ("\"phoneme_type\":\"espeak\"", "\"phoneme_type\":\"text\"", "phoneme_type is \"text\""),
            ("\"num_speakers\":1", "\"num_speakers\":900", "it has 900 speakers"),
            ("\"_\":[0],", "", "phoneme_id_map has no \"_\""),
            ("\"length_scale\":1", "\"length_scale\":0", "inference.length_scale is 0; allowed is 0.1 to 4"),
            ("\"noise_w\":0.8", "\"noise_w\":10", "inference.noise_w is 10"),
            ("\"h\":[20]", "\"h\":[999]", "the id 999 for \"h\""),
            ("\"h\":[20]", "\"h\":[-1]", "the id -1 for \"h\""),
            ("\"h\":[20]", "\"h\":[3,3,3,3,3]", "has 5 ids for \"h\""),
            ("\"inference\"", "\"other\"", "missing field `inference`"),
            ("}", "", "it is not a voice's JSON"),
        ] {
            let error = Settings::of(&VOICE.replacen(from, to, 9)).expect_err(problem);
            assert!(error.contains(problem), "{problem}: {error}");
        }
    }
}
