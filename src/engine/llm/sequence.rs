//! A sequence of tokens with everything the model computed for it: extended at its end, rolled back,
//! forked. Must not know text, calls or who asked.

use std::sync::Arc;

use super::cache::Cache;
use super::pool::CacheFull;
use super::weights::Weights;

/// Why a sequence could not be extended. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub(super) enum SequenceError {
    #[error("{wanted} tokens do not fit a context of {limit}")]
    Full { wanted: usize, limit: usize },
    #[error("there is no token to read")]
    Nothing,
    #[error("token {0} is not in the vocabulary")]
    UnknownToken(u32),
    #[error("{0}")]
    CacheFull(#[from] CacheFull),
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
}

/// Tokens and their keys and values.
pub(super) struct Sequence {
    weights: Arc<Weights>,
    cache: Cache,
    tokens: Vec<u32>,
}

impl Sequence {
    /// An empty sequence.
    pub(super) fn new(weights: Arc<Weights>) -> Self {
        let cache = weights.new_cache();
        Self { weights, cache, tokens: Vec::new() }
    }

    /// Another sequence that begins like this one. What both have is kept once.
    pub(super) fn fork(&self) -> Self {
        Self { weights: Arc::clone(&self.weights), cache: self.cache.clone(), tokens: self.tokens.clone() }
    }

    /// The tokens read so far.
    pub(super) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// How many tokens still fit.
    pub(super) fn room(&self) -> usize {
        self.weights.positions().saturating_sub(self.tokens.len())
    }

    /// Rolls back to the first `to` tokens.
    pub(super) fn truncate(&mut self, to: usize) {
        self.tokens.truncate(to);
        self.cache.truncate(to);
    }

    /// How many tokens at the beginning are the same as in `tokens`.
    pub(super) fn common_prefix(&self, tokens: &[u32]) -> usize {
        self.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count()
    }

    /// Reads tokens without asking what follows.
    pub(super) fn prefill(&mut self, tokens: &[u32]) -> Result<(), SequenceError> {
        if tokens.is_empty() { Ok(()) } else { self.read(tokens).map(drop) }
    }

    /// Reads tokens (at least one) and gives the logits of the token that follows.
    pub(super) fn extend(&mut self, tokens: &[u32]) -> Result<Vec<f32>, SequenceError> {
        if tokens.is_empty() {
            return Err(SequenceError::Nothing);
        }
        let row = self.read(tokens)?;
        Ok(self.weights.logits(&row)?)
    }

    fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>, SequenceError> {
        if tokens.len() > self.room() {
            let wanted = self.tokens.len() + tokens.len();
            return Err(SequenceError::Full { wanted, limit: self.weights.positions() });
        }
        let vocabulary = self.weights.vocabulary();
        if let Some(&unknown) = tokens.iter().find(|&&t| t as usize >= vocabulary) {
            return Err(SequenceError::UnknownToken(unknown));
        }
        self.cache.reserve(tokens.len())?;
        let row = self.weights.forward(tokens, &mut self.cache)?;
        self.tokens.extend_from_slice(tokens);
        Ok(row)
    }
}
