//! The ports of the engines: jobs in, outcomes into a sink. The client of a port keeps its own names in the
//! sink; no engine carries them. To the client, a batcher, a remote model or a cache around another engine
//! all look the same. Must not know the client.

use super::buffered_playback::BufferedPlayback;
use super::cpu_time::CpuTime;
use super::queue::QueueFull;
use super::wanted::Wanted;
use super::{CancelFlag, EngineError, Rooms, Sampling, Speech, Task, Transcript};
use crate::dialogue::{Message, Usage};

/// Takes the outcome of a job, once. It runs on the thread of the engine and must not block. A job may have
/// no outcome if it is dropped in a queue, because it was cancelled or because the engines end.
pub type Deliver<T> = Box<dyn FnOnce(Result<T, EngineError>) + Send>;

/// An utterance to be transcribed.
#[derive(Debug)]
pub struct HearRequest {
    /// Mono samples.
    pub samples: Vec<i16>,
    /// Samples a second: 8,000 or 16,000.
    pub rate: u32,
    /// The speaker is not done: the words are wanted now or not at all. The job runs only if a core is free
    /// at once, and is cancelled if the core is needed elsewhere.
    pub partial: bool,
    /// Ends the job early.
    pub cancel: CancelFlag,
    /// Gets the time for which cores were held for the job.
    pub cpu: CpuTime,
}

/// Speech to text.
pub trait Hear: Send + Sync {
    /// Transcribes an utterance.
    ///
    /// # Errors
    /// If the queue is full.
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull>;
}

/// A request to a language model.
#[derive(Debug)]
pub struct ThinkRequest {
    /// The session: what the model has computed for it is reused.
    pub session: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// What to do with the conversation.
    pub task: Task,
    /// How tokens are sampled. A prompt that is only prefilled leaves room for the tokens of the answer, too.
    pub sampling: Sampling,
    /// Ends the job early. The computation so far is kept.
    pub cancel: CancelFlag,
    /// Whether the answer is certainly wanted.
    pub wanted: Wanted,
    /// No call asks: it waits while calls are answered.
    pub aside: bool,
    /// How much audio the session has left to play. Sessions with less are served first.
    pub buffered: BufferedPlayback,
    /// Gets the time for which cores were held for the job; steps for several jobs count in equal shares.
    pub cpu: CpuTime,
}

/// Takes the results of a request. It runs on the thread of the engine, and none of its methods may block.
pub trait ThinkSink: Send {
    /// True if it can take all that one step brings: a text, a score and the end. The model does not go on
    /// before that. The end has a place even without room, and so have one score and one text before it.
    fn has_room(&self) -> bool;

    /// True once nobody takes results any more. A model looks before it begins, and before each step.
    fn is_closed(&self) -> bool;

    /// The text of a token.
    fn text(&mut self, text: String);

    /// The probability that the turn of the user ends with the words in the prompt, 0 to 1.
    fn end_of_turn(&mut self, probability: f32);

    /// The end of the request; nothing follows.
    fn done(&mut self, outcome: Result<Usage, EngineError>);
}

/// A language model.
pub trait Think: Send + Sync {
    /// Begins a request.
    ///
    /// # Errors
    /// If the queue is full.
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull>;

    /// Forgets a session.
    fn end_session(&self, session: &str);

    /// Reserves the memory of sessions.
    fn rooms(&self) -> &Rooms;
}

/// A text to be spoken.
#[derive(Debug, Clone)]
pub struct SpeakRequest {
    /// Cleaned for speech.
    pub text: String,
    /// The first chunk of a reply. If it is wanted, it gets cores sooner.
    pub first: bool,
    /// Whether the speech is certainly wanted.
    pub wanted: Wanted,
    /// How much audio the session has left to play. Sessions with less are served first.
    pub buffered: BufferedPlayback,
    /// Ends the job early.
    pub cancel: CancelFlag,
    /// Gets the time for which cores were held for the job.
    pub cpu: CpuTime,
}

impl SpeakRequest {
    /// A text that no call waits for yet: neither wanted nor the first of a reply.
    #[must_use]
    pub fn prepared(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            first: false,
            wanted: Wanted::default(),
            buffered: BufferedPlayback::default(),
            cancel: CancelFlag::default(),
            cpu: CpuTime::default(),
        }
    }
}

/// Takes the speech of a text, part by part. It runs on the thread of the engine, and none of its methods may
/// block. A job may bring nothing if it is dropped in a queue, because it was cancelled or because the
/// engines end.
pub trait SpeakSink: Send {
    /// The next part; more follows.
    fn part(&mut self, part: Speech);

    /// The last part or all of it, or the failure; nothing follows.
    fn done(&mut self, outcome: Result<Speech, EngineError>);

    /// True once nobody takes parts any more.
    fn is_closed(&self) -> bool {
        false
    }
}

/// Text to speech.
pub trait Speak: Send + Sync {
    /// Speaks a text, at the sample rate of the phone.
    ///
    /// # Errors
    /// If the queue is full.
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull>;
}
