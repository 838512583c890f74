//! A text that a Piper voice is speaking: stretch by stretch, and each of them part by part. Must not know
//! how words become phonemes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::network::Latents;
use super::voice::{PARTS, Phonemes, Signs, Voice, failed};
use crate::engine::speech::Trimmer;
use crate::engine::{EngineError, Part, Rendering, Speech};
use crate::units::duration_of;

/// A text in the making of speech.
pub(super) struct Spoken {
    voice: Arc<Voice>,
    /// The words as written; those before `named` have been given to the trimmer.
    written: Vec<String>,
    named: usize,
    /// The stretches that are to be spoken, each with the first written word that does not end in it.
    stretches: VecDeque<(Phonemes, usize)>,
    current: Option<Stretch>,
    /// A part was decoded.
    begun: bool,
    /// Samples of all stretches before this one.
    before: usize,
    trimmer: Trimmer,
}

/// A stretch as latents, of which the frames up to `at` are decoded.
struct Stretch {
    latents: Latents,
    at: usize,
    /// The frame in which each written word ends, and the last of them.
    ends: Vec<(usize, usize)>,
    words_until: usize,
    samples: usize,
}

impl Spoken {
    pub(super) fn new(voice: Arc<Voice>, written: Vec<String>, stretches: Vec<Signs>) -> Self {
        let rate = voice.settings.rate();
        let phonemes = stretches.iter().map(|signs| voice.phonemes(signs));
        let mut stretches: VecDeque<(Phonemes, usize)> = phonemes
            .filter(|phonemes| phonemes.words.iter().any(Option::is_some))
            .map(|phonemes| (phonemes, 0))
            .collect();
        // A word may have parts in two stretches; it ends in the later one.
        let mut next = written.len();
        for (phonemes, words_until) in stretches.iter_mut().rev() {
            *words_until = next;
            next = phonemes.words.iter().flatten().copied().min().unwrap_or(next).min(next);
        }
        Self {
            voice,
            written,
            named: 0,
            stretches,
            current: None,
            begun: false,
            before: 0,
            trimmer: Trimmer::new(rate),
        }
    }

    /// The next stretch as latents; `None` after the last one.
    fn next_stretch(&mut self) -> Result<Option<Stretch>, EngineError> {
        let Some((phonemes, words_until)) = self.stretches.pop_front() else { return Ok(None) };
        let latents = self.voice.network.latents(&phonemes.ids, self.voice.scales).map_err(failed)?;
        let ends = word_ends(&phonemes, &latents.durations);
        Ok(Some(Stretch { latents, at: 0, ends, words_until, samples: 0 }))
    }

    /// Decodes the next frames of a stretch.
    fn part(&mut self, stretch: &mut Stretch) -> Result<Speech, EngineError> {
        let frames = stretch.latents.frames();
        let most = PARTS[usize::from(std::mem::replace(&mut self.begun, true))];
        let until = (stretch.at + most).min(frames);
        let sound = self.voice.network.sound(&stretch.latents, stretch.at..until).map_err(failed)?;
        if stretch.at == 0 {
            self.name_words(stretch, sound.len() / until.max(1));
        }
        stretch.at = until;
        stretch.samples += sound.len();
        let last_word = stretch.ends.iter().map(|(_, frame)| *frame).max().unwrap_or(0);
        let goes_on = until < last_word || !self.stretches.is_empty();
        Ok(self.trimmer.push(&self.voice.samples(&sound), goes_on))
    }

    /// Tells the trimmer the ends of the words of a stretch.
    fn name_words(&mut self, stretch: &Stretch, of_a_frame: usize) {
        let rate = self.voice.settings.rate();
        let words = (self.named..stretch.words_until).map(|word| {
            let end = stretch.ends.iter().filter(|(of, _)| *of == word).map(|(_, frame)| *frame).max();
            let end = end.map(|frame| duration_of(self.before + frame * of_a_frame, rate));
            (std::mem::take(&mut self.written[word]), end)
        });
        self.trimmer.words(words);
        self.named = stretch.words_until.max(self.named);
    }
}

impl Rendering for Spoken {
    fn next(&mut self) -> Result<Part, EngineError> {
        let Some(mut stretch) = self.current.take() else {
            self.current = self.next_stretch()?;
            return match self.current {
                // The latents of a long stretch take as long as a part: a cancel, or a more urgent call, may
                // come between them and the first sound.
                Some(_) => Ok(Part::Next(Speech::default())),
                None => self.end_with(Speech::default()),
            };
        };
        let part = self.part(&mut stretch)?;
        if stretch.at < stretch.latents.frames() {
            self.current = Some(stretch);
            return Ok(Part::Next(part));
        }
        self.before += stretch.samples;
        self.end_with(part)
    }
}

impl Spoken {
    /// `part` is the end of a stretch: the last part of all, if no stretch follows.
    fn end_with(&mut self, mut part: Speech) -> Result<Part, EngineError> {
        if !self.stretches.is_empty() {
            return Ok(Part::Next(part));
        }
        let rate = self.voice.settings.rate();
        let words = self.written.split_off(self.named.min(self.written.len()));
        self.trimmer.words(words.into_iter().map(|word| (word, None)));
        part.append(std::mem::replace(&mut self.trimmer, Trimmer::new(rate)).finish());
        Ok(Part::Last(part))
    }
}

/// The frame in which each written word ends: that of its last phoneme, and not of the pause after it.
pub(super) fn word_ends(phonemes: &Phonemes, durations: &[usize]) -> Vec<(usize, usize)> {
    let mut frame = 0;
    let ends = phonemes.words.iter().zip(durations).filter_map(|(word, frames)| {
        frame += frames;
        word.map(|word| (word, frame))
    });
    ends.collect()
}
