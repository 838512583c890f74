//! Where spans are sent and how, and what the program hears of it. Must not know how anything is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::shown;

/// Where spans are sent and how.
#[derive(Clone)]
pub struct Options {
    /// The address of the collector, such as `http://localhost:4318`. Traces go to `/v1/traces` behind it.
    pub endpoint: String,
    /// Headers of every request, such as a key. They are never shown. Over plain http anybody on the way can
    /// read them.
    pub headers: Vec<(String, String)>,
    /// The name of this server among all that the collector hears of (`service.name`).
    pub service_name: String,
    /// How many events may wait. More are dropped and counted; the beginnings and ends of calls, on which all
    /// their spans hang, have an eighth more room.
    pub queue: usize,
    /// A request is made as soon as this many events wait; it has no more. An event makes up to nine spans.
    pub batch: usize,
    /// A request is made as soon as its first event has waited this long.
    pub longest_wait: Duration,
    /// How long a request may take, with its answer.
    pub timeout: Duration,
    /// How often and when a request is tried again.
    pub retries: Retries,
    /// Whether words of callers and of the agent, numbers, custom data and the texts of failures are sent.
    pub words: bool,
    /// Told of trouble, on the exporter's thread. It must not wait.
    pub report: Report,
}

/// How often and when a request is tried again that may go well later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often it is tried in all, before its spans are dropped.
    pub tries: u32,
    /// The pause after the first try; each is twice as long as the one before.
    pub first_pause: Duration,
    /// The longest pause, also if the collector asks for a longer one.
    pub longest_pause: Duration,
}

/// Told of trouble.
pub type Report = Arc<dyn Fn(&Trouble) + Send + Sync>;

impl Options {
    /// The usual options: requests of 50 events or every 5 s, 4096 events may wait, no words.
    #[must_use]
    pub fn to(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            headers: Vec::new(),
            service_name: "offhook".to_owned(),
            queue: 4096,
            batch: 50,
            longest_wait: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            retries: Retries::default(),
            words: false,
            report: Arc::new(|_| {}),
        }
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { tries: 4, first_pause: Duration::from_millis(500), longest_pause: Duration::from_secs(10) }
    }
}

/// Without the headers and what else may be secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("endpoint", &shown(&self.endpoint))
            .field("headers", &self.headers.len())
            .field("service_name", &self.service_name)
            .field("queue", &self.queue)
            .field("batch", &self.batch)
            .field("longest_wait", &self.longest_wait)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("words", &self.words)
            .finish_non_exhaustive()
    }
}

/// What goes wrong while spans are sent. Calls go on all the same. Each is told once, until all is well
/// again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The collector took no spans, and they were dropped.
    #[error("traces of calls are lost, because {address} does not take them: {problem}")]
    Lost {
        /// Where they were sent.
        address: String,
        /// What the collector did, and what may help.
        problem: String,
    },
    /// Events were dropped because too many waited.
    #[error(
        "traces of calls are lost, because {address} takes them too slowly: give it more room, or raise the \
         batch or the queue"
    )]
    Slow {
        /// Where they were sent.
        address: String,
    },
    /// The collector took a request, but not all of its spans.
    #[error("{address} rejected {spans} of {sent} spans of calls: its own log or its limits say why")]
    Rejected {
        /// Where they were sent.
        address: String,
        /// How many spans were rejected.
        spans: u64,
        /// How many the request had.
        sent: u64,
    },
    /// The answer says that all is well, but it is none of a collector.
    #[error(
        "{address} answers, but not as a collector does, so that traces of calls may be lost: see whether \
         the address is right"
    )]
    OddAnswer {
        /// Where they were sent.
        address: String,
    },
    /// All is well again.
    #[error("traces of calls reach the collector again; {lost} spans and {dropped} events were lost")]
    Recovered {
        /// Spans that were dropped since the exporter was opened, because the collector did not take them.
        lost: u64,
        /// Events that were dropped since then, because too many waited.
        dropped: u64,
    },
}

/// What the exporter has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Spans that the collector took.
    pub sent: u64,
    /// Requests that the collector took.
    pub requests: u64,
    /// Spans that the collector rejected in requests that it took.
    pub rejected: u64,
    /// Answers to them that were none of a collector.
    pub odd_answers: u64,
    /// Events that were dropped because too many waited, or because they came after the end.
    pub dropped: u64,
    /// Spans that were dropped because the collector did not take them.
    pub lost: u64,
    /// Requests that failed, those tried again included.
    pub failed: u64,
    /// Calls that were forgotten before they were over, because there were too many at once.
    pub forgotten: u64,
    /// Events that wait, without those that are being sent.
    pub waiting: u64,
}
