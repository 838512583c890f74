//! The interface of a language model: conversations go in and replies come out, in bounded steps that serve
//! many replies at once. Must not know calls, threads, or how a model computes.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::EngineError;
use super::guide::Guide;
use super::pool::PoolUse;
use crate::dialogue::{Message, Usage};

/// How tokens are chosen, and how long a reply may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// The maximum number of generated tokens.
    pub max_tokens: usize,
    /// A reply ends after this time, with the text it has so far. `None` is no limit.
    pub time_limit: Option<Duration>,
    /// 0 always takes the likeliest token.
    pub temperature: f32,
    /// Only this number of the likeliest tokens. 0 is off.
    pub top_k: usize,
    /// Nucleus sampling: only the smallest set of tokens with this total probability. 1 is off.
    pub top_p: f32,
    /// Only tokens whose probability is at least this fraction of the likeliest token's. 0 is off.
    pub min_p: f32,
    /// Makes tokens that occurred in this reply less likely: divides their positive logits by this number and
    /// multiplies the negative ones. 1 is off.
    pub repetition_penalty: f32,
    /// Leaves out tokens that no voice can speak: markup and emoji.
    pub speakable: bool,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Texts that end a reply and are not part of it.
    pub stop: Vec<String>,
    /// Holds the reply to a grammar of the model that is asked: only tokens that it allows are chosen.
    pub guide: Option<Guide>,
}

impl Default for Sampling {
    /// Always the likeliest token, at most 60 tokens, and everything else off.
    fn default() -> Self {
        Self {
            max_tokens: 60,
            time_limit: None,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            speakable: false,
            seed: 0,
            stop: Vec::new(),
            guide: None,
        }
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model ended the reply, or a stop text came.
    EndOfText,
    /// `max_tokens` was reached, or the context is full.
    Length,
}

/// What to do with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Answer it.
    Answer,
    /// Prefill: read the words so far of a caller who still speaks, for the answer to come.
    Listen,
    /// Read the conversation in a new form, with an older beginning left out, for the answers to come. The
    /// form in use stays beside it, until the first prompt that begins with the new form.
    Rebuild,
}

/// The result of one step of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A slice of the prompt was read; there is more to do.
    Prefilled,
    /// The text of a token. It may be empty while a character or a possible stop text is incomplete.
    Text(String),
    /// The generation is over.
    Done(StopReason),
}

/// A reply that is being generated, or a prompt that is being read. Dropping it cancels the work; the results
/// so far are kept.
pub trait Generation: Send {
    /// The number of prompt tokens that are still to be read. At 0, every step gives text.
    fn unread(&self) -> usize;
    /// The probability, 0 to 1, that the caller's turn ends with their last word, in the model's view. Known
    /// once the words are read, and returned once. `None` if the model has no marker for the end of a turn.
    fn end_of_turn(&mut self) -> Option<f32>;
    /// The token counts so far.
    fn usage(&self) -> Usage;
}

/// One generation's share of a step.
#[derive(Debug)]
pub struct Share<'a, G> {
    /// The generation.
    pub generation: &'a mut G,
    /// The maximum number of prompt tokens to read, at least one. Meaningless once the prompt is read.
    pub most: usize,
}

/// There is no memory for one more call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoRoom(pub String);

/// The memory that is promised to a call. Dropping the room gives the memory back.
pub struct Room {
    _promised: Box<dyn Any + Send + Sync>,
}

impl Room {
    /// A room that holds `promised`, whose drop gives the memory back.
    #[must_use]
    pub fn new(promised: impl Any + Send + Sync) -> Self {
        Self { _promised: Box::new(promised) }
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Room")
    }
}

/// Promises a model's memory to calls. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    admit: Arc<dyn Fn() -> Result<Room, NoRoom> + Send + Sync>,
    has_room: Arc<dyn Fn() -> bool + Send + Sync>,
    used: Arc<dyn Fn() -> PoolUse + Send + Sync>,
}

impl Rooms {
    /// `admit` promises the memory. `has_room` says whether `admit` would, and promises nothing.
    #[must_use]
    pub fn new(
        admit: impl Fn() -> Result<Room, NoRoom> + Send + Sync + 'static,
        has_room: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { admit: Arc::new(admit), has_room: Arc::new(has_room), used: Arc::new(PoolUse::default) }
    }

    /// The same, of memory in pages; `used` says where they came from.
    #[must_use]
    pub fn of_pages(self, used: impl Fn() -> PoolUse + Send + Sync + 'static) -> Self {
        Self { used: Arc::new(used), ..self }
    }

    /// Where the pages came from that the model took so far; none for a model without pages.
    #[must_use]
    pub fn pages_used(&self) -> PoolUse {
        (self.used)()
    }

    /// True if there is room for one more call.
    #[must_use]
    pub fn has_room(&self) -> bool {
        (self.has_room)()
    }

    /// Promises the memory of one more call.
    ///
    /// # Errors
    /// If there is not enough.
    pub fn admit(&self) -> Result<Room, NoRoom> {
        (self.admit)()
    }
}

/// A language model that serves many calls.
pub trait Generator: Send {
    /// A reply of this model that is being generated.
    type Generation: Generation;

    /// Begins the answer to `messages`, or another task. `session` names the call, so that the history it has
    /// computed before is found again. All calls share the prefix of the system prompt.
    ///
    /// # Errors
    /// If the messages cannot be laid out, or do not fit the context.
    fn begin(
        &mut self,
        session: &str,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<Self::Generation, EngineError>;

    /// Runs one step of every generation in one pass, and returns a result for each. A generation that fails
    /// leaves the others untouched.
    fn step(&mut self, batch: &mut [Share<'_, Self::Generation>]) -> Vec<Result<Step, EngineError>>;

    /// What promises calls their memory.
    fn rooms(&self) -> Rooms {
        Rooms::new(|| Ok(Room::new(())), || true)
    }

    /// Forgets what is kept for `session`.
    fn end_session(&mut self, session: &str);

    /// The number of tokens in `text`.
    fn count_tokens(&self, text: &str) -> usize;
}
