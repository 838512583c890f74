//! A language model that gives an answer again where the question was asked before. Must not know calls, nor
//! which questions mean the same.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffered_playback::BufferedPlayback;
use super::cpu_time::CpuTime;
use super::ports::{Think, ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::wanted::Wanted;
use super::{CancelFlag, EngineError, Room, Rooms, Sampling, Task};
use crate::answers::{Answers, Asked, Found, OwnAnswer, Patterns, Statistics};
use crate::dialogue::{CachedBy, Message, Role, Usage};

/// The session of what is asked for the cache.
const SESSION: &str = "cached answers";

/// How tokens are drawn for another wording: the temperature, and the least probability of a token, as a
/// fraction of the likeliest one's.
const FREE: f32 = 0.9;
const LIKELY: f32 = 0.1;

/// A model around which answers are kept. A question that stands alone is answered at once if it was asked
/// before, in the same words or in others of the same meaning, of an agent with the same instructions.
///
/// An answer is kept only if nothing but its question was said. Other questions are asked once more, on their
/// own, while no call needs the model, one at a time; so are other wordings of what is given again. What may
/// call tools is neither kept nor given again.
pub struct AnswerCache {
    model: Arc<dyn Think>,
    patterns: Arc<Patterns>,
    kept: Arc<Kept>,
    told: Box<dyn Fn(Option<CachedBy>) + Send + Sync>,
}

struct Kept {
    answers: Mutex<Answers>,
    /// A question is being asked for the cache.
    asks: AtomicBool,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Answers> {
        // Between two statements it is at worst an answer that is not found.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, asked: &Asked, answer: &str, usage: &Usage) {
        if usage.cut {
            return;
        }
        if let Err(reason) = self.lock().keep(asked, answer, usage.generated) {
            tracing::debug!(%reason, "an answer is not kept");
        }
    }
}

impl AnswerCache {
    /// Keeps at most so many answers of `model`. `told` is called for each question that stands alone, with
    /// how its answer was found.
    #[must_use]
    pub fn new(
        model: Arc<dyn Think>,
        patterns: Arc<Patterns>,
        most: NonZeroUsize,
        told: impl Fn(Option<CachedBy>) + Send + Sync + 'static,
    ) -> Self {
        let kept = Kept { answers: Mutex::new(Answers::new(most)), asks: AtomicBool::new(false) };
        Self { model, patterns, kept: Arc::new(kept), told: Box::new(told) }
    }

    /// The answer that was given before to the question at the end of this conversation; `None` if nobody has
    /// asked it.
    ///
    /// # Errors
    /// Why the answer is this caller's own.
    pub fn find(&self, messages: &[Message]) -> Result<Option<Found>, OwnAnswer> {
        let asked = Asked::read(messages, &self.patterns)?;
        Ok(self.kept.lock().peek(&asked))
    }

    /// How often answers were found.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.kept.lock().statistics()
    }

    /// Whether the question at the end of this conversation could be given again, and nobody has asked it.
    #[must_use]
    pub fn lacks(&self, messages: &[Message]) -> bool {
        self.find(messages).is_ok_and(|found| found.is_none())
    }

    /// Asks the question on its own, for the next one who asks it, if the model has time and memory for that.
    /// `over` is called at its end, if it begins.
    pub fn prepare(
        &self,
        messages: Vec<Message>,
        sampling: &Sampling,
        over: impl FnOnce() + Send + 'static,
    ) -> bool {
        self.ask(messages, sampling, Purpose::Answer, over)
    }

    fn ask(
        &self,
        messages: Vec<Message>,
        sampling: &Sampling,
        purpose: Purpose,
        over: impl FnOnce() + Send + 'static,
    ) -> bool {
        let Ok(asked) = Asked::read(&messages, &self.patterns) else { return false };
        if !self.model.rooms().has_room() || self.kept.asks.swap(true, Ordering::AcqRel) {
            return false;
        }
        let (model, kept, patterns) = (self.model.clone(), self.kept.clone(), self.patterns.clone());
        let mut sink =
            Prepared { model, kept, patterns, asked, purpose, text: String::new(), room: None, over: None };
        sink.room = self.model.rooms().admit().ok();
        // The last room is for a call.
        if sink.room.is_none() || sink.is_closed() {
            return false;
        }
        sink.over = Some(Box::new(over));
        let request = ThinkRequest {
            session: SESSION.to_owned(),
            messages,
            task: Task::Answer,
            // A guide holds the state of one answer.
            sampling: Sampling { guide: None, ..sampling.clone() },
            cancel: CancelFlag::default(),
            wanted: Wanted::default(),
            aside: true,
            buffered: BufferedPlayback::default(),
            cpu: CpuTime::default(),
        };
        self.model.begin(request, Box::new(sink)).is_ok()
    }
}

impl Think for AnswerCache {
    fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        // With tools at hand, the model may do something: that is nobody else's.
        if request.task != Task::Answer || request.aside || request.sampling.guide.is_some() {
            return self.model.begin(request, sink);
        }
        let Ok(asked) = Asked::read(&request.messages, &self.patterns) else {
            return self.model.begin(request, sink);
        };
        let found = self.kept.lock().find(&asked, request.sampling.max_tokens);
        (self.told)(found.as_ref().map(|found| found.by));
        if let Some(found) = found {
            sink.text(found.text);
            sink.done(Ok(Usage { cached: Some(found.by), ..Usage::default() }));
            if self.kept.lock().wants_another_wording(&asked) {
                self.ask(alone(&request.messages), &freely(&request.sampling), Purpose::Wording, || {});
            }
            return Ok(());
        }
        if asked.first {
            let kept = self.kept.clone();
            return self.model.begin(request, Box::new(Keeping { sink, kept, asked, text: String::new() }));
        }
        let (alone, sampling) = (alone(&request.messages), request.sampling.clone());
        self.model.begin(request, sink)?;
        self.prepare(alone, &sampling, || {});
        Ok(())
    }

    fn end_session(&self, session: &str) {
        self.model.end_session(session);
    }

    fn rooms(&self) -> &Rooms {
        self.model.rooms()
    }
}

/// The sink of a call, whose answer is kept.
struct Keeping {
    sink: Box<dyn ThinkSink>,
    kept: Arc<Kept>,
    asked: Asked,
    text: String,
}

impl ThinkSink for Keeping {
    fn has_room(&self) -> bool {
        self.sink.has_room()
    }

    fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }

    fn text(&mut self, text: String) {
        self.text.push_str(&text);
        self.sink.text(text);
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.sink.end_of_turn(probability);
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        if let Ok(usage) = &outcome {
            self.kept.keep(&self.asked, &self.text, usage);
        }
        self.sink.done(outcome);
    }
}

/// The instructions, what was looked up for the question, and the question.
fn alone(messages: &[Message]) -> Vec<Message> {
    let last = messages.len().saturating_sub(1);
    let stays = |(at, message): &(usize, &Message)| *at == last || message.role == Role::System;
    messages.iter().enumerate().filter(stays).map(|(_, message)| message.clone()).collect()
}

/// Tokens are drawn among the likely ones, each time with other random numbers: so that words differ.
fn freely(sampling: &Sampling) -> Sampling {
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let seed = sampling.seed.wrapping_add(1 + TIMES.fetch_add(1, Ordering::Relaxed));
    Sampling {
        temperature: sampling.temperature.max(FREE),
        min_p: sampling.min_p.max(LIKELY),
        seed,
        ..sampling.clone()
    }
}

/// What an answer is asked for, for which no call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be kept.
    Answer,
    /// To be kept beside one, if it says the same in other words.
    Wording,
}

/// An answer that no call waits for.
struct Prepared {
    model: Arc<dyn Think>,
    kept: Arc<Kept>,
    patterns: Arc<Patterns>,
    asked: Asked,
    purpose: Purpose,
    text: String,
    /// The memory of the session.
    room: Option<Room>,
    over: Option<Box<dyn FnOnce() + Send>>,
}

impl ThinkSink for Prepared {
    fn has_room(&self) -> bool {
        true
    }

    /// A call may need the memory.
    fn is_closed(&self) -> bool {
        !self.model.rooms().has_room()
    }

    fn text(&mut self, text: String) {
        self.text.push_str(&text);
    }

    fn end_of_turn(&mut self, _: f32) {}

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        let Ok(usage) = outcome else { return };
        match self.purpose {
            Purpose::Answer => self.kept.keep(&self.asked, &self.text, &usage),
            Purpose::Wording if usage.cut => {}
            Purpose::Wording => {
                self.kept.lock().vary(&self.asked, &self.text, usage.generated, &self.patterns);
            }
        }
    }
}

impl Drop for Prepared {
    /// Also if the model has dropped the request.
    fn drop(&mut self) {
        self.model.end_session(SESSION);
        self.kept.asks.store(false, Ordering::Release);
        if let Some(over) = self.over.take() {
            over();
        }
    }
}

#[cfg(test)]
mod tests;
