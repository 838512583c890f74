//! Compaction: a long history loses its oldest lines between two turns, once the language model has read the prompt
//! without them, so that no caller waits for that. Must not know how a prompt is read, nor which lines go.

use super::history::Trim;
use super::{Action, Conversation};
use crate::dialogue::Message;
use crate::ids::ReadingId;

/// A compaction that is planned and not done.
#[derive(Debug)]
pub(super) struct PendingCompaction {
    trim: Trim,
    /// The prefill of the prompt that the compacted history begins.
    reading: ReadingId,
    /// The messages of that prefill.
    messages: Vec<Message>,
    /// The language model has read them.
    read: bool,
}

impl Conversation {
    /// Plans a compaction if the history has grown long: the language model reads the messages without the oldest lines, as
    /// if all of `reply` had been heard. The history stays as it is until that is done.
    pub(super) fn plan_compaction(&mut self, reply: &str) {
        if self
            .compaction
            .as_ref()
            .is_some_and(|compaction| self.history.has_not_changed_since(&compaction.trim))
        {
            return;
        }
        self.compaction = None;
        // A model that is not asked reads nothing.
        if self.failover.first() > 0 {
            return;
        }
        let Some((trim, messages)) = self.history.plan_compaction(reply) else { return };
        let reading = self.rebuild(messages.clone());
        self.compaction = Some(PendingCompaction { trim, reading, messages, read: false });
    }

    /// Puts the compacted history in the place of the long one, if it has been read. Called between two turns only.
    pub(super) fn compact(&mut self) {
        let Some(compaction) = self.compaction.take_if(|compaction| compaction.read) else { return };
        let made = self.history.compact(compaction.trim);
        // The last reply was not heard to its end, or more was said since: the prompt begins otherwise than what was read.
        if made && self.history.messages() != compaction.messages {
            self.rebuild(self.history.messages());
        }
    }

    /// The prefill `reading` is over: its messages were read, or could not be.
    pub(super) fn was_read(&mut self, reading: ReadingId, done: bool) {
        let planned = self.compaction.as_mut().filter(|compaction| compaction.reading == reading);
        match planned {
            Some(compaction) if done => {
                compaction.read = true;
                // In the middle of a turn, its prompt begins as it is.
                if self.reply.is_none() && self.draft.is_none() && self.utterance.is_none() {
                    self.compact();
                }
            }
            // It is planned anew after the next turn.
            Some(_) => self.compaction = None,
            None if !done => self.not_read(reading),
            None => {}
        }
    }

    fn rebuild(&mut self, messages: Vec<Message>) -> ReadingId {
        let reading = self.next_reading_id();
        self.actions.push_back(Action::Rebuild { reading, messages });
        reading
    }
}
