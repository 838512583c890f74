//! Queues of work, and the error when one is full.

use std::sync::mpsc::{SyncSender, TrySendError};

/// A queue of work was full: the machine is overloaded.
#[derive(Debug, thiserror::Error)]
#[error("the queue of the {0} is full")]
pub struct QueueFull(pub &'static str);

impl QueueFull {
    /// The error for a rung of the ladder that does not exist.
    pub(crate) fn no_model() -> Self {
        Self("language model that does not exist")
    }
}

pub(super) fn send<T>(queue: &SyncSender<T>, job: T, name: &'static str) -> Result<(), QueueFull> {
    queue.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) | TrySendError::Disconnected(_) => QueueFull(name),
    })
}
