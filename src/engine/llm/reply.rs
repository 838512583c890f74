//! One reply in the making, a bounded piece of work at a time: slices of the prompt, then tokens. Gives
//! what it computed back to its session when it ends or is dropped. Must not know conversations.

use std::sync::{Arc, PoisonError};

use super::decoder::StopFilter;
use super::detokenizer::Detokenizer;
use super::engine::Shared;
use super::prompt::SpokenReply;
use super::sampler::Sampler;
use super::sequence::{Sequence, SequenceError};
use super::sessions::SessionKey;
use crate::engine::{EngineError, Generation, Sampling, Step, StopReason, Usage};

/// Multiplications in one slice of a prompt: about 50 ms where a core does 100 thousand million a second
/// (AVX-512 VNNI).
const SLICE_WORK: usize = 5_000_000_000;
/// Fewer tokens than this read the weights too often (phi3-mini's prompt takes half as long again in
/// slices of 8 as in slices of 64); more would hold up other calls even where the model is small.
const SLICE_TOKENS: std::ops::RangeInclusive<usize> = 16..=64;

/// How far a reply is.
enum State {
    /// The prompt is read up to here.
    Reading(usize),
    /// The next token is chosen from these logits.
    Choosing(Vec<f32>),
    /// This token was given out and is to be read.
    Following(u32),
    Done(StopReason),
}

/// Where a reply starts.
pub(super) struct Start {
    /// Whom to give the sequence back to.
    pub(super) session: Option<SessionKey>,
    /// Begins with the first tokens of the prompt.
    pub(super) sequence: Sequence,
    pub(super) prompt: Vec<u32>,
    /// So many tokens of the prompt are worth keeping for all calls.
    pub(super) shared: usize,
    pub(super) decoder: Detokenizer,
}

/// A reply in the making.
pub(super) struct Reply {
    shared: Arc<Shared>,
    session: Option<SessionKey>,
    /// `None` once it was given back.
    sequence: Option<Sequence>,
    prompt: Vec<u32>,
    pin: usize,
    slice: usize,
    state: State,
    sampler: Sampler,
    decoder: Detokenizer,
    stops: StopFilter,
    spoken: SpokenReply,
    max_tokens: usize,
    usage: Usage,
}

impl Reply {
    pub(super) fn new(shared: Arc<Shared>, start: Start, sampling: &Sampling) -> Self {
        let reused = start.sequence.tokens().len();
        let slice = SLICE_WORK / shared.weights.work_per_token().max(1);
        let bias = if sampling.speakable { Arc::clone(&shared.markup) } else { Arc::new([]) };
        Self {
            slice: slice.clamp(*SLICE_TOKENS.start(), *SLICE_TOKENS.end()),
            shared,
            session: start.session,
            sequence: Some(start.sequence),
            usage: Usage { prompt: start.prompt.len(), reused, generated: 0 },
            prompt: start.prompt,
            pin: start.shared,
            state: State::Reading(reused),
            sampler: Sampler::new(sampling, bias),
            decoder: start.decoder,
            stops: StopFilter::new(&sampling.stop),
            spoken: SpokenReply::default(),
            max_tokens: sampling.max_tokens,
        }
    }

    fn read(&mut self, at: usize) -> Result<Step, EngineError> {
        let end = (at + self.slice).min(self.prompt.len());
        let tokens = self.prompt.get(at..end).unwrap_or_default();
        let sequence = self.sequence.as_mut().ok_or_else(given_back)?;
        if end < self.prompt.len() {
            sequence.prefill(tokens).map_err(failed)?;
            self.state = State::Reading(end);
        } else {
            let logits = sequence.extend(tokens).map_err(failed)?;
            self.state = State::Choosing(logits);
        }
        // A sequence that was rolled back is still right: a pin costs nothing but its memory.
        if self.pin > 0 && self.pin <= end {
            let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            if !sessions.is_pinned(self.prompt.get(..self.pin).unwrap_or_default()) {
                let mut pinned = sequence.fork();
                pinned.truncate(self.pin);
                sessions.pin(pinned);
            }
            self.pin = 0;
        }
        Ok(Step::Prefilled)
    }

    fn choose(&mut self, logits: Vec<f32>) -> Result<Step, EngineError> {
        if self.usage.generated >= self.max_tokens {
            return Ok(self.finish(StopReason::Length, String::new()));
        }
        let token = self.sampler.choose(logits, &self.spoken.tokens);
        let token =
            token.ok_or_else(|| EngineError::Failed("the model gave no number for any token".into()))?;
        if self.shared.vocabulary.ends_reply(token) {
            return Ok(self.finish(StopReason::EndOfText, String::new()));
        }
        self.usage.generated += 1;
        let text = self.decoder.push(&self.shared.vocabulary, token);
        self.spoken.tokens.push(token);
        self.spoken.text.push_str(&text);
        self.spoken.ends.push(self.spoken.text.len());
        let (text, stopped) = self.stops.push(&text);
        if stopped {
            self.stops.finish();
            self.decoder.finish();
            return Ok(self.finish(StopReason::EndOfText, text));
        }
        let full = self.sequence.as_ref().is_none_or(|sequence| sequence.room() == 0);
        if full || self.usage.generated >= self.max_tokens {
            return Ok(self.finish(StopReason::Length, text));
        }
        self.state = State::Following(token);
        Ok(Step::Text(text))
    }

    /// Ends the reply: the last text first, if there is any, then `Done` at the next step. What was held
    /// back is text if the model ended here; if it was cut off, it may be the beginning of a stop text, or
    /// of a character, and is not said.
    fn finish(&mut self, reason: StopReason, mut text: String) -> Step {
        match reason {
            StopReason::EndOfText => {
                let (rest, stopped) = self.stops.push(&self.decoder.finish());
                text.push_str(&rest);
                if !stopped {
                    text.push_str(&self.stops.finish());
                }
            }
            StopReason::Length => {}
        }
        self.state = State::Done(reason);
        self.give_back();
        if text.is_empty() { Step::Done(reason) } else { Step::Text(text) }
    }

    fn give_back(&mut self) {
        let (Some(session), Some(sequence)) = (self.session.take(), self.sequence.take()) else { return };
        let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.keep(&session, sequence, std::mem::take(&mut self.spoken));
    }
}

impl Generation for Reply {
    fn step(&mut self) -> Result<Step, EngineError> {
        match std::mem::replace(&mut self.state, State::Done(StopReason::EndOfText)) {
            State::Reading(at) => self.read(at),
            State::Choosing(logits) => self.choose(logits),
            State::Following(token) => {
                let sequence = self.sequence.as_mut().ok_or_else(given_back)?;
                let logits = sequence.extend(&[token]).map_err(failed)?;
                self.choose(logits)
            }
            State::Done(reason) => {
                self.state = State::Done(reason);
                Ok(Step::Done(reason))
            }
        }
    }

    fn usage(&self) -> Usage {
        self.usage
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn failed(error: SequenceError) -> EngineError {
    EngineError::Failed(format!("the language model failed: {error}"))
}

fn given_back() -> EngineError {
    EngineError::Failed("the reply has ended".into())
}
