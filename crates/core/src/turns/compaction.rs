//! A compaction of the history that is planned. Must not know when it is made, nor how a prompt is prefilled.

use super::history::Trim;
use crate::dialogue::Message;
use crate::ids::ReadingId;

/// A planned compaction that is not done yet.
#[derive(Debug)]
pub(super) struct PendingCompaction {
    pub(super) trim: Trim,
    /// The prefill of the prompt that begins with the compacted history.
    pub(super) reading: ReadingId,
    /// The messages of that prefill.
    pub(super) messages: Vec<Message>,
    /// The language model has prefilled them.
    pub(super) read: bool,
}
