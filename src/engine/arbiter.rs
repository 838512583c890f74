//! Who may compute next. whisper.cpp's and candle's thread pools both spin at their barriers: two
//! of them on two cores collapse. So every step of an engine asks for slots first, and running
//! compute threads never outnumber the cores. PURE policy: no threads, no clock; `cores.rs` runs it.

use std::collections::BTreeMap;

/// Kinds of work, the most urgent first: what keeps a voice from breaking off, then what shortens
/// the caller's waiting, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// The transcript that an answer waits for.
    Transcript,
    /// The first piece of speech of a reply.
    FirstSpeech,
    /// The next token of a reply.
    Decode,
    /// A later piece of speech.
    Speech,
    /// A slice of a prompt.
    Prefill,
    /// Nothing that a call waits for, such as warming up.
    Idle,
}

/// A request that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Cores given and asked for.
#[derive(Debug)]
pub struct Arbiter {
    free: usize,
    next: u64,
    /// Ordered by urgency, then by arrival.
    waiting: BTreeMap<(Work, Ticket), usize>,
}

impl Arbiter {
    /// An arbiter of `cores` slots, at least one.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self { free: cores.max(1), next: 0, waiting: BTreeMap::new() }
    }

    /// Asks for `slots`. [`Self::grant`] says when they are given.
    pub fn ask(&mut self, work: Work, slots: usize) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.insert((work, ticket), slots);
        ticket
    }

    /// Gives slots to the most urgent request, if there are enough. One that needs more than are
    /// free holds the less urgent ones back, or it would wait for ever.
    pub fn grant(&mut self) -> Option<Ticket> {
        let first = self.waiting.first_entry()?;
        if *first.get() > self.free {
            return None;
        }
        let ((_, ticket), slots) = first.remove_entry();
        self.free -= slots;
        Some(ticket)
    }

    /// Takes `slots` back.
    pub fn release(&mut self, slots: usize) {
        self.free += slots;
    }

    /// Requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_goes_first_and_equals_in_turn() {
        let mut arbiter = Arbiter::new(1);
        let prefill = arbiter.ask(Work::Prefill, 1);
        let decode = arbiter.ask(Work::Decode, 1);
        let later = arbiter.ask(Work::Decode, 1);
        for expected in [decode, later, prefill] {
            assert_eq!(arbiter.grant(), Some(expected));
            assert_eq!(arbiter.grant(), None);
            arbiter.release(1);
        }
    }

    #[test]
    fn running_threads_never_outnumber_the_cores() {
        let mut arbiter = Arbiter::new(2);
        for work in [Work::Transcript, Work::Decode, Work::Speech] {
            arbiter.ask(work, 1);
        }
        assert_eq!(std::iter::from_fn(|| arbiter.grant()).count(), 2);
        assert_eq!(arbiter.waiting(), 1);
    }

    #[test]
    fn a_request_for_all_cores_is_not_starved_by_small_ones() {
        let mut arbiter = Arbiter::new(2);
        arbiter.ask(Work::Decode, 1);
        assert!(arbiter.grant().is_some());
        let wide = arbiter.ask(Work::Transcript, 2);
        arbiter.ask(Work::Decode, 1);
        assert_eq!(arbiter.grant(), None);
        arbiter.release(1);
        assert_eq!(arbiter.grant(), Some(wide));
    }
}
