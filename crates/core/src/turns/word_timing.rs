//! When the words of a synthesised chunk end: as the voice reported, or by a guess. Touches no audio.

use std::time::Duration;

use crate::dialogue::WordTime;

/// The timing of a chunk's audio, as far as it is synthesised.
#[derive(Debug, Clone)]
pub(super) struct Sound {
    pub(super) duration: Duration,
    /// Where each word of the text ends; while the audio grows, of those whose end is known.
    ends: Vec<Duration>,
    /// The voice reported no ends; they are a guess.
    pub(super) estimated: bool,
    /// More audio is to come.
    pub(super) grows: bool,
}

impl Sound {
    pub(super) fn new(text: &str, duration: Duration, words: &[WordTime], grows: bool) -> Self {
        let spoken = text.split_whitespace();
        let all = spoken.clone().count();
        // A word without a time has not ended in the audio so far.
        if words.len() == all || (grows && words.len() < all) {
            let ends = words.iter().map(|word| word.end).collect();
            return Self { duration, ends, estimated: false, grows };
        }
        // Spread evenly over the letters.
        let letters = text.len().max(1) as f64;
        let mut end = 0;
        let ends = spoken.map(|word| {
            end = text[end..].find(word).map_or(end, |at| end + at) + word.len();
            duration.mul_f64((end as f64 / letters).min(1.0))
        });
        Self { duration, ends: ends.collect(), estimated: true, grows }
    }

    /// The number of words that were over after `played`.
    pub(super) fn words_by(&self, played: Duration) -> usize {
        self.ends.iter().take_while(|&&end| end <= played).count()
    }

    /// The beginning of the word that was being spoken after `played`.
    pub(super) fn word_at(&self, played: Duration) -> Duration {
        self.words_by(played).checked_sub(1).map_or(Duration::ZERO, |last| self.ends[last])
    }

    /// The words of `text` that were over after `played`.
    pub(super) fn beginning<'t>(&self, text: &'t str, played: Duration) -> &'t str {
        match self.words_by(played) {
            0 => "",
            n => text.match_indices(' ').nth(n - 1).map_or(text, |(at, _)| &text[..at]),
        }
    }
}
