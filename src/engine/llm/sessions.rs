//! What is kept between replies: the sequence of every call, so that a turn computes only what is new,
//! and the beginnings that all calls share. Both are bounded; the least recently used goes first. Must
//! not know text, templates or sampling.

use std::collections::HashMap;

use super::prompt::SpokenReply;
use super::sequence::Sequence;

/// Calls whose sequences are kept.
const MAX_SESSIONS: usize = 64;
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
    /// Earlier replies, as they were generated.
    pub(super) replies: Vec<SpokenReply>,
    /// Messages left out of the prompt, and the text that then came first.
    pub(super) skipped: usize,
    pub(super) first_kept: Option<String>,
}

/// All that is kept.
#[derive(Default)]
pub(super) struct Sessions {
    sessions: HashMap<String, Session>,
    pinned: Vec<(u64, Sequence)>,
    clock: u64,
}

impl Sessions {
    /// The session of this name, made if it is new.
    pub(super) fn open(&mut self, name: &str) -> (SessionKey, &mut Session) {
        self.clock += 1;
        let clock = self.clock;
        if !self.sessions.contains_key(name) && self.sessions.len() >= MAX_SESSIONS {
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

    /// A sequence that begins with as many of `tokens` as are known anywhere, and nothing else. At most
    /// all but the last, because the last one has to be read for its logits.
    pub(super) fn start(&mut self, key: Option<&SessionKey>, tokens: &[u32]) -> Option<Sequence> {
        let usable = |sequence: &Sequence| sequence.common_prefix(tokens).min(tokens.len().saturating_sub(1));
        let own = key.and_then(|key| self.sessions.get(&key.name)).and_then(|s| s.sequence.as_ref());
        let own = own.map(|sequence| (usable(sequence), sequence));
        self.clock += 1;
        let pinned = self.pinned.iter_mut().map(|(used, sequence)| (usable(sequence), used, sequence));
        let pinned = pinned.max_by_key(|(length, _, _)| *length);
        let (length, sequence) = match (own, pinned) {
            (Some(own), Some((length, _, _))) if own.0 >= length => own,
            (_, Some((length, used, sequence))) => {
                *used = self.clock;
                (length, &*sequence)
            }
            (own, None) => own?,
        };
        let mut fork = sequence.fork();
        fork.truncate(length);
        Some(fork)
    }

    /// Keeps what a reply computed, unless its call has ended.
    pub(super) fn keep(&mut self, key: &SessionKey, sequence: Sequence, reply: SpokenReply) {
        let Some(session) = self.sessions.get_mut(&key.name).filter(|s| s.serial == key.serial) else {
            return;
        };
        session.sequence = Some(sequence);
        if !reply.tokens.is_empty() {
            if session.replies.len() >= MAX_REPLIES {
                session.replies.remove(0);
            }
            session.replies.push(reply);
        }
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
            let others = self.pinned.iter().enumerate().skip(1);
            let oldest = others.min_by_key(|(_, (used, _))| *used).map(|(i, _)| i);
            oldest.map(|i| self.pinned.swap_remove(i));
        }
        self.pinned.push((self.clock, sequence));
    }
}
