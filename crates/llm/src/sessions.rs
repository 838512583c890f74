//! What is kept between replies: the sequence of every call, so that a turn computes only what is new,
//! and the beginnings that all calls share. Both are bounded; the least recently used goes first. Must
//! not know text, templates or sampling.

use std::collections::HashMap;

use super::prompt::SpokenReply;
use super::sequence::Sequence;
use crate::Task;

/// Calls whose sequences are kept, at least: those of an interface have no end.
const LEAST_SESSIONS: usize = 64;
/// Shared beginnings (system prompts) that are kept. The first, which is the configuration's, stays: calls
/// that bring prompts of their own do not make all others wait.
const MAX_PINNED: usize = 4;
/// Replies of a call whose tokens are kept.
const MAX_REPLIES: usize = 64;

/// Names one life of a session: a call that ended and one that took its name later are two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionKey {
    name: String,
    serial: u64,
}

/// What a call keeps.
#[derive(Default)]
pub(super) struct Session {
    serial: u64,
    used: u64,
    sequence: Option<Sequence>,
    /// The conversation in another form, for a prompt that will begin with it.
    rebuilt: Option<Sequence>,
    /// What was read while the caller spoke, since the last answer.
    ahead: Option<Ahead>,
    /// Up to the caller's last word, and how likely it was that their turn ended there.
    pub(super) scored: Option<(Vec<u32>, f32)>,
    /// Earlier replies, as they were generated.
    pub(super) replies: Vec<SpokenReply>,
    /// Messages left out of the prompt, and the text that then came first.
    pub(super) skipped: usize,
    pub(super) first_kept: Option<String>,
}

/// Tokens that were read while the caller spoke.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    /// Messages of the conversation in that turn.
    messages: usize,
    /// Tokens of the prompt that were known before it began.
    base: usize,
    /// How many were read, in all tries.
    read: usize,
}

/// What is looked for.
pub(super) struct Wanted<'a> {
    /// Of the whole prompt.
    pub(super) tokens: &'a [u32],
    /// So many of them need not be read, at most.
    pub(super) most: usize,
    pub(super) task: Task,
    /// Of the conversation, which tell a turn from the next.
    pub(super) messages: usize,
}

/// What a prompt finds.
#[derive(Default)]
pub(super) struct Found {
    /// Begins with as many of the tokens as are known anywhere, and holds nothing else.
    pub(super) sequence: Option<Sequence>,
    /// Tokens that were read while the caller spoke, and those of them that are of no use.
    pub(super) read_ahead: usize,
    pub(super) read_in_vain: usize,
}

/// What a reply leaves.
pub(super) struct Kept {
    pub(super) sequence: Sequence,
    pub(super) task: Task,
    /// Tokens that it computed.
    pub(super) read: usize,
    /// Up to the caller's last word, and how likely it was that their turn ended there.
    pub(super) scored: Option<(Vec<u32>, f32)>,
    pub(super) reply: SpokenReply,
}

/// All that is kept.
#[derive(Default)]
pub(super) struct Sessions {
    sessions: HashMap<String, Session>,
    most: usize,
    pinned: Vec<(u64, Sequence)>,
    clock: u64,
}

impl Sessions {
    /// For so many calls at once.
    pub(super) fn new(calls: usize) -> Self {
        Self { most: calls.max(LEAST_SESSIONS), ..Self::default() }
    }

    /// The session of this name, made if it is new.
    pub(super) fn open(&mut self, name: &str) -> (SessionKey, &mut Session) {
        self.clock += 1;
        let clock = self.clock;
        if !self.sessions.contains_key(name) && self.sessions.len() >= self.most {
            let oldest = self.sessions.iter().min_by_key(|(_, s)| s.used).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.sessions.remove(&name));
        }
        let session = self.sessions.entry(name.to_owned());
        let session = session.or_insert_with(|| Session { serial: clock, ..Session::default() });
        session.used = clock;
        (SessionKey { name: name.to_owned(), serial: session.serial }, session)
    }

    /// Forgets a session.
    pub(super) fn close(&mut self, name: &str) {
        self.sessions.remove(name);
    }

    /// How many sessions are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What is known of the first tokens of a prompt.
    pub(super) fn find(&mut self, key: Option<&SessionKey>, wanted: Wanted<'_>) -> Found {
        let Wanted { tokens, most, task, messages } = wanted;
        self.clock += 1;
        let usable = |sequence: &Sequence| sequence.common_prefix(tokens);
        let length = |sequence: &Option<Sequence>| sequence.as_ref().map_or(0, usable);
        let mut session = key.and_then(|key| self.sessions.get_mut(&key.name));
        if let Some(session) = session.as_mut().filter(|s| length(&s.rebuilt) > length(&s.sequence)) {
            match task {
                // From now on the conversation has this form.
                Task::Answer | Task::Listen => session.sequence = session.rebuilt.take(),
                Task::Rebuild => {}
            }
        }
        let own = session.as_ref().into_iter().flat_map(|s| [&s.sequence, &s.rebuilt]).flatten();
        let own = own.map(|sequence| (usable(sequence), sequence)).max_by_key(|(length, _)| *length);
        let pinned = self.pinned.iter_mut().map(|(used, sequence)| (usable(sequence), used, &*sequence));
        let pinned = pinned.max_by_key(|(length, _, _)| *length);
        let best = match (own, pinned) {
            (Some(own), Some((length, _, _))) if own.0 >= length => Some(own),
            (_, Some((length, used, sequence))) => {
                *used = self.clock;
                Some((length, sequence))
            }
            (own, None) => own,
        };
        let known = best.map_or(0, |(length, _)| length);
        let sequence = best.map(|(length, sequence)| {
            let mut fork = sequence.fork();
            fork.truncate(length.min(most));
            fork
        });
        let (mut read_ahead, mut read_in_vain) = (0, 0);
        if let Some(session) = session {
            match task {
                Task::Rebuild => {}
                Task::Listen => {
                    if session.ahead.is_none_or(|ahead| ahead.messages != messages) {
                        session.ahead = Some(Ahead { messages, base: known, read: 0 });
                    }
                }
                Task::Answer => {
                    if let Some(ahead) = session.ahead.filter(|ahead| ahead.messages == messages) {
                        let of_use = known.saturating_sub(ahead.base);
                        (read_ahead, read_in_vain) = (ahead.read, ahead.read.saturating_sub(of_use));
                    }
                }
            }
        }
        Found { sequence, read_ahead, read_in_vain }
    }

    /// Keeps what a reply computed, unless its call has ended.
    pub(super) fn keep(&mut self, key: &SessionKey, kept: Kept) {
        let Some(session) = self.sessions.get_mut(&key.name).filter(|s| s.serial == key.serial) else {
            return;
        };
        if kept.scored.is_some() {
            session.scored = kept.scored;
        }
        if kept.read == 0 && session.sequence.is_some() {
            // It has nothing that is not known, and perhaps less.
            return;
        }
        match kept.task {
            Task::Rebuild => session.rebuilt = Some(kept.sequence),
            Task::Listen => {
                session.sequence = Some(kept.sequence);
                if let Some(ahead) = &mut session.ahead {
                    ahead.read += kept.read;
                }
            }
            Task::Answer => session.sequence = Some(kept.sequence),
        }
        if !kept.reply.tokens.is_empty() {
            if session.replies.len() >= MAX_REPLIES {
                session.replies.remove(0);
            }
            session.replies.push(kept.reply);
        }
    }

    /// Forgets something that can be computed again: a conversation in its other form, then what the call
    /// keeps that was silent longest, then shared beginnings but for the first. False if there is nothing.
    pub(super) fn let_go(&mut self) -> bool {
        let mut oldest: Vec<&mut Session> = self.sessions.values_mut().collect();
        oldest.sort_by_key(|session| session.used);
        let rebuilt = oldest.iter_mut().find_map(|session| session.rebuilt.take());
        let own = || oldest.iter_mut().find_map(|session| session.sequence.take());
        rebuilt.or_else(own).or_else(|| self.unpin()).is_some()
    }

    /// Forgets the shared beginning that was not used for longest, but for the first.
    fn unpin(&mut self) -> Option<Sequence> {
        let others = self.pinned.iter().enumerate().skip(1);
        let oldest = others.min_by_key(|(_, (used, _))| *used).map(|(i, _)| i);
        oldest.map(|i| self.pinned.swap_remove(i).1)
    }

    /// True if some shared beginning starts with all of `tokens`.
    pub(super) fn is_pinned(&self, tokens: &[u32]) -> bool {
        self.pinned.iter().any(|(_, sequence)| sequence.common_prefix(tokens) == tokens.len())
    }

    /// Keeps a beginning for all calls.
    pub(super) fn pin(&mut self, sequence: Sequence) {
        if self.is_pinned(sequence.tokens()) {
            return;
        }
        self.clock += 1;
        if self.pinned.len() >= MAX_PINNED {
            self.unpin();
        }
        self.pinned.push((self.clock, sequence));
    }
}
