//! Takes what calls tell: `tell` puts it into a queue, one thread keeps it in the spool, and others send it.
//! An end point that is slow, gone or wrong never delays a call. Must not know what an event means.

use std::fmt;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::Happened;

use crate::event::{Told, kind};
use crate::options::{Counters, Options};
use crate::post::Poster;
use crate::shared::Shared;
use crate::spool::{Spool, SpoolError};
use crate::{keeper, lane};

/// How long it may take to keep the last events when webhooks are dropped that were not closed.
const WHEN_DROPPED: Duration = Duration::from_secs(2);

/// Why no webhooks can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// An option that would let nothing through.
    #[error("the {0} of the webhooks is 0, so that nothing would be sent: expected at least 1")]
    Zero(&'static str),
    /// No request can be made from this machine.
    #[error("no request can be made from here ({0}): see whether this system has certificates to trust")]
    Client(String),
    /// The system gives no thread.
    #[error("the threads that send webhooks cannot be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// Sends events of calls. Its handle is shared by all calls.
pub struct Webhooks {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Webhooks {
    /// Opens the spool and starts the threads that send. What is in the spool from before is sent first. The
    /// end point needs not be there yet.
    ///
    /// # Errors
    /// If the spool cannot be used, if a number is 0, or if the system has no thread or no certificates.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let numbers = [
            ("queue", options.queue == 0),
            ("number of lanes", options.lanes == 0),
            ("timeout", options.timeout.is_zero()),
            ("number of tries", options.retries.tries == 0),
            ("room of the spool", options.most_rows == 0 || options.most_bytes == 0),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(OpenError::Zero(name));
        }
        let spool = Spool::open(&options.file)?;
        let shared = Arc::new(Shared::new(options, spool));
        // The client is made on its thread: it may not be made or dropped within an asynchronous runtime.
        let (opened, is_open) = sync_channel(1);
        let thread = std::thread::Builder::new().name("webhooks".into());
        let ours = Arc::clone(&shared);
        let thread = thread.spawn(move || run(&ours, &opened)).map_err(OpenError::Thread)?;
        let is_open =
            is_open.recv().unwrap_or_else(|_| Err(OpenError::Client("its thread ended".to_owned())));
        is_open?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Takes what happened in a call, `at_unix` after the beginning of 1970. It does not wait: what does not
    /// fit into the queue is dropped and counted.
    pub fn tell(&self, at_unix: Duration, call: &CallId, happened: &Happened) {
        if kind(happened).is_none() {
            return;
        }
        let important = !matches!(happened, Happened::Turn(_));
        let told = || Told { at: at_unix, call: call.clone(), happened: happened.clone() };
        self.shared.queue.push(important, told);
    }

    /// Takes nothing more, and waits until all that was told is in the spool and no request is on its way.
    /// What is not delivered waits there for the next start. Returns false if that takes longer.
    pub fn close(&self, within: Duration) -> bool {
        self.shared.queue.shut();
        self.shared.wake();
        let ended = self.shared.queue.ends_within(within);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) if ended => thread.join().is_ok(),
            Some(_) | None => ended,
        }
    }

    /// What was done since the webhooks were opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }
}

/// Keeps and sends until the end.
fn run(shared: &Shared, opened: &SyncSender<Result<(), OpenError>>) {
    let poster = match Poster::new(shared.options.endpoint.clone()) {
        Ok(poster) => poster,
        Err(problem) => {
            let _ = opened.send(Err(OpenError::Client(problem)));
            return;
        }
    };
    std::thread::scope(|scope| {
        for number in 0..shared.options.lanes {
            let lane = std::thread::Builder::new().name(format!("webhook-{number}"));
            if let Err(error) = lane.spawn_scoped(scope, || lane::run(shared, &poster)) {
                shared.queue.shut();
                shared.wake();
                let _ = opened.send(Err(OpenError::Thread(error)));
                return;
            }
        }
        let _ = opened.send(Ok(()));
        keeper::run(shared);
    });
    shared.queue.end();
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        if self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.close(WHEN_DROPPED);
        }
    }
}

/// Without what waits, which may be words of callers.
impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
