//! A sequence of tokens with everything that the model computed for them. It is extended at its end together
//! with other sequences, rolled back, and forked. Must not know text, calls or who asked.

use std::sync::Arc;

use super::cache::Cache;
use super::pool::CacheFull;
use super::weights::{Portion, Weights};

/// Why a sequence could not be extended. The sequence is unchanged.
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
    Failed(String),
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

    /// Another sequence that begins like this one. The common beginning is kept once.
    pub(super) fn fork(&self) -> Self {
        Self { weights: Arc::clone(&self.weights), cache: self.cache.clone(), tokens: self.tokens.clone() }
    }

    /// The tokens read so far.
    pub(super) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The number of tokens that still fit.
    pub(super) fn room(&self) -> usize {
        self.weights.positions().saturating_sub(self.tokens.len())
    }

    /// Rolls back to the first `to` tokens.
    pub(super) fn truncate(&mut self, to: usize) {
        self.tokens.truncate(to);
        self.cache.truncate(to);
    }

    /// The number of tokens at the beginning that match `tokens`.
    pub(super) fn common_prefix(&self, tokens: &[u32]) -> usize {
        self.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count()
    }

    /// Reads tokens without computing logits.
    #[cfg(test)]
    pub(super) fn prefill(&mut self, tokens: &[u32]) -> Result<(), SequenceError> {
        if tokens.is_empty() { Ok(()) } else { self.read(tokens, &[]).map(drop) }
    }

    /// Reads tokens (at least one) and returns the logits of the next token.
    #[cfg(test)]
    pub(super) fn extend(&mut self, tokens: &[u32]) -> Result<Vec<f32>, SequenceError> {
        Ok(self.read(tokens, &[tokens.len().saturating_sub(1)])?.remove(0))
    }

    #[cfg(test)]
    fn read(&mut self, tokens: &[u32], asked: &[usize]) -> Result<Vec<Vec<f32>>, SequenceError> {
        let weights = Arc::clone(&self.weights);
        read_together(&weights, &mut [Feed { sequence: self, tokens, asked }]).remove(0)
    }

    /// Checks that these tokens can be read, and reserves room for their keys and values.
    fn prepare(&mut self, tokens: &[u32]) -> Result<(), SequenceError> {
        if tokens.is_empty() {
            return Err(SequenceError::Nothing);
        }
        if tokens.len() > self.room() {
            let wanted = self.tokens.len() + tokens.len();
            return Err(SequenceError::Full { wanted, limit: self.weights.positions() });
        }
        // Numbers that a failed pass has left are no part of the sequence.
        self.cache.truncate(self.tokens.len());
        let vocabulary = self.weights.vocabulary();
        if let Some(&unknown) = tokens.iter().find(|&&t| t as usize >= vocabulary) {
            return Err(SequenceError::UnknownToken(unknown));
        }
        Ok(self.cache.reserve(tokens.len())?)
    }
}

/// The tokens that one sequence reads in a pass.
pub(super) struct Feed<'a> {
    pub(super) sequence: &'a mut Sequence,
    pub(super) tokens: &'a [u32],
    /// The indices of the tokens after which logits are wanted, in order.
    pub(super) asked: &'a [usize],
}

/// The logits of a sequence, one set for each index in `asked`.
pub(super) type Answers = Result<Vec<Vec<f32>>, SequenceError>;

/// Extends several sequences of one model in one pass, each by its own tokens. A sequence that cannot be
/// extended is left out and stays unchanged. If the whole pass fails, each sequence reads alone.
pub(super) fn read_together(weights: &Weights, feeds: &mut [Feed<'_>]) -> Vec<Answers> {
    let mut answers: Vec<Answers> =
        feeds.iter_mut().map(|feed| feed.sequence.prepare(feed.tokens).map(|()| Vec::new())).collect();
    let going: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    let mut parts: Vec<Portion<'_>> = feeds
        .iter_mut()
        .zip(&going)
        .filter(|(_, going)| **going)
        .map(|(feed, _)| Portion { tokens: feed.tokens, cache: &mut feed.sequence.cache, kept: feed.asked })
        .collect();
    let alone = parts.len() == 1;
    let _on_duty = weights.kernels().on_duty();
    match weights.forward(&mut parts).and_then(|rows| weights.logits(&rows)) {
        Ok(logits) => {
            let mut logits = logits.into_iter();
            for (feed, answer) in feeds.iter_mut().zip(&mut answers) {
                if let Ok(answer) = answer {
                    answer.extend(logits.by_ref().take(feed.asked.len()));
                    feed.sequence.tokens.extend_from_slice(feed.tokens);
                }
            }
        }
        Err(error) => {
            for (feed, answer) in feeds.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_ok()) {
                let one = std::slice::from_mut(feed);
                *answer = if alone {
                    Err(SequenceError::Failed(error.to_string()))
                } else {
                    read_together(weights, one).remove(0)
                };
            }
        }
    }
    answers
}
