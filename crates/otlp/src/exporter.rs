//! Takes what calls tell: `tell` puts it into a queue, and a thread makes spans of it and sends them. A
//! collector that is slow, gone or wrong costs spans and never delays a call. Must not know what an event
//! means.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::Happened;

use crate::endpoint::{self, BadEndpoint, Endpoint};
use crate::options::{Counters, Options};
use crate::sender::Shared;
use crate::told::{Told, is_important};
use crate::worker::Worker;

/// How long the last spans may take when an exporter is dropped that was not closed.
const WHEN_DROPPED: Duration = Duration::from_secs(2);

/// Why no traces can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address or a header is none.
    #[error(transparent)]
    Endpoint(#[from] BadEndpoint),
    /// An option that would let nothing through.
    #[error("the {0} of the traces is 0, so that nothing would be sent: expected at least 1")]
    Zero(&'static str),
    /// Viewers sort traces by the names of servers.
    #[error("the server has no name for its traces: give one, such as offhook")]
    NoName,
    /// No request can be made from this machine.
    #[error("no request can be made from here ({0}): see whether this system has certificates to trust")]
    Client(String),
    /// The system gives no thread.
    #[error("the thread that sends traces cannot be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// Sends traces of calls to a collector. Its handle is shared by all calls.
pub struct Exporter {
    shared: Arc<Shared>,
    words: bool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Exporter {
    /// Starts the thread that sends. The collector needs not be there yet.
    ///
    /// # Errors
    /// If the address or a header is none, if a number is 0, or if the system has no thread or no
    /// certificates.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let endpoint = Endpoint::new(&options.endpoint)?;
        let headers = endpoint::headers(&options.headers)?;
        let numbers = [
            ("queue", options.queue == 0),
            ("batch", options.batch == 0),
            ("timeout", options.timeout.is_zero()),
            ("number of tries", options.retries.tries == 0),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(OpenError::Zero(name));
        }
        if options.service_name.trim().is_empty() {
            return Err(OpenError::NoName);
        }
        let words = options.words;
        let shared = Arc::new(Shared::of(options.queue));
        let worker = Worker { shared: Arc::clone(&shared), options, endpoint, headers };
        // The client is made on its thread: it may not be made or dropped within an asynchronous runtime.
        let (opened, is_open) = sync_channel(1);
        let thread = std::thread::Builder::new().name("otlp".into());
        let thread = thread.spawn(move || worker.run(&opened)).map_err(OpenError::Thread)?;
        let is_open = is_open.recv().unwrap_or_else(|_| Err("its thread ended".to_owned()));
        is_open.map_err(OpenError::Client)?;
        Ok(Self { shared, words, thread: Mutex::new(Some(thread)) })
    }

    /// Takes what happened in a call, `at_unix` after the beginning of 1970. It does not wait: what does not
    /// fit into the queue is dropped and counted. The call's clock is taken to begin when its start is told.
    pub fn tell(&self, at_unix: Duration, call: &CallId, happened: &Happened) {
        if matches!(happened, Happened::Summarised(_)) {
            return;
        }
        self.shared.queue.push(is_important(happened), || Told::of(at_unix, call, happened, self.words));
    }

    /// Waits until all that was told is sent, or dropped. Returns false if that takes longer.
    pub fn flush(&self, within: Duration) -> bool {
        self.shared.queue.flush(within)
    }

    /// Takes nothing more, and waits until all is sent, or dropped: what fails now is not tried again.
    /// Returns false if that takes longer; what is left is dropped then. Calls in progress get no span of
    /// their own.
    pub fn close(&self, within: Duration) -> bool {
        let closed = self.shared.queue.close(within);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) if closed => thread.join().is_ok(),
            Some(_) | None => closed,
        }
    }

    /// What was done since the exporter was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let (waiting, dropped) = self.shared.queue.counts();
        Counters {
            sent: self.shared.sent.load(Relaxed),
            requests: self.shared.requests.load(Relaxed),
            rejected: self.shared.rejected.load(Relaxed),
            odd_answers: self.shared.odd_answers.load(Relaxed),
            dropped,
            lost: self.shared.lost.load(Relaxed),
            failed: self.shared.failed.load(Relaxed),
            forgotten: self.shared.forgotten.load(Relaxed),
            waiting: waiting as u64,
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.close(WHEN_DROPPED);
        }
    }
}

/// Without what waits, which may be words of callers.
impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
