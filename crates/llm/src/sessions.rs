//! The state that is kept between replies: the sequence of every call, so that a turn computes only what is
//! new, and the beginnings that all calls share. Both are bounded; the least recently used one goes first.
//! Must not know text, templates or sampling.

use lru::LruCache;

use super::prompt::SpokenReply;
use super::sequence::Sequence;
use crate::Task;

/// The minimum number of sessions that may be kept: sessions that come over an interface are never ended.
const LEAST_SESSIONS: usize = 64;
/// The maximum number of shared beginnings (system prompts) that are kept. The first, which is the
/// configuration's, stays, so that calls with prompts of their own do not make all others wait.
const MAX_PINNED: usize = 4;
/// The maximum number of replies of a call whose tokens are kept.
const MAX_REPLIES: usize = 64;

/// Names one session. A call that ended and a later call with its name have two different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionKey {
    name: String,
    serial: u64,
}

/// The state of a call, besides what was computed for it.
#[derive(Default)]
pub(super) struct Session {
    serial: u64,
    /// The prefill while the caller spoke, since the last answer.
    ahead: Option<Ahead>,
    /// The tokens up to the caller's last word, and the probability that the turn ended there.
    pub(super) scored: Option<(Vec<u32>, f32)>,
    /// Earlier replies, as they were generated.
    pub(super) replies: Vec<SpokenReply>,
    /// The number of messages left out of the prompt, and the text of the first one after them.
    pub(super) skipped: usize,
    pub(super) first_kept: Option<String>,
}

/// A prefill while the caller spoke.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    /// The number of messages of the conversation in this turn.
    messages: usize,
    /// Tokens of the prompt that were known before the prefill began.
    base: usize,
    /// Tokens read, in all attempts.
    read: usize,
}

/// A prompt to look up.
pub(super) struct Wanted<'a> {
    /// The tokens of the whole prompt.
    pub(super) tokens: &'a [u32],
    /// The maximum number of tokens that need not be read.
    pub(super) most: usize,
    pub(super) task: Task,
    /// The number of messages of the conversation, which differs from turn to turn.
    pub(super) messages: usize,
}

/// The result of looking up a prompt.
#[derive(Default)]
pub(super) struct Found {
    /// Holds the longest known prefix of the tokens, and nothing else.
    pub(super) sequence: Option<Sequence>,
    /// Tokens that were prefilled while the caller spoke, and the number of them that are of no use.
    pub(super) read_ahead: usize,
    pub(super) read_in_vain: usize,
}

/// The results of a reply.
pub(super) struct Kept {
    pub(super) sequence: Sequence,
    pub(super) task: Task,
    /// The number of tokens that the reply read.
    pub(super) read: usize,
    /// The tokens up to the caller's last word, and the probability that the turn ended there.
    pub(super) scored: Option<(Vec<u32>, f32)>,
    pub(super) reply: SpokenReply,
}

/// The sessions of all calls, and the beginnings that they share. Whatever is kept by session is kept in the
/// order of its use, so that what goes first is found at once, however many calls there are.
pub(super) struct Sessions {
    sessions: LruCache<String, Session>,
    /// The conversations as they are.
    sequences: LruCache<String, Sequence>,
    /// The conversations in a new form, for prompts that will begin with it.
    rebuilt: LruCache<String, Sequence>,
    most: usize,
    pinned: Vec<(u64, Sequence)>,
    clock: u64,
}

impl Sessions {
    /// For `calls` calls at once.
    pub(super) fn new(calls: usize) -> Self {
        Self {
            sessions: LruCache::unbounded(),
            sequences: LruCache::unbounded(),
            rebuilt: LruCache::unbounded(),
            most: calls.max(LEAST_SESSIONS),
            pinned: Vec::new(),
            clock: 0,
        }
    }

    /// The session of this name, created if it is new.
    pub(super) fn open(&mut self, name: &str) -> (SessionKey, &mut Session) {
        self.clock += 1;
        let serial = self.clock;
        if !self.knows(name)
            && self.sessions.len() >= self.most
            && let Some((oldest, _)) = self.sessions.pop_lru()
        {
            self.close(&oldest);
        }
        self.sequences.promote(name);
        self.rebuilt.promote(name);
        let new = || Session { serial, ..Session::default() };
        let session = self.sessions.get_or_insert_mut_ref(name, new);
        (SessionKey { name: name.to_owned(), serial: session.serial }, session)
    }

    /// Forgets a session.
    pub(super) fn close(&mut self, name: &str) {
        self.sessions.pop(name);
        self.sequences.pop(name);
        self.rebuilt.pop(name);
    }

    /// True if there is a session of this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.sessions.contains(name)
    }

    /// The number of sessions that are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Looks up the longest known prefix of a prompt.
    pub(super) fn find(&mut self, key: Option<&SessionKey>, wanted: Wanted<'_>) -> Found {
        let Wanted { tokens, most, task, messages } = wanted;
        self.clock += 1;
        let usable = |sequence: &Sequence| sequence.common_prefix(tokens);
        let session = key.and_then(|key| self.sessions.peek_mut(&key.name));
        let name = key.filter(|_| session.is_some()).map(|key| key.name.as_str());
        let length = |of: &LruCache<String, Sequence>| name.and_then(|name| of.peek(name)).map_or(0, usable);
        if let Some(name) = name
            && length(&self.rebuilt) > length(&self.sequences)
        {
            match task {
                // From now on the conversation has this form.
                Task::Answer | Task::Listen => {
                    let rebuilt = self.rebuilt.pop(name);
                    rebuilt.and_then(|rebuilt| self.sequences.put(name.to_owned(), rebuilt));
                }
                Task::Rebuild => {}
            }
        }
        let own = [&self.sequences, &self.rebuilt].into_iter().filter_map(|of| of.peek(name?));
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

    /// Keeps the results of a reply, unless its call has ended.
    pub(super) fn keep(&mut self, key: &SessionKey, kept: Kept) {
        let Some(session) = self.sessions.peek_mut(&key.name).filter(|s| s.serial == key.serial) else {
            return;
        };
        if kept.scored.is_some() {
            session.scored = kept.scored;
        }
        if kept.read == 0 && self.sequences.contains(&key.name) {
            // This sequence has nothing new, and may have less than the kept one.
            return;
        }
        let of_the_task = match kept.task {
            Task::Rebuild => &mut self.rebuilt,
            Task::Answer | Task::Listen => &mut self.sequences,
        };
        of_the_task.put(key.name.clone(), kept.sequence);
        if let (Task::Listen, Some(ahead)) = (kept.task, &mut session.ahead) {
            ahead.read += kept.read;
        }
        if !kept.reply.tokens.is_empty() {
            if session.replies.len() >= MAX_REPLIES {
                session.replies.remove(0);
            }
            session.replies.push(kept.reply);
        }
    }

    /// Forgets something that can be computed again: first a conversation in its new form, then the sequence
    /// of the call that was silent longest, then a shared beginning other than the first. False if there is
    /// nothing to forget.
    pub(super) fn let_go(&mut self) -> bool {
        let computed = self.rebuilt.pop_lru().or_else(|| self.sequences.pop_lru());
        computed.map(|(_, sequence)| sequence).or_else(|| self.unpin()).is_some()
    }

    /// Forgets the least recently used shared beginning other than the first.
    fn unpin(&mut self) -> Option<Sequence> {
        let others = self.pinned.iter().enumerate().skip(1);
        let oldest = others.min_by_key(|(_, (used, _))| *used).map(|(i, _)| i);
        oldest.map(|i| self.pinned.swap_remove(i).1)
    }

    /// True if a shared beginning starts with all of `tokens`.
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
