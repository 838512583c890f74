//! Why a call is refused, in words for gateways and people. Must not know who decides it.

use crate::quality::admission::TooMuch;

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The models are not loaded yet.
    #[error("not ready: models are being loaded")]
    NotReady,
    /// Running calls may finish; new ones are refused.
    #[error("shutting down: no new calls are taken")]
    Draining,
    /// The maximum number of calls is running.
    #[error("all {0} lines are busy")]
    Full(usize),
    /// The caches of this many calls take all of the language model's memory.
    #[error("the language model's memory is taken by {0} calls (llm.cache_mb)")]
    Memory(usize),
    /// The maximum number of sockets have not sent their start message.
    #[error("{0} sockets have not sent their start message; no more are accepted until they do")]
    Crowded(usize),
    /// One address has the maximum number of sockets.
    #[error("more than {0} sockets from one address")]
    Peer(usize),
    /// With one more call, all would have to wait.
    #[error(transparent)]
    Overloaded(#[from] Overload),
}

/// Why one more call would be too much for the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overload {
    /// Answers would begin too late.
    #[error(
        "with one more call, answers would begin too late: 95 of 100 within {predicted_ms} ms, and the limit is \
         {limit_ms} ms (quality.max_p95_ms)"
    )]
    Latency {
        /// What is predicted.
        predicted_ms: u32,
        /// The limit.
        limit_ms: u32,
    },
    /// Too many cores would be busy.
    #[error(
        "with one more call, {percent} % of the cores would be busy; the limit is {most} % (quality.max_busy)"
    )]
    Cores {
        /// What is predicted.
        percent: u32,
        /// The limit.
        most: u32,
    },
    /// Too little memory would be left.
    #[error("{free_mb} MB of memory are free, too little for one more call")]
    Memory {
        /// What is free.
        free_mb: u32,
    },
}

impl From<TooMuch> for Overload {
    fn from(too_much: TooMuch) -> Self {
        // `as` saturates.
        let whole = |figure: f64| figure.round() as u32;
        match too_much {
            TooMuch::Latency { predicted_ms, limit_ms, .. } => {
                Self::Latency { predicted_ms: whole(predicted_ms), limit_ms: whole(limit_ms) }
            }
            TooMuch::Busy { share, most, .. } => {
                Self::Cores { percent: whole(share * 100.0), most: whole(most * 100.0) }
            }
            TooMuch::Memory { free, .. } => Self::Memory { free_mb: whole(free as f64 / 1e6) },
        }
    }
}
