//! One reply that is being generated, or a prefill: slices of the prompt, then tokens, in steps that serve
//! many replies at once. It gives its results back to the session when it ends or is dropped. Must not know
//! conversations, nor which replies share a step.

use std::sync::{Arc, PoisonError};

use super::decoder::StopFilter;
use super::detokenizer::Detokenizer;
use super::guide::Guided;
use super::model::Shared;
use super::prompt::SpokenReply;
use super::sampler::Sampler;
use super::sequence::{Answers, Feed, Sequence, SequenceError, read_together};
use super::sessions::{Kept, SessionKey};
use super::thoughts::{ThoughtFilter, is_mark};
use crate::dialogue::Usage;
use crate::generator::Share;
use crate::survive;
use crate::{EngineError, Generation, Sampling, Step, StopReason, Task};

/// The progress of a reply.
enum State {
    /// The prompt is read up to this token.
    Reading(usize),
    /// This token was given out and is read next.
    Following(u32),
    Done(StopReason),
}

/// How the probability that the caller's turn ends is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Score {
    /// There is none.
    None,
    /// It is known from an earlier prompt with the same words.
    Known(f32),
    /// From the logits after the first `words` tokens: whether `marker` or a mark that ends a sentence
    /// follows.
    Behind { words: usize, marker: u32 },
}

/// The start of a reply.
pub(super) struct Start {
    /// The session that gets the sequence back.
    pub(super) session: Option<SessionKey>,
    /// Holds the first tokens of the prompt, as far as they are known.
    pub(super) sequence: Sequence,
    pub(super) prompt: Vec<u32>,
    /// The number of tokens at the start of the prompt that are worth keeping for all calls.
    pub(super) shared: usize,
    /// How the end of the caller's turn in the prompt is scored.
    pub(super) score: Score,
    pub(super) task: Task,
    pub(super) decoder: Detokenizer,
    /// The mark that ends the thought in which the reply begins.
    pub(super) thought: Option<&'static str>,
    /// See [`Usage`].
    pub(super) read_ahead: usize,
    pub(super) read_in_vain: usize,
    /// The grammar that the reply is held to.
    pub(super) guided: Option<Guided>,
}

/// A reply that is being generated.
pub struct Reply {
    shared: Arc<Shared>,
    session: Option<SessionKey>,
    /// `None` once it is given back.
    sequence: Option<Sequence>,
    prompt: Vec<u32>,
    pin: usize,
    /// The number of tokens up to the caller's last word, and the marker of the turn's end. `None` once the
    /// word is read.
    turn: Option<(usize, u32)>,
    /// The probability that the turn ends, until it is returned.
    end_of_turn: Option<f32>,
    /// The tokens up to the caller's last word and their score, for later prompts with the same words.
    scored: Option<(Vec<u32>, f32)>,
    task: Task,
    state: State,
    sampler: Sampler,
    /// The grammar that the reply is held to. Its thoughts are free.
    guided: Option<Guided>,
    decoder: Detokenizer,
    thoughts: ThoughtFilter,
    stops: StopFilter,
    spoken: SpokenReply,
    max_tokens: usize,
    usage: Usage,
}

/// The tokens that a reply reads in a step.
struct Input {
    tokens: Vec<u32>,
    /// The indices of the tokens whose logits are needed.
    asked: Vec<usize>,
}

impl Reply {
    pub(super) fn new(shared: Arc<Shared>, start: Start, sampling: &Sampling) -> Self {
        let reused = start.sequence.tokens().len();
        let Start { session, sequence, prompt, score, task, decoder, thought, guided, .. } = start;
        // A grammar has signs that no voice can speak. It sees to its words itself.
        let speakable = sampling.speakable && guided.is_none();
        let bias = Arc::clone(if speakable { &shared.markup } else { &shared.thoughts });
        let (turn, end_of_turn) = match score {
            Score::None => (None, None),
            Score::Known(probability) => (None, Some(probability)),
            Score::Behind { words, marker } => (Some((words, marker)), None),
        };
        Self {
            shared,
            session,
            sequence: Some(sequence),
            usage: Usage {
                prompt: prompt.len(),
                reused,
                read_ahead: start.read_ahead,
                read_in_vain: start.read_in_vain,
                ..Usage::default()
            },
            prompt,
            pin: start.shared,
            turn,
            end_of_turn,
            scored: None,
            task,
            state: State::Reading(reused),
            sampler: Sampler::new(sampling, bias),
            guided,
            decoder,
            thoughts: ThoughtFilter::new(thought),
            stops: StopFilter::new(&sampling.stop),
            spoken: SpokenReply::default(),
            max_tokens: sampling.max_tokens,
        }
    }

    /// Runs a step of this reply alone, with as much of its prompt as may be read at once.
    ///
    /// # Errors
    /// If the model fails.
    pub fn step(&mut self) -> Result<Step, EngineError> {
        step_together(&mut [Share { generation: self, most: ALONE }]).remove(0)
    }

    /// The next input, with at most `most` tokens of the prompt. `None` if the reply is over.
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

    /// The result of a step, from the logits of its input.
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

    /// Keeps the beginning of the prompt for all calls, once it is read. A sequence that is rolled back to it
    /// is still right, so a pin costs nothing but its memory.
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

    /// Why the reply has ended.
    fn ending(&self) -> StopReason {
        match self.state {
            State::Done(reason) => reason,
            State::Reading(_) | State::Following(_) => StopReason::EndOfText,
        }
    }

    fn choose(&mut self, mut logits: Vec<f32>) -> Result<Step, EngineError> {
        if self.usage.generated >= self.max_tokens {
            return Ok(self.finish(StopReason::Length, String::new()));
        }
        let thinking = self.thoughts.is_inside();
        let mut guided = self.guided.as_mut().filter(|_| !thinking);
        if let Some(guided) = &mut guided {
            guided.mask(&mut logits)?;
        }
        let token = self.sampler.choose(logits, &self.spoken.tokens).ok_or_else(no_number)?;
        if self.shared.vocabulary.ends_reply(token) {
            return Ok(self.finish(StopReason::EndOfText, String::new()));
        }
        self.usage.generated += 1;
        let mark = self.shared.vocabulary.piece(token).map(|piece| &piece.text).filter(|text| is_mark(text));
        let text = match mark {
            Some(mark) => mark.clone(),
            None => self.decoder.push(&self.shared.vocabulary, token),
        };
        let (mut text, complete) = match guided {
            Some(guided) => {
                guided.take(token, &text)?;
                (text, guided.is_complete())
            }
            None => (self.thoughts.push(&text), false),
        };
        if thinking && self.guided.is_some() {
            // What is held to a grammar begins with the token after its thought. In it, a mark is text.
            text.clear();
            if !self.thoughts.is_inside() {
                self.thoughts = ThoughtFilter::default();
            }
        }
        // Templates leave earlier thoughts out, and so do later prompts.
        if !self.thoughts.is_inside() && mark.is_none() {
            self.spoken.tokens.push(token);
            self.spoken.text.push_str(&text);
            self.spoken.ends.push(self.spoken.text.len());
        }
        let (text, stopped) = self.stops.push(&text);
        if stopped {
            self.stops.finish();
            self.decoder.finish();
            return Ok(self.finish(StopReason::EndOfText, text));
        }
        if complete {
            return Ok(self.finish(StopReason::EndOfText, text));
        }
        let full = self.sequence.as_ref().is_none_or(|sequence| sequence.room() == 0);
        if full || self.usage.generated >= self.max_tokens {
            return Ok(self.finish(StopReason::Length, text));
        }
        self.state = State::Following(token);
        Ok(Step::Text(text))
    }

    /// Ends the reply: the last text comes first, if there is any, and `Done` at the next step. Text that was
    /// held back is given out if the model ended the reply. If the reply was cut off, this text may be the
    /// beginning of a stop text or of a character, and is dropped.
    fn finish(&mut self, reason: StopReason, mut text: String) -> Step {
        match reason {
            StopReason::EndOfText => {
                let mut last = self.thoughts.push(&self.decoder.finish());
                last.push_str(&self.thoughts.finish());
                let (rest, stopped) = self.stops.push(&last);
                text.push_str(&rest);
                if !stopped {
                    text.push_str(&self.stops.finish());
                }
            }
            StopReason::Length => self.usage.cut = true,
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

/// Prompt tokens in a step of a reply alone. No slice in a batch is longer.
const ALONE: usize = 64;

/// Runs one step of many replies in one pass.
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

/// Reads all feeds in one pass. A feed that was `promised` room and finds the cache full is read again after
/// the pass, once sessions have let go of what can be computed again.
fn read_all(shared: &Shared, feeds: &mut [Feed<'_>], promised: &[bool]) -> Vec<Answers> {
    let pool = shared.weights.pool();
    let let_go = || shared.sessions.lock().unwrap_or_else(PoisonError::into_inner).let_go();
    // A sequence that is let go may share its pages with another one. Then no page becomes free.
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
        self.usage.clone()
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

#[cfg(test)]
mod guided_tests;
#[cfg(test)]
mod thought_tests;
