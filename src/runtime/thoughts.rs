//! The answer of a language model for which no call waits: a client gets it, or the records of a call that is
//! over. Must not know its form.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Sleep, sleep};

use crate::dialogue::{Message, Usage};
use crate::engine::buffered_playback::BufferedPlayback;
use crate::engine::cpu_time::CpuTime;
use crate::engine::engines::Engines;
use crate::engine::ports::{Think, ThinkRequest, ThinkSink};
use crate::engine::queue::QueueFull;
use crate::engine::wanted::Wanted;
use crate::engine::{CancelFlag, EngineError, Room, Sampling, Task};

/// Texts that wait for a slow reader. The model does not go on before there is room.
const WAITING: usize = 64;

/// What one step may bring: a text and the end.
const A_STEP: usize = 2;

/// What comes of an answer.
#[derive(Debug)]
pub enum Thought {
    /// The next text.
    Text(String),
    /// The end.
    Done(Result<Usage, EngineError>),
}

struct Sink(Sender<Thought>);

impl ThinkSink for Sink {
    fn has_room(&self) -> bool {
        self.0.capacity() >= A_STEP
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn text(&mut self, text: String) {
        // Without room, nothing was asked for.
        let _ = self.0.try_send(Thought::Text(text));
    }

    fn end_of_turn(&mut self, _: f32) {}

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        let _ = self.0.try_send(Thought::Done(outcome));
    }
}

/// An answer in progress. Dropping it ends the work.
pub struct Thoughts {
    coming: Receiver<Thought>,
    /// Ends when there is no more time.
    due: Pin<Box<Sleep>>,
    session: String,
    engines: Engines,
    cancel: CancelFlag,
    /// The memory of the session.
    _room: Room,
}

impl Thoughts {
    /// Asks this language model. No call waits for the answer, so it gives way to those of calls. It
    /// has `patience`.
    ///
    /// # Errors
    /// If the model has no memory left, or too many wait for it.
    pub fn begin(
        engines: &Engines,
        model: &dyn Think,
        session: String,
        messages: Vec<Message>,
        (sampling, patience): (Sampling, Duration),
    ) -> Result<Self, QueueFull> {
        let no_room = || QueueFull("memory of the language model");
        let room = model.rooms().admit().map_err(|_| no_room())?;
        // The last room is for a call.
        if !model.rooms().has_room() {
            return Err(no_room());
        }
        let (sender, coming) = channel(WAITING);
        let cancel = CancelFlag::default();
        let request = ThinkRequest {
            session: session.clone(),
            messages,
            task: Task::Answer,
            sampling,
            cancel: cancel.clone(),
            wanted: Wanted::default(),
            aside: true,
            buffered: BufferedPlayback::default(),
            cpu: CpuTime::default(),
        };
        model.begin(request, Box::new(Sink(sender)))?;
        let due = Box::pin(sleep(patience));
        Ok(Self { coming, due, session, engines: engines.clone(), cancel, _room: room })
    }

    /// What comes next. It is the end if the model has none, or takes too long.
    pub async fn next(&mut self) -> Thought {
        let gone = || Thought::Done(Err(EngineError::Cancelled));
        tokio::select! {
            thought = self.coming.recv() => thought.unwrap_or_else(gone),
            () = &mut self.due => gone(),
        }
    }
}

impl Drop for Thoughts {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.engines.end_session(&self.session);
    }
}
