//! Compaction: a long history loses its oldest lines between two turns, once the language model has
//! prefilled the prompt without them, so that no caller waits for the prefill. Must not know how a prompt
//! is prefilled, nor which lines go.

use super::compaction::PendingCompaction;
use super::{Action, Conversation};
use crate::dialogue::Message;
use crate::ids::ReadingId;

impl Conversation {
    /// Plans a compaction if the history has grown long: the language model prefills the messages without
    /// the oldest lines, as if all of `reply` had been heard. Until that prefill is done, the history stays
    /// as it is.
    pub(super) fn plan_compaction(&mut self, reply: &str) {
        if self
            .compaction
            .as_ref()
            .is_some_and(|compaction| self.history.has_not_changed_since(&compaction.trim))
        {
            return;
        }
        self.compaction = None;
        // A model that is not asked prefills nothing.
        if self.failover.first() > 0 {
            return;
        }
        let Some((trim, messages)) = self.history.plan_compaction(reply) else { return };
        let reading = self.rebuild(messages.clone());
        self.compaction = Some(PendingCompaction { trim, reading, messages, read: false });
    }

    /// Replaces the long history by the compacted one, if the prefill is done. Called only between two
    /// turns.
    pub(super) fn compact(&mut self) {
        let Some(compaction) = self.compaction.take_if(|compaction| compaction.read) else { return };
        let made = self.history.compact(compaction.trim);
        // The last reply was not heard to its end, or more was said since: the prompt differs from the one
        // that was prefilled.
        if made && self.history.messages() != compaction.messages {
            self.rebuild(self.history.messages());
        }
    }

    /// The prefill `reading` is over: `done`, or it could not be made.
    pub(super) fn was_read(&mut self, reading: ReadingId, done: bool) {
        let planned = self.compaction.as_mut().filter(|compaction| compaction.reading == reading);
        match planned {
            Some(compaction) if done => {
                compaction.read = true;
                // In the middle of a turn, the beginning of its prompt must not change.
                if self.reply.is_none() && self.draft.is_none() && self.utterance.is_none() {
                    self.compact();
                }
            }
            // The compaction is planned anew after the next turn.
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
