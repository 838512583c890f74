//! What all texts of one Piper voice share, and how a text becomes phonemes, in stretches. Must not know how
//! they become sound part by part.

use super::english;
use super::network::{Network, Scales};
use super::settings::Settings;
use crate::engine::EngineError;
use crate::engine::flite::{self, SpokenWord};
use crate::engine::speech::{gain_of, with_gain};

/// What a voice says to nobody, so that it becomes known how loud it is.
pub(in crate::engine) const SAMPLE_SENTENCE: &str = "Hello, how can I help you today?";

/// Frames that are decoded at a time, at 86 frames a second for most voices: a short first part, so that the
/// caller hears something soon, then half a second of sound, in some 50 ms of a core. Shorter parts cost more
/// in all, since each has frames of context to decode.
pub(super) const PARTS: [usize; 2] = [20, 44];

/// What all texts of a voice share.
pub(super) struct Voice {
    pub(super) network: Network,
    pub(super) settings: Settings,
    pub(super) scales: Scales,
    /// What its samples are multiplied by.
    pub(super) gain: f32,
}

/// A stretch of a text as phonemes: their ids, and the written word that each belongs to. Pauses belong to
/// none.
#[derive(Debug, Default)]
pub(super) struct Phonemes {
    pub(super) ids: Vec<i32>,
    pub(super) words: Vec<Option<usize>>,
}

/// The signs of a stretch, each with the written word that it belongs to; spaces and marks have none.
pub(in crate::engine) type Signs = Vec<(char, Option<usize>)>;

/// A stretch ends with the first mark after so many signs, or else with the first word after so many: memory
/// and time grow with the square of its length.
const SIGNS_TO_A_MARK: usize = 40;
pub(super) const MOST_SIGNS: usize = 200;

/// The signs of a text, in stretches that are spoken one after the other.
pub(in crate::engine) fn stretches(spoken: &[SpokenWord]) -> Vec<Signs> {
    let mut stretches = vec![Signs::new()];
    for (i, word) in spoken.iter().enumerate() {
        let Some(signs) = stretches.last_mut() else { continue };
        let next = spoken.get(i + 1);
        let before = i.checked_sub(1).and_then(|before| spoken.get(before));
        if !signs.is_empty() && !english::goes_on(word) {
            signs.push((' ', None));
        }
        signs.extend(english::signs(word, before, next).chars().map(|sign| (sign, Some(word.written))));
        signs.extend(word.mark.map(|mark| (mark, None)));
        let is_long = signs.len() >= MOST_SIGNS || (word.mark.is_some() && signs.len() >= SIGNS_TO_A_MARK);
        if is_long && next.is_some_and(|next| !english::goes_on(next)) {
            stretches.push(Signs::new());
        }
    }
    stretches
}

impl Voice {
    pub(super) fn phonemes(&self, signs: &Signs) -> Phonemes {
        let (ids, owners) = self.settings.ids(signs.iter().map(|&(sign, _)| sign));
        let words = owners.into_iter().map(|owner| owner.and_then(|sign| signs[sign].1)).collect();
        Phonemes { ids, words }
    }

    pub(super) fn samples(&self, sound: &[f32]) -> Vec<i16> {
        with_gain(sound, self.gain)
    }

    /// Says a sentence to nobody: how much context its parts need, and how loud it is.
    pub(super) fn get_to_know(&mut self) -> Result<(), EngineError> {
        let spoken = flite::pronounce(SAMPLE_SENTENCE)?.spoken;
        let signs = stretches(&spoken).concat();
        let unknown = signs.iter().find(|(sign, word)| word.is_some() && !self.settings.knows(*sign));
        if let Some((sign, _)) = unknown {
            return Err(EngineError::Failed(format!("its phoneme_id_map has no {sign:?}")));
        }
        let phonemes = self.phonemes(&signs);
        let latents = self.network.latents(&phonemes.ids, self.scales).map_err(failed)?;
        let sound = self.network.find_its_context(&latents, &PARTS).map_err(EngineError::Failed)?;
        self.gain = gain_of(&self.samples(&sound), self.settings.rate())
            .ok_or_else(|| EngineError::Failed("its sound is silence".to_owned()))?;
        Ok(())
    }
}

pub(super) fn failed(problem: String) -> EngineError {
    EngineError::Failed(format!("the voice failed: {problem}"))
}
