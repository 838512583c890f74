//! Room in the history, made beside the talk: what the shorter one begins with is read while nobody waits
//! for it, and takes the other's place between two turns. Must not know how it is read, nor which lines go.

use super::compaction::PendingCompaction;
use super::{Action, Conversation};
use crate::dialogue::Message;
use crate::ids::ReadingId;

impl Conversation {
    /// If the history has grown long, lets the model read what it will be without its oldest lines, as if
    /// `reply` had been heard. It stays as it is until that is done.
    pub(super) fn plan_room(&mut self, reply: &str) {
        if self.shorter.as_ref().is_some_and(|shorter| self.history.has_not_changed_since(&shorter.trim)) {
            return;
        }
        self.shorter = None;
        // A model that is not asked reads nothing.
        if self.rungs.first() > 0 {
            return;
        }
        let Some((trim, messages)) = self.history.plan_room(reply) else { return };
        let reading = self.rebuild(messages.clone());
        self.shorter = Some(PendingCompaction { trim, reading, messages, read: false });
    }

    /// Between two turns: what was read takes its place.
    pub(super) fn make_room(&mut self) {
        let Some(shorter) = self.shorter.take_if(|shorter| shorter.read) else { return };
        let made = self.history.make_room(shorter.trim);
        // Of the last reply less was heard than was read, or more has been said since.
        if made && self.history.messages() != shorter.messages {
            self.rebuild(self.history.messages());
        }
    }

    /// What was to be read ahead was read, or could not be.
    pub(super) fn was_read(&mut self, reading: ReadingId, done: bool) {
        let planned = self.shorter.as_mut().filter(|shorter| shorter.reading == reading);
        match planned {
            Some(shorter) if done => {
                shorter.read = true;
                // In the middle of a turn, its prompt begins as it is.
                if self.reply.is_none() && self.draft.is_none() && self.utterance.is_none() {
                    self.make_room();
                }
            }
            // It is planned anew after the next turn.
            Some(_) => self.shorter = None,
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
