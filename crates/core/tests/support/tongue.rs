//! Words as sound that can be decoded: each word begins with a soft step and goes on at a level of its own.
//! The scripted voice, recogniser and ear need no model, and a test sees every word that was cut, lost,
//! doubled or forgotten in samples.

use std::time::Duration;

use offhook_core::dialogue::WordTime;
use offhook_core::units::duration_of;
use offhook_core::vad::Detector;

/// The length of a character, and of the space behind a word.
pub const PER_CHARACTER: Duration = Duration::from_millis(60);

/// The step at the beginning of a word, which separates a word from its repetition.
const STEP: i16 = 1500;
const STEP_MS: usize = 20;

/// The level of the first word, and the distance to the level of the next one.
const LOWEST: i16 = 3000;
const APART: i16 = 64;

/// The highest level that counts as silence.
const SILENT: i16 = 700;

/// All words that were ever said.
#[derive(Debug, Default, Clone)]
pub struct Tongue(Vec<String>);

impl Tongue {
    fn level(&mut self, word: &str) -> i16 {
        let known = self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.to_owned());
            self.0.len() - 1
        });
        LOWEST + APART * i16::try_from(known).unwrap()
    }

    fn samples_of(word: &str, rate: u32) -> usize {
        let length = PER_CHARACTER * u32::try_from(word.chars().count() + 1).unwrap();
        usize::try_from(length.as_millis()).unwrap() * rate as usize / 1000
    }

    /// A text as sound, with the end of each word.
    pub fn say(&mut self, text: &str, rate: u32) -> (Vec<i16>, Vec<WordTime>) {
        let (mut samples, mut words) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            let level = self.level(word);
            let step = STEP_MS * rate as usize / 1000;
            samples.extend(vec![STEP; step]);
            samples.extend(vec![level; Self::samples_of(word, rate) - step]);
            words.push(WordTime { word: word.to_owned(), end: duration_of(samples.len(), rate) });
        }
        (samples, words)
    }

    /// The words of which at least `share` is in `samples`, with their starts.
    pub fn hear(&self, samples: &[i16], rate: u32, share: f32) -> Vec<(usize, String)> {
        self.words_in(samples, rate, share, false)
    }

    /// [`Self::hear`] where a word may have gaps, because it was spoken more slowly than it was played.
    pub fn hear_over_gaps(&self, samples: &[i16], rate: u32, share: f32) -> Vec<(usize, String)> {
        self.words_in(samples, rate, share, true)
    }

    fn words_in(&self, samples: &[i16], rate: u32, share: f32, gaps: bool) -> Vec<(usize, String)> {
        let mut heard = Vec::new();
        let mut at = 0;
        while at < samples.len() {
            let Some(word) = self.word_at(samples[at]) else {
                at += 1;
                continue;
            };
            // Samples that a converter rounds at the edges belong to the word.
            let run =
                |from: usize| samples[from..].iter().take_while(|&&s| self.word_at(s) == Some(word)).count();
            let begin = at;
            let mut length = run(at);
            at += length;
            while gaps && let Some(further) = self.goes_on(samples, at, word) {
                length += run(further);
                at = further + run(further);
            }
            let whole = Self::samples_of(&self.0[word], rate) - STEP_MS * rate as usize / 1000;
            if length as f32 >= share * whole as f32 {
                heard.push((begin, self.0[word].clone()));
            }
        }
        heard
    }

    /// Where `word` goes on after a gap at `at`, if no other word begins before that.
    fn goes_on(&self, samples: &[i16], at: usize, word: usize) -> Option<usize> {
        /// A few samples may be what a converter makes of an edge.
        const SURE: usize = 4;
        let rest = &samples[at..];
        let at_level = |window: &[i16]| window.iter().all(|&s| self.word_at(s) == self.word_at(window[0]));
        let sure = rest.windows(SURE).position(|window| {
            let steps = window.iter().all(|&s| (STEP - 300..STEP + 300).contains(&s));
            steps || (self.word_at(window[0]).is_some() && at_level(window))
        })?;
        (self.word_at(rest[sure]) == Some(word)).then_some(at + sure)
    }

    fn word_at(&self, sample: i16) -> Option<usize> {
        let above = sample.checked_sub(LOWEST - APART / 2).filter(|above| *above >= 0)?;
        usize::try_from(above / APART).ok().filter(|&word| word < self.0.len())
    }
}

/// A detector that hears every word, and nothing else.
pub struct Loud;

impl Detector for Loud {
    fn is_speech(&mut self, frame: &[i16]) -> bool {
        frame.iter().any(|sample| sample.abs() > SILENT)
    }
}
