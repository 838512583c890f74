//! The words of a transcript, with their confidence and rough end times. Knows tokens and levels, no model.
//!
//! The word times of whisper.cpp itself do not fit here. Those from timestamp tokens need these tokens to be
//! decoded. Those from attention (DTW) end the process when a job is cancelled midway (its asserts are not
//! errors). So the end of a word is estimated: the audible time is divided among the words in proportion to
//! their letters. Tests compare the estimate with the voice's own times.

use std::time::Duration;

use crate::audio::level::SILENCE_DBFS;
use crate::engine::HeardWord;

/// Loudness is measured in pieces of 10 ms.
const PIECE: Duration = Duration::from_millis(10);

/// A piece that is quieter than the loudest by more than this is not part of a word.
const BELOW_PEAK_DB: f32 = 30.0;

/// A token as text, and its probability.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) probability: f32,
}

/// Joins tokens to words; a token that begins with a space begins a word. [`time`] sets their ends.
pub(super) fn words(tokens: &[Token]) -> Vec<HeardWord> {
    let mut words: Vec<HeardWord> = Vec::new();
    for token in tokens {
        match words.last_mut().filter(|_| !token.text.starts_with(' ')) {
            Some(word) => {
                word.text.push_str(&token.text);
                word.confidence = word.confidence.min(token.probability);
            }
            None => words.push(HeardWord {
                text: token.text.trim_start().to_owned(),
                confidence: token.probability,
                end: Duration::ZERO,
            }),
        }
    }
    words.retain(|word| !word.text.is_empty());
    words
}

/// Gives every word its share of the audible part of `audio`, by its letters.
pub(super) fn time(words: &mut [HeardWord], audio: &[f32], rate: u32) {
    let audible = audible_pieces(audio, rate);
    let letters = |word: &HeardWord| word.text.chars().filter(|c| c.is_alphanumeric()).count() + 1;
    let all: usize = words.iter().map(letters).sum();
    let mut before = 0;
    for word in words {
        before += letters(word);
        let piece = (audible.len() * before).div_ceil(all.max(1)).saturating_sub(1);
        word.end = audible.get(piece).map_or(Duration::ZERO, |&piece| PIECE * (piece + 1));
    }
}

/// The indices of the audible pieces.
fn audible_pieces(audio: &[f32], rate: u32) -> Vec<u32> {
    let size = crate::units::samples_in(PIECE, rate).max(1);
    let level = |piece: &[f32]| {
        let power = piece.iter().map(|s| s * s).sum::<f32>() / piece.len() as f32;
        (10.0 * power.log10()).max(SILENCE_DBFS)
    };
    let levels: Vec<f32> = audio.chunks(size).map(level).collect();
    let threshold = levels.iter().copied().fold(SILENCE_DBFS, f32::max) - BELOW_PEAK_DB;
    (0_u32..).zip(&levels).filter(|(_, level)| **level >= threshold).map(|(i, _)| i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::flite::Flite;
    use crate::engine::{CancelFlag, Synthesizer as _};

    fn tokens(text: &str) -> Vec<Token> {
        text.split('|').map(|t| Token { text: t.to_owned(), probability: 0.9 }).collect()
    }

    fn timed(tokens: &[Token], audio: &[f32], rate: u32) -> Vec<HeardWord> {
        let mut words = words(tokens);
        time(&mut words, audio, rate);
        words
    }

    #[test]
    fn tokens_become_words_as_sure_as_their_least_sure_token() {
        let mut tokens = tokens(" Hel|lo|,| Doctor");
        tokens[1].probability = 0.4;
        let words = words(&tokens);
        let shown: Vec<(&str, f32)> = words.iter().map(|w| (w.text.as_str(), w.confidence)).collect();
        assert_eq!(shown, [("Hello,", 0.4), ("Doctor", 0.9)]);
    }

    #[test]
    fn words_end_in_order_within_what_can_be_heard() {
        let mut audio = vec![0.0; 1600];
        audio.extend([0.5; 3200]);
        audio.extend([0.0; 1600]);
        audio.extend([0.5; 3200]);
        audio.extend([0.0; 1600]);
        let ends: Vec<u128> =
            timed(&tokens(" one| two"), &audio, 16_000).iter().map(|w| w.end.as_millis()).collect();
        assert_eq!(ends, [300, 600]);
    }

    #[test]
    fn estimated_ends_are_near_the_true_ones() {
        let mut voice = Flite::new("slt", 1.0).expect("the voice");
        let mut errors = Vec::new();
        for text in [
            "I would like to book an appointment for Tuesday",
            "My number is five five five zero one four two",
        ] {
            let speech = voice.synthesize(text, &CancelFlag::default()).expect("speech");
            let tokens: Vec<Token> =
                text.split(' ').map(|w| Token { text: format!(" {w}"), probability: 1.0 }).collect();
            let heard = timed(&tokens, &crate::audio::to_f32(&speech.samples), speech.rate);
            assert_eq!(heard.len(), speech.words.len());
            errors.extend(heard.iter().zip(&speech.words).map(|(h, s)| h.end.abs_diff(s.end)));
        }
        errors.sort();
        assert!(errors[errors.len() / 2] < Duration::from_millis(150), "{errors:?}");
        assert!(errors[errors.len() - 1] < Duration::from_millis(400), "{errors:?}");
    }
}
