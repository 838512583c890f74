//! Where events are posted and how, and what the program hears of it. Must not know how anything is sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{self, Clock};
use crate::endpoint::Endpoint;
use crate::schedule::Retries;
use crate::signing::Signer;

/// Where events are posted and how.
#[derive(Clone)]
pub struct Options {
    /// Where they are posted.
    pub endpoint: Endpoint,
    /// Signs them.
    pub signer: Signer,
    /// The spool: the file in which they are kept until they are delivered or given up.
    pub file: PathBuf,
    /// Whether words of callers and of the agent, numbers, custom data and the texts of failures are sent.
    pub words: bool,
    /// How long a request may take, up to the status of its answer.
    pub timeout: Duration,
    /// When one is tried again.
    pub retries: Retries,
    /// How many events may wait for the spool. More are dropped and counted.
    pub queue: usize,
    /// How many events the spool may hold, and bytes of them; the oldest are dropped and counted.
    pub most_rows: u64,
    /// See `most_rows`.
    pub most_bytes: u64,
    /// Requests at once. Events of one call follow each other.
    pub lanes: usize,
    /// How often the spool is looked at while something in it waits for its time.
    pub look: Duration,
    /// The time of day.
    pub clock: Clock,
    /// Told of trouble, on a thread of this crate. It must not wait.
    pub report: Report,
}

/// Told of trouble.
pub type Report = Arc<dyn Fn(&Trouble) + Send + Sync>;

impl Options {
    /// The usual options: no words, requests of 5 s, three at once, 10,000 events or 64 MiB in the spool.
    #[must_use]
    pub fn new(endpoint: Endpoint, signer: Signer, file: impl Into<PathBuf>) -> Self {
        Self {
            endpoint,
            signer,
            file: file.into(),
            words: false,
            timeout: Duration::from_secs(5),
            retries: Retries::default(),
            queue: 4096,
            most_rows: 10_000,
            most_bytes: 64 << 20,
            lanes: 3,
            look: Duration::from_secs(1),
            clock: clock::system(),
            report: Arc::new(|_| {}),
        }
    }
}

/// What goes wrong with webhooks. Calls go on all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A try failed. It is told once, until one goes well.
    #[error("webhooks wait, because {address} does not take them: {problem}")]
    Waiting {
        /// Where they are posted.
        address: String,
        /// What happened, and what may help.
        problem: String,
    },
    /// The end point takes events again.
    #[error("webhooks are delivered again")]
    Recovered,
    /// One event will not be delivered.
    #[error("the webhook {kind} of call {call} is given up: {problem}")]
    GivenUp {
        /// Its type.
        kind: String,
        /// Its call.
        call: String,
        /// What happened, and what may help.
        problem: String,
    },
    /// The end point wants no more.
    #[error(
        "{address} answers 410, so it wants no more webhooks: none are sent until the server is started again"
    )]
    Gone {
        /// Where they were posted.
        address: String,
    },
    /// The spool cannot be read or written. It is told once, until it can.
    #[error("the spool of webhooks does not work: {problem}; calls go on")]
    Spool {
        /// What SQLite says.
        problem: String,
    },
    /// The spool works again.
    #[error("the spool of webhooks works again; {lost} events were lost")]
    SpoolRecovered {
        /// Events that could not be kept.
        lost: u64,
    },
    /// The spool was full. It is told once, until it is empty.
    #[error("the spool of webhooks is full: the oldest events are dropped until {address} takes them")]
    Full {
        /// Where they are posted.
        address: String,
    },
}

/// What was done since the webhooks were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Events that the end point took.
    pub delivered: u64,
    /// Tries that failed and are made again.
    pub retried: u64,
    /// Events that were given up.
    pub given_up: u64,
    /// Events that were dropped: too many waited for the spool, or in it.
    pub dropped: u64,
    /// Events that were lost, because the spool could not be written.
    pub lost: u64,
    /// Events in the spool, those on their way included.
    pub waiting: u64,
    /// Events that wait for the spool, those that are being kept included.
    pub queued: u64,
}
