//! One reply in the making, or a prompt that is read ahead: slices of the prompt, then tokens, a step of
//! many replies at a time. Gives what it computed back to its session when it ends or is dropped. Must not
//! know conversations, nor who takes part in a step.

use std::sync::{Arc, PoisonError};

use super::decoder::StopFilter;
use super::detokenizer::Detokenizer;
use super::model::Shared;
use super::prompt::SpokenReply;
use super::sampler::Sampler;
use super::sequence::{Answers, Feed, Sequence, SequenceError, read_together};
use super::sessions::{Kept, SessionKey};
use crate::dialogue::Usage;
use crate::generator::Share;
use crate::survive;
use crate::{EngineError, Generation, Sampling, Step, StopReason, Task};

/// How far a reply is.
enum State {
    /// The prompt is read up to here.
    Reading(usize),
    /// This token was given out and is to be read.
    Following(u32),
    Done(StopReason),
}

/// How likely it is that the caller's turn ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Score {
    /// It cannot be told.
    None,
    /// It was told before, of the same words.
    Known(f32),
    /// It is told behind the first so many tokens, by the probability of this marker.
    Behind { words: usize, marker: u32 },
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
    /// How likely it is that the caller's turn ends with it.
    pub(super) score: Score,
    pub(super) task: Task,
    pub(super) decoder: Detokenizer,
    /// See [`Usage`].
    pub(super) read_ahead: usize,
    pub(super) read_in_vain: usize,
}

/// A reply in the making.
pub struct Reply {
    shared: Arc<Shared>,
    session: Option<SessionKey>,
    /// `None` once it was given back.
    sequence: Option<Sequence>,
    prompt: Vec<u32>,
    pin: usize,
    /// Tokens up to the caller's last word, and the marker of the turn's end, until that was read.
    turn: Option<(usize, u32)>,
    /// Told once.
    end_of_turn: Option<f32>,
    /// For those who ask again with the same words: their tokens, and what was told.
    scored: Option<(Vec<u32>, f32)>,
    task: Task,
    state: State,
    sampler: Sampler,
    decoder: Detokenizer,
    stops: StopFilter,
    spoken: SpokenReply,
    max_tokens: usize,
    usage: Usage,
}

/// What a reply reads in a step.
struct Input {
    tokens: Vec<u32>,
    /// After which of them it is asked what follows.
    asked: Vec<usize>,
}

impl Reply {
    pub(super) fn new(shared: Arc<Shared>, start: Start, sampling: &Sampling) -> Self {
        let reused = start.sequence.tokens().len();
        let bias = if sampling.speakable { Arc::clone(&shared.markup) } else { Arc::new([]) };
        let Start { session, sequence, prompt, score, task, decoder, read_ahead, read_in_vain, .. } = start;
        let (turn, end_of_turn) = match score {
            Score::None => (None, None),
            Score::Known(probability) => (None, Some(probability)),
            Score::Behind { words, marker } => (Some((words, marker)), None),
        };
        Self {
            shared,
            session,
            sequence: Some(sequence),
            usage: Usage { prompt: prompt.len(), reused, read_ahead, read_in_vain, generated: 0 },
            prompt,
            pin: start.shared,
            turn,
            end_of_turn,
            scored: None,
            task,
            state: State::Reading(reused),
            sampler: Sampler::new(sampling, bias),
            decoder,
            stops: StopFilter::new(&sampling.stop),
            spoken: SpokenReply::default(),
            max_tokens: sampling.max_tokens,
        }
    }

    /// A step of this reply alone, with as much of its prompt as may be read at once.
    ///
    /// # Errors
    /// If the model fails.
    pub fn step(&mut self) -> Result<Step, EngineError> {
        step_together(&mut [Share { generation: self, most: ALONE }]).remove(0)
    }

    /// What it reads next, with `most` tokens of its prompt; nothing if it is over.
    fn input(&self, most: usize) -> Option<Input> {
        match self.state {
            State::Reading(at) => {
                let end = (at + most.max(1)).min(self.prompt.len());
                let turn = self.turn.map(|(words, _)| words - 1);
                let last = (end == self.prompt.len()).then(|| end - 1);
                let mut asked: Vec<usize> =
                    turn.into_iter().chain(last).filter(|i| (at..end).contains(i)).collect();
                asked.dedup();
                asked.iter_mut().for_each(|i| *i -= at);
                Some(Input { tokens: self.prompt.get(at..end)?.to_vec(), asked })
            }
            State::Following(token) => Some(Input { tokens: vec![token], asked: vec![0] }),
            State::Done(_) => None,
        }
    }

    /// What follows from what it has read.
    fn output(&mut self, input: &Input, answers: Vec<Vec<f32>>) -> Result<Step, EngineError> {
        let mut answers = answers;
        let State::Reading(at) = self.state else {
            return answers.pop().map_or_else(|| Err(no_number()), |logits| self.choose(logits));
        };
        let end = at + input.tokens.len();
        self.state = State::Reading(end);
        if let Some((words, marker)) = self.turn.take_if(|(words, _)| *words <= end) {
            self.end_of_turn =
                answers.first().and_then(|logits| self.shared.marks.end_of_turn(logits, marker));
            let words = self.prompt.get(..words).unwrap_or_default().to_vec();
            self.scored = self.end_of_turn.map(|probability| (words, probability));
        }
        self.pin(end);
        match answers.pop().filter(|_| end == self.prompt.len()) {
            None => Ok(Step::Prefilled),
            Some(logits) if self.task == Task::Answer => self.choose(logits),
            Some(_) => Ok(self.finish(StopReason::Length, String::new())),
        }
    }

    /// Keeps the beginning for all calls, once it is read. A sequence that was rolled back is still right: a
    /// pin costs nothing but its memory.
    fn pin(&mut self, read: usize) {
        let Some(sequence) = self.sequence.as_ref().filter(|_| self.pin > 0 && self.pin <= read) else {
            return;
        };
        let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if !sessions.is_pinned(self.prompt.get(..self.pin).unwrap_or_default()) {
            let mut pinned = sequence.fork();
            pinned.truncate(self.pin);
            sessions.pin(pinned);
        }
        self.pin = 0;
    }

    /// Why it has ended.
    fn ending(&self) -> StopReason {
        match self.state {
            State::Done(reason) => reason,
            State::Reading(_) | State::Following(_) => StopReason::EndOfText,
        }
    }

    fn choose(&mut self, logits: Vec<f32>) -> Result<Step, EngineError> {
        if self.usage.generated >= self.max_tokens {
            return Ok(self.finish(StopReason::Length, String::new()));
        }
        let token = self.sampler.choose(logits, &self.spoken.tokens).ok_or_else(no_number)?;
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
        sessions.keep(
            &session,
            Kept {
                read: sequence.tokens().len().saturating_sub(self.usage.reused),
                sequence,
                task: self.task,
                scored: self.scored.take(),
                reply: std::mem::take(&mut self.spoken),
            },
        );
    }
}

/// More than a slice has at any time.
const ALONE: usize = 64;

/// One step of many replies in one pass.
pub(super) fn step_together(batch: &mut [Share<'_, Reply>]) -> Vec<Result<Step, EngineError>> {
    let inputs: Vec<Option<Input>> = batch.iter().map(|share| share.generation.input(share.most)).collect();
    let shared = batch.first().map(|share| Arc::clone(&share.generation.shared));
    let (mut feeds, promised): (Vec<Feed<'_>>, Vec<bool>) = batch
        .iter_mut()
        .zip(&inputs)
        .filter_map(|(share, input)| {
            let promised = share.generation.task == Task::Answer;
            let (sequence, input) = (share.generation.sequence.as_mut()?, input.as_ref()?);
            Some((Feed { sequence, tokens: &input.tokens, asked: &input.asked }, promised))
        })
        .unzip();
    let answers = match shared {
        Some(shared) if !feeds.is_empty() => read_all(&shared, &mut feeds, &promised),
        Some(_) | None => Vec::new(),
    };
    let mut answers = answers.into_iter();
    let each = batch.iter_mut().zip(inputs).map(|(share, input)| {
        let reply = &mut *share.generation;
        let answer: Option<Answers> =
            input.as_ref().filter(|_| reply.sequence.is_some()).and_then(|_| answers.next());
        match (input, answer) {
            (Some(input), Some(Ok(answers))) => survive("language model", || reply.output(&input, answers)),
            (_, Some(Err(error))) => Err(failed(error)),
            (_, None) | (None, Some(Ok(_))) => Ok(Step::Done(reply.ending())),
        }
    });
    each.collect()
}

/// Reads in one pass. Whoever was `promised` room and finds the cache full reads after it, once others have
/// let go of what they do not need at once.
fn read_all(shared: &Shared, feeds: &mut [Feed<'_>], promised: &[bool]) -> Vec<Answers> {
    let pool = shared.weights.pool();
    let let_go = || shared.sessions.lock().unwrap_or_else(PoisonError::into_inner).let_go();
    // What is let go of may be shared with somebody who still has it: then it frees nothing.
    let frees_pages = || {
        let free = pool.pages_free();
        while let_go() {
            if pool.pages_free() > free {
                return true;
            }
        }
        false
    };
    let mut answers = read_together(&shared.weights, feeds);
    for ((feed, answer), promised) in feeds.iter_mut().zip(&mut answers).zip(promised) {
        while *promised && matches!(answer, Err(SequenceError::CacheFull(_))) && frees_pages() {
            *answer = read_together(&shared.weights, std::slice::from_mut(feed)).remove(0);
        }
    }
    answers
}

impl Generation for Reply {
    fn unread(&self) -> usize {
        match self.state {
            State::Reading(at) => self.prompt.len() - at,
            State::Following(_) | State::Done(_) => 0,
        }
    }

    fn end_of_turn(&mut self) -> Option<f32> {
        self.end_of_turn.take()
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

fn no_number() -> EngineError {
    EngineError::Failed("the model gave no number for any token".into())
}
