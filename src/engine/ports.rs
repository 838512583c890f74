//! What is asked of the engines, one job at a time, and where its outcome goes. Whoever asks keeps its own names of
//! things in the sink: no engine carries them. A batcher, a remote model or a cache around another engine is the same
//! to whoever asks. Must not know who that is.

use super::buffered_playback::BufferedPlayback;
use super::queue::QueueFull;
use super::wanted::Wanted;
use super::{CancelFlag, EngineError, Rooms, Sampling, Speech, Task, Transcript};
use crate::dialogue::{Message, Usage};

/// Takes the outcome of a job, once, on the engine's thread: it must not wait. A job that is dropped in a queue,
/// because it was cancelled or the engines end, may have none.
pub type Deliver<T> = Box<dyn FnOnce(Result<T, EngineError>) + Send>;

/// An utterance to be transcribed.
#[derive(Debug)]
pub struct HearRequest {
    /// Mono samples.
    pub samples: Vec<i16>,
    /// Samples a second: 8,000 or 16,000.
    pub rate: u32,
    /// The speaker is not done: the words are wanted now or not at all. It is worked on only if a core is free at
    /// once, and is cancelled if that is needed elsewhere.
    pub partial: bool,
    /// Ends it early.
    pub cancel: CancelFlag,
}

/// Speech to text.
pub trait Hear: Send + Sync {
    /// Transcribes an utterance.
    ///
    /// # Errors
    /// If there is more to do than can be held.
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull>;
}

/// What a language model is asked.
#[derive(Debug)]
pub struct ThinkRequest {
    /// What the model has computed for this session before is found again.
    pub session: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// What is to be done with it.
    pub task: Task,
    /// How an answer is chosen. Of what is only read, the prompt leaves room for its tokens.
    pub sampling: Sampling,
    /// Ends it early. What was computed by then is kept.
    pub cancel: CancelFlag,
    /// Whether an answer is wanted for certain.
    pub wanted: Wanted,
    /// How long the session's voice can go on: short ones are served first.
    pub buffered: BufferedPlayback,
}

/// Takes what comes of a request, on the engine's thread: nothing of it may wait.
pub trait ThinkSink: Send {
    /// True if all that one step brings can be taken: a text, a score and the end. The model does not go on before.
    fn has_room(&self) -> bool;

    /// True once nobody takes anything any more.
    fn is_closed(&self) -> bool;

    /// A token's text.
    fn text(&mut self, text: String);

    /// How likely it is that the user's turn ends with the words that were read, 0 to 1.
    fn end_of_turn(&mut self, probability: f32);

    /// No more will come; nothing follows.
    fn done(&mut self, outcome: Result<Usage, EngineError>);
}

/// A language model.
pub trait Think: Send + Sync {
    /// Begins what is asked.
    ///
    /// # Errors
    /// If there is more to do than can be held.
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull>;

    /// Forgets what is kept for a session.
    fn end_session(&self, session: &str);

    /// Where sessions are promised their memory.
    fn rooms(&self) -> &Rooms;
}

/// A text to be spoken.
#[derive(Debug)]
pub struct SpeakRequest {
    /// Cleaned for speech.
    pub text: String,
    /// The first piece of a reply: while it is wanted, cores are given sooner.
    pub first: bool,
    /// Whether it is wanted for certain.
    pub wanted: Wanted,
    /// How long the session's voice can go on: short ones are served first.
    pub buffered: BufferedPlayback,
    /// Ends it early.
    pub cancel: CancelFlag,
}

/// Text to speech.
pub trait Speak: Send + Sync {
    /// Speaks a text, at the rate of the phone.
    ///
    /// # Errors
    /// If there is more to do than can be held.
    fn speak(&self, request: SpeakRequest, done: Deliver<Speech>) -> Result<(), QueueFull>;
}
