//! A shorter history that waits to be read before it is used.

use super::history::Trim;
use crate::dialogue::Message;
use crate::ids::ReadingId;

/// A history that is to take the place of the one in use.
#[derive(Debug)]
pub(super) struct PendingCompaction {
    pub(super) trim: Trim,
    /// The prefill of what it begins with.
    pub(super) reading: ReadingId,
    /// The messages of that prefill.
    pub(super) messages: Vec<Message>,
    /// The language model has read them.
    pub(super) read: bool,
}
