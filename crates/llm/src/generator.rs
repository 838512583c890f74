//! What a language model is to the rest of the house: conversations go in, replies come out, one bounded
//! step of many replies at a time. Must not know calls, threads, or how a model computes.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::EngineError;
use crate::dialogue::{Message, Usage};

/// How tokens are chosen and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Upper limit of generated tokens.
    pub max_tokens: usize,
    /// A reply ends after this time, with what it has said. `None` is no limit.
    pub time_limit: Option<Duration>,
    /// 0 takes the likeliest token every time.
    pub temperature: f32,
    /// Only so many tokens, the likeliest. 0 is off.
    pub top_k: usize,
    /// Nucleus: the smallest set of tokens with this much probability. 1 is off.
    pub top_p: f32,
    /// Only tokens that are at least this many times as likely as the likeliest. 0 is off.
    pub min_p: f32,
    /// Divides the logits of tokens that occurred in this reply. 1 is off.
    pub repetition_penalty: f32,
    /// Leaves out tokens that no voice can speak: markup and emoji.
    pub speakable: bool,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Texts that end a reply and are not part of it.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    /// The likeliest token every time, at most 60 of them, and nothing else.
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
        }
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model said so, or a stop text came.
    EndOfText,
    /// `max_tokens` was reached, or the context is full.
    Length,
}

/// What is to be done with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Answer it.
    Answer,
    /// The caller still speaks, and these are the words so far: read them, for the answer to come.
    Listen,
    /// Read it for the answers to come, beside what was read of it in another form: an older beginning was
    /// left out. It takes the other's place when the first prompt begins with it.
    Rebuild,
}

/// What one step of a generation brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A slice of the prompt was read; more is to do.
    Prefilled,
    /// A token's text (may be empty while a character or a possible stop text is incomplete).
    Text(String),
    /// No more will come.
    Done(StopReason),
}

/// A reply in the making, or a prompt that is read. Dropping it cancels it; what was computed is kept.
pub trait Generation: Send {
    /// Tokens of the prompt that are still to be read. When there are none, every step gives text.
    fn unread(&self) -> usize;
    /// How likely it is, to the model, that the caller's turn ends with the last of their words: 0 to 1.
    /// Known once they are read, given once; `None` where the model has no sign for it.
    fn end_of_turn(&mut self) -> Option<f32>;
    /// Counts so far.
    fn usage(&self) -> Usage;
}

/// One generation's share of a step.
#[derive(Debug)]
pub struct Share<'a, G> {
    /// Whose.
    pub generation: &'a mut G,
    /// So many tokens of its prompt are read at most, and at least one. Without meaning once it is read.
    pub most: usize,
}

/// There is no memory for one more call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoRoom(pub String);

/// The memory that a call was promised. It is given back when this is dropped.
pub struct Room {
    _promised: Box<dyn Any + Send + Sync>,
}

impl Room {
    /// Given back when `promised` is dropped.
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

/// Promises calls memory of a model. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    admit: Arc<dyn Fn() -> Result<Room, NoRoom> + Send + Sync>,
    has_room: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Rooms {
    /// Promised by `admit`; `has_room` says whether it would, and promises nothing.
    #[must_use]
    pub fn new(
        admit: impl Fn() -> Result<Room, NoRoom> + Send + Sync + 'static,
        has_room: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { admit: Arc::new(admit), has_room: Arc::new(has_room) }
    }

    /// True if there is room for one call more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        (self.has_room)()
    }

    /// Room for one call more.
    ///
    /// # Errors
    /// If there is none.
    pub fn admit(&self) -> Result<Room, NoRoom> {
        (self.admit)()
    }
}

/// A language model that serves many calls.
pub trait Generator: Send {
    /// A reply of this model in the making.
    type Generation: Generation;

    /// Begins the answer to `messages`. `session` names the call, so that what it computed
    /// before (its history) is found again; the prefix of the system prompt is shared by all.
    ///
    /// # Errors
    /// If the messages cannot be laid out, or are too many.
    fn begin(
        &mut self,
        session: &str,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<Self::Generation, EngineError>;

    /// One step of all of these in one pass, with a result for each. One that fails has touched no other.
    fn step(&mut self, batch: &mut [Share<'_, Self::Generation>]) -> Vec<Result<Step, EngineError>>;

    /// Where calls are promised their memory.
    fn rooms(&self) -> Rooms {
        Rooms::new(|| Ok(Room::new(())), || true)
    }

    /// Forgets what is kept for `session`.
    fn end_session(&mut self, session: &str);

    /// How many tokens `text` is.
    fn count_tokens(&self, text: &str) -> usize;
}
