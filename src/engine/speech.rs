//! Synthesised speech, part by part: what a voice makes of a text, and how its silence is cut while more of
//! it is still to come. Must not know who listens.

use std::collections::VecDeque;
use std::time::Duration;

use super::{CancelFlag, EngineError};
use crate::audio::level::{audible_span, rms_dbfs};
use crate::dialogue::WordTime;
use crate::units::{duration_of, samples_in};

/// What is known of a voice before it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its language, as a tag: "en-US".
    pub language: String,
    /// Samples a second; `None` if only the loaded voice knows.
    pub rate: Option<u32>,
}

/// Synthesised speech, or a part of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speech {
    /// Mono samples at `rate`, with at most 10 ms of silence before all speech and 30 ms after it.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub rate: u32,
    /// The words that end in this part, in order, and when, from the beginning of all speech; empty if the
    /// voice cannot tell.
    pub words: Vec<WordTime>,
}

impl Speech {
    /// Appends the part that follows.
    pub fn append(&mut self, part: Self) {
        self.rate = part.rate.max(self.rate);
        self.samples.extend(part.samples);
        self.words.extend(part.words);
    }
}

/// The next part of a speech.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// More follows. It may be empty: the voice has computed, but nothing is to be heard yet.
    Next(Speech),
    /// The end, or all of it. Empty if there was nothing to say.
    Last(Speech),
}

/// A text that is being spoken. Several of one voice may take turns, but only one computes at a time.
pub trait Rendering: Send {
    /// Computes the next part: at most some 50 ms of one core, if the voice can work in parts.
    ///
    /// # Errors
    /// If the voice fails. Nothing may be asked of the rendering after that, or after the last part.
    fn next(&mut self) -> Result<Part, EngineError>;
}

/// Text to speech.
pub trait Synthesizer: Send {
    /// Begins to speak `text` (already cleaned for speech, at most a few sentences). `cancel` ends the work
    /// early; what has come is of no use then.
    ///
    /// # Errors
    /// If the voice cannot speak the text, or fails.
    fn begin(&mut self, text: &str, cancel: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError>;

    /// How long a step of its work may take on a slow and busy machine. A voice that takes longer has hung.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(2)
    }

    /// Speaks all of `text`.
    ///
    /// # Errors
    /// As [`Self::begin`], and if the work is cancelled.
    fn synthesize(&mut self, text: &str, cancel: &CancelFlag) -> Result<Speech, EngineError> {
        let mut rendering = self.begin(text, cancel)?;
        let mut speech = Speech::default();
        loop {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            match rendering.next()? {
                Part::Next(part) => speech.append(part),
                Part::Last(part) => {
                    speech.append(part);
                    return Ok(speech);
                }
            }
        }
    }
}

/// The rendering of a voice that speaks a whole text at once.
#[derive(Debug)]
pub struct Whole(pub Speech);

impl Rendering for Whole {
    fn next(&mut self) -> Result<Part, EngineError> {
        Ok(Part::Last(std::mem::take(&mut self.0)))
    }
}

/// Voices differ in level; all of them speak as loud as the built-in one.
const LEVEL_DBFS: f32 = -18.0;

/// What the samples of a voice are multiplied by, found from those of some speech; `None` if it is silence.
pub(super) fn gain_of(samples: &[i16], rate: u32) -> Option<f32> {
    let level = rms_dbfs(&samples[audible_span(samples, rate)?]);
    Some(10_f32.powf((LEVEL_DBFS - level) / 20.0).clamp(0.1, 10.0))
}

/// Samples in -1 to 1 with this gain, as 16-bit ones.
pub(super) fn with_gain(samples: &[f32], gain: f32) -> Vec<i16> {
    samples.iter().map(|sample| (sample * gain * 32_767.0) as i16).collect()
}

/// Silence kept before and after the audible part of speech. That part is exact to 5 ms, so at most 10 ms of
/// silence stay before it, and at most 30 ms after it.
const LEAD: Duration = Duration::from_millis(5);
const TAIL: Duration = Duration::from_millis(25);

/// Cuts the silence before and after speech that comes part by part, and hands out each word with the part
/// in which it ends.
#[derive(Debug)]
pub(super) struct Trimmer {
    rate: u32,
    /// Samples cut off before the speech; `None` before its first sound.
    cut: Option<usize>,
    /// Samples handed out.
    given: usize,
    /// Samples that may be silence before or after the speech.
    held: Vec<i16>,
    /// Words whose end is known and was not handed out. A word without sound ends with the word before it.
    words: VecDeque<(String, Option<Duration>)>,
    /// The end of the last word that was handed out.
    last: Duration,
}

impl Trimmer {
    pub(super) fn new(rate: u32) -> Self {
        let (held, words) = (Vec::new(), VecDeque::new());
        Self { rate, cut: None, given: 0, held, words, last: Duration::ZERO }
    }

    /// The next words in the order of the text, with their ends in all samples that are pushed; `None` if a
    /// word has no sound (a dash, an emoji).
    pub(super) fn words(&mut self, words: impl IntoIterator<Item = (String, Option<Duration>)>) {
        self.words.extend(words);
    }

    /// The next samples. If the speech `goes_on` after them, silence at their end belongs to it.
    pub(super) fn push(&mut self, samples: &[i16], goes_on: bool) -> Speech {
        self.held.extend_from_slice(samples);
        let Some(heard) = audible_span(&self.held, self.rate) else {
            // A pause in the middle of the speech is a part of it.
            let pause =
                if goes_on && self.cut.is_some() { std::mem::take(&mut self.held) } else { Vec::new() };
            return self.give(pause);
        };
        if self.cut.is_none() {
            let before = heard.start.saturating_sub(samples_in(LEAD, self.rate));
            self.held.drain(..before);
            self.cut = Some(before);
            return self.push(&[], goes_on);
        }
        let end = if goes_on { self.held.len() } else { heard.end };
        let rest = self.held.split_off(end);
        let sound = std::mem::replace(&mut self.held, rest);
        self.give(sound)
    }

    /// The rest of the speech: nothing was pushed after it. Empty if nothing was audible.
    pub(super) fn finish(mut self) -> Speech {
        if self.cut.is_none() {
            return Speech::default();
        }
        self.held.truncate(samples_in(TAIL, self.rate));
        let rest = std::mem::take(&mut self.held);
        let mut speech = self.give(rest);
        let length = duration_of(self.given, self.rate);
        while let Some((word, _)) = self.words.pop_front() {
            speech.words.push(WordTime { word, end: length });
        }
        speech
    }

    fn give(&mut self, samples: Vec<i16>) -> Speech {
        self.given += samples.len();
        let cut = duration_of(self.cut.unwrap_or(0), self.rate);
        let length = duration_of(self.given, self.rate);
        let mut words = Vec::new();
        while let Some((_, end)) = self.words.front() {
            let end = end.map_or(self.last, |end| end.saturating_sub(cut).max(self.last));
            if self.cut.is_none() || end > length {
                break;
            }
            self.last = end;
            words.extend(self.words.pop_front().map(|(word, _)| WordTime { word, end }));
        }
        Speech { samples, rate: self.rate, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 8000;
    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn word(name: &str, end: Option<u64>) -> (String, Option<Duration>) {
        (name.to_owned(), end.map(MS))
    }

    /// 100 ms of silence, 200 ms of sound, 100 ms of silence, 200 ms of sound, 200 ms of silence.
    fn recording() -> Vec<i16> {
        let silence = |ms: usize| vec![0_i16; ms * 8];
        let sound = |ms: usize| (0..ms * 8).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect();
        [silence(100), sound(200), silence(100), sound(200), silence(200)].concat()
    }

    fn ends(speech: &Speech) -> Vec<(&str, u64)> {
        speech.words.iter().map(|w| (w.word.as_str(), w.end.as_millis() as u64)).collect()
    }

    #[test]
    fn silence_before_and_after_is_cut_and_word_ends_are_moved() {
        let mut trimmer = Trimmer::new(RATE);
        trimmer.words([word("one", Some(300)), word("-", None), word("two", Some(620))]);
        let mut speech = trimmer.push(&recording(), false);
        speech.append(trimmer.finish());
        let length = duration_of(speech.samples.len(), RATE);
        assert!((MS(500)..=MS(535)).contains(&length), "{length:?}");
        let ends = ends(&speech);
        assert_eq!(ends[0], ("one", 205));
        assert_eq!(ends[1], ("-", 205));
        assert!(ends[2].1 >= 500 && ends[2].1 <= length.as_millis() as u64, "{ends:?}");
    }

    #[test]
    fn of_silence_nothing_is_left() {
        let mut trimmer = Trimmer::new(RATE);
        trimmer.words([word("...", None)]);
        assert!(trimmer.push(&[0; 4000], true).samples.is_empty());
        assert_eq!(trimmer.finish(), Speech::default());
    }

    #[test]
    fn a_pause_in_the_middle_is_handed_out_and_words_come_with_the_part_in_which_they_end() {
        let recording = recording();
        let mut trimmer = Trimmer::new(RATE);
        trimmer.words([word("one", Some(300)), word("two", Some(600))]);
        let first = trimmer.push(&recording[..8 * 350], true);
        assert_eq!((first.samples.len() / 8, ends(&first)), (255, vec![("one", 205)]));
        let second = trimmer.push(&recording[8 * 350..8 * 380], true);
        assert_eq!((second.samples.len() / 8, second.words.len()), (30, 0));
        let third = trimmer.push(&recording[8 * 380..], false);
        assert_eq!(ends(&third), [("two", 505)]);
        assert!(trimmer.finish().samples.len() <= 8 * 25);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_speech_is_the_same(cuts in proptest::collection::vec(0_usize..6400, 0..8)) {
            let recording = recording();
            let words = || [word("one", Some(300)), word("two", Some(620))];
            let mut whole = Trimmer::new(RATE);
            whole.words(words());
            let mut expected = whole.push(&recording, false);
            expected.append(whole.finish());
            let mut cuts = [cuts, vec![0, recording.len()]].concat();
            cuts.sort_unstable();
            let mut trimmer = Trimmer::new(RATE);
            trimmer.words(words());
            let mut got = Speech::default();
            for pair in cuts.windows(2) {
                // The last sound ends at 600 ms.
                got.append(trimmer.push(&recording[pair[0]..pair[1]], pair[1] < 600 * 8));
            }
            got.append(trimmer.finish());
            // Where a part ends within a step of the measurement, the edge moves by it.
            prop_assert!(got.samples.len().abs_diff(expected.samples.len()) <= 80);
            prop_assert_eq!(got.words.len(), 2);
            for (got, expected) in got.words.iter().zip(&expected.words) {
                prop_assert!(got.end.abs_diff(expected.end) <= MS(10));
            }
        }
    }
}
