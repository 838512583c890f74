//! Runs a model for benchmarks as no call does: reads and generates any number of tokens without meaning,
//! whether or not the model would have ended. Must not know clocks: a benchmark brings its own.

use std::sync::Arc;

use super::engine::LlmEngine;
use super::kernels::{KernelChoice, Roofline};
use super::layer::Demand;
use super::sampler::Sampler;
use super::sequence::{Feed, Sequence, read_together};
use super::sessions::Sessions;
use crate::{EngineError, Sampling};

/// The best that this machine can do, to be timed.
pub struct Machine<'a>(Roofline<'a>);

impl Machine<'_> {
    /// Reads memory once, with all threads of a step. Returns the number of bytes.
    #[must_use]
    pub fn read(&self) -> usize {
        self.0.read()
    }

    /// Multiplies bytes as matrices are multiplied, with nothing from memory. Returns the number of
    /// multiplications.
    #[must_use]
    pub fn multiply(&self) -> usize {
        self.0.multiply()
    }
}

/// Tokens that are read at once, as in the slices of a prompt.
const SLICE: usize = 64;

/// A sequence to measure with.
pub struct BenchSequence {
    sequence: Sequence,
    sampler: Sampler,
    logits: Vec<f32>,
}

impl LlmEngine {
    /// The measurements of this machine. `None` if candle multiplies the matrices.
    #[must_use]
    pub fn machine(&self) -> Option<Machine<'_>> {
        self.shared().weights.kernels().roofline().map(Machine)
    }

    /// The kernels that multiply the matrices: never "auto".
    #[must_use]
    pub fn kernels(&self) -> KernelChoice {
        self.shared().weights.kernels().choice()
    }

    /// The cost of the matrices: of a pass through the layers, and of the logits of one token.
    #[must_use]
    pub fn demand(&self) -> (Demand, Demand) {
        self.shared().weights.demand()
    }

    /// Bytes of the cache that a token reads after `before` other tokens.
    #[must_use]
    pub fn cache_read(&self, before: usize) -> usize {
        self.shared().weights.cache_read(before)
    }

    /// A sequence that has read `tokens` tokens (at least one).
    ///
    /// # Errors
    /// If the context is too small for these tokens.
    pub fn bench_sequence(&self, tokens: usize) -> Result<BenchSequence, EngineError> {
        let shared = self.shared();
        let mut sequence = Sequence::new(Arc::clone(&shared.weights));
        let sampler = Sampler::new(&Sampling::default(), Arc::clone(&shared.markup));
        let vocabulary = shared.vocabulary.len().max(1);
        // Spread over the vocabulary, so that no row of the embedding stays in the processor's cache.
        let number = |i: usize| u32::try_from((i * 7919 + 11) % vocabulary).unwrap_or_default();
        let tokens: Vec<u32> = (0..tokens.max(1)).map(number).collect();
        let mut logits = Vec::new();
        let last = tokens.len().div_ceil(SLICE) - 1;
        for (i, tokens) in tokens.chunks(SLICE).enumerate() {
            let asked: &[usize] = if i == last { &[tokens.len() - 1] } else { &[] };
            let feed = Feed { sequence: &mut sequence, tokens, asked };
            let answers = read_together(&shared.weights, &mut [feed]).remove(0);
            logits = answers.map_err(failed)?.pop().unwrap_or_default();
        }
        Ok(BenchSequence { sequence, sampler, logits })
    }
}

impl BenchSequence {
    /// Another sequence that begins like this one and shares its cache.
    #[must_use]
    pub fn fork(&self, engine: &LlmEngine) -> Self {
        let sampler = Sampler::new(&Sampling::default(), Arc::clone(&engine.shared().markup));
        Self { sequence: self.sequence.fork(), sampler, logits: self.logits.clone() }
    }

    fn choose(&mut self) -> Result<u32, EngineError> {
        let token = self.sampler.choose(std::mem::take(&mut self.logits), &[]);
        token.ok_or_else(|| EngineError::Failed("the model gave no number".to_owned()))
    }
}

/// Chooses a token for each sequence and reads all tokens in one pass: the cost of the next tokens of as many
/// calls.
///
/// # Errors
/// If a context is full.
pub fn decode_together(engine: &LlmEngine, pieces: &mut [BenchSequence]) -> Result<(), EngineError> {
    let tokens: Vec<u32> = pieces.iter_mut().map(BenchSequence::choose).collect::<Result<_, _>>()?;
    let mut feeds: Vec<Feed<'_>> = pieces
        .iter_mut()
        .zip(&tokens)
        .map(|(piece, token)| Feed {
            sequence: &mut piece.sequence,
            tokens: std::slice::from_ref(token),
            asked: &[0],
        })
        .collect();
    let answers = read_together(&engine.shared().weights, &mut feeds);
    for (piece, answer) in pieces.iter_mut().zip(answers) {
        piece.logits = answer.map_err(failed)?.pop().unwrap_or_default();
    }
    Ok(())
}

/// Sessions for which nothing was computed, to measure how they are found and forgotten.
pub struct BenchSessions(Sessions);

impl BenchSessions {
    /// For `calls` calls at once.
    #[must_use]
    pub fn new(calls: usize) -> Self {
        Self(Sessions::new(calls))
    }

    /// Opens the session of this name; true if it is new.
    pub fn open(&mut self, name: &str) -> bool {
        let is_new = !self.0.knows(name);
        self.0.open(name);
        is_new
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::Failed(format!("the language model failed: {error}"))
}
