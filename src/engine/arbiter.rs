//! Decides which work gets cores next. The thread pools of whisper.cpp and candle both spin at their
//! barriers: two of them on two cores collapse. So every step of an engine first asks for cores, and running
//! compute threads never outnumber the cores. PURE policy: no threads, no clock; `cores.rs` runs it.

use std::collections::BTreeMap;
use std::time::Duration;

/// Kinds of work, the most urgent first: work that prevents underruns, then work that shortens the wait of
/// the caller, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// The next token for a call that is close to an underrun ([`DECODE_IS_URGENT_BELOW`]).
    UrgentDecode,
    /// The transcript that an answer waits for.
    Transcript,
    /// The first chunk of speech of a reply.
    FirstSpeech,
    /// The next token of a reply.
    Decode,
    /// A later chunk of speech.
    Speech,
    /// A slice of a prompt.
    Prefill,
    /// A partial transcript while the caller still speaks: useful only while it is new.
    Partial,
    /// The prefill of a partial transcript for the coming answer.
    PartialPrefill,
    /// An answer that is prepared before it is certain that it is wanted.
    Speculation,
    /// What a client of the HTTP interface asked for: no call waits for it.
    Request,
    /// Nothing that a call waits for, such as warming up.
    Idle,
}

/// With less audio than this left to play, the next token of a reply has priority over all other work.
pub const DECODE_IS_URGENT_BELOW: Duration = Duration::from_millis(150);

impl Work {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 11] = [
        Self::UrgentDecode,
        Self::Transcript,
        Self::FirstSpeech,
        Self::Decode,
        Self::Speech,
        Self::Prefill,
        Self::Partial,
        Self::PartialPrefill,
        Self::Speculation,
        Self::Request,
        Self::Idle,
    ];

    /// The work for a token of a reply, by the time that is left to play.
    #[must_use]
    pub fn decode(left_to_play: Option<Duration>) -> Self {
        match left_to_play {
            Some(left) if left < DECODE_IS_URGENT_BELOW => Self::UrgentDecode,
            Some(_) | None => Self::Decode,
        }
    }

    /// True if the work may be broken off, because it will be repeated anyway. It leaves a core free.
    fn can_be_broken_off(self) -> bool {
        match self {
            Self::Partial | Self::Request => true,
            Self::UrgentDecode
            | Self::Transcript
            | Self::FirstSpeech
            | Self::Decode
            | Self::Speech
            | Self::Prefill
            | Self::PartialPrefill
            | Self::Speculation
            | Self::Idle => false,
        }
    }

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UrgentDecode => "urgent_decode",
            Self::Transcript => "transcript",
            Self::FirstSpeech => "first_speech",
            Self::Decode => "decode",
            Self::Speech => "speech",
            Self::Prefill => "prefill",
            Self::Partial => "partial",
            Self::PartialPrefill => "partial_prefill",
            Self::Speculation => "speculation",
            Self::Request => "request",
            Self::Idle => "idle",
        }
    }
}

/// A request for cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Granted and requested cores.
#[derive(Debug)]
pub struct Arbiter {
    cores: usize,
    free: usize,
    next: u64,
    /// Ordered by urgency, then by arrival.
    waiting: BTreeMap<(Work, Ticket), usize>,
    running: BTreeMap<Ticket, Running>,
}

#[derive(Debug)]
struct Running {
    work: Work,
    slots: usize,
    /// It has been asked to end.
    broken_off: bool,
}

impl Arbiter {
    /// Makes an arbiter of `cores` cores, at least one.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self {
            cores: cores.max(1),
            free: cores.max(1),
            next: 0,
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// The number of free cores.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free
    }

    /// Asks for `slots` cores. [`Self::grant`] says when they are granted.
    pub fn ask(&mut self, work: Work, slots: usize) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.insert((work, ticket), slots);
        ticket
    }

    /// Withdraws a request that was not granted.
    pub fn withdraw(&mut self, work: Work, ticket: Ticket) {
        self.waiting.remove(&(work, ticket));
    }

    /// Grants cores to the most urgent request, if enough are free. A request for more cores than are free
    /// holds back the less urgent ones, or it would wait for ever.
    pub fn grant(&mut self) -> Option<Ticket> {
        let first = self.waiting.first_entry()?;
        // Such work ends with a delay when it is broken off, so it must leave a core for urgent work.
        let kept = usize::from(first.key().0.can_be_broken_off() && self.cores > 1);
        if *first.get() + kept > self.free {
            return None;
        }
        let ((work, ticket), slots) = first.remove_entry();
        self.free -= slots;
        self.running.insert(ticket, Running { work, slots, broken_off: false });
        Some(ticket)
    }

    /// Names work that should be broken off for the most urgent request: the least urgent first, and the
    /// newest of equals. Each is named once; call it until it returns `None`.
    pub fn break_off(&mut self) -> Option<Ticket> {
        let (&(work, _), &slots) = self.waiting.first_key_value()?;
        let coming: usize = self.running.values().filter(|r| r.broken_off).map(|r| r.slots).sum();
        if slots <= self.free + coming {
            return None;
        }
        let candidates = self
            .running
            .iter_mut()
            .filter(|(_, r)| r.work > work && r.work.can_be_broken_off() && !r.broken_off);
        let (&ticket, victim) = candidates.max_by_key(|(ticket, r)| (r.work, **ticket))?;
        victim.broken_off = true;
        Some(ticket)
    }

    /// Releases the cores of a granted request.
    pub fn release(&mut self, ticket: Ticket) {
        if let Some(running) = self.running.remove(&ticket) {
            self.free += running.slots;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_most_urgent_goes_first_and_equals_in_turn() {
        let mut arbiter = Arbiter::new(1);
        let prefill = arbiter.ask(Work::Prefill, 1);
        let decode = arbiter.ask(Work::Decode, 1);
        let later = arbiter.ask(Work::Decode, 1);
        for expected in [decode, later, prefill] {
            assert_eq!(arbiter.grant(), Some(expected));
            assert_eq!(arbiter.grant(), None);
            arbiter.release(expected);
        }
    }

    #[test]
    fn a_voice_that_is_about_to_break_off_goes_before_all_else() {
        let ms = Duration::from_millis;
        assert_eq!(Work::decode(Some(ms(100))), Work::UrgentDecode);
        assert_eq!(Work::decode(Some(ms(400))), Work::Decode);
        assert_eq!(Work::decode(None), Work::Decode);
        assert!(Work::ALL.is_sorted());
    }

    #[test]
    fn running_threads_never_outnumber_the_cores() {
        let mut arbiter = Arbiter::new(2);
        for work in [Work::Transcript, Work::Decode, Work::Speech] {
            arbiter.ask(work, 1);
        }
        assert_eq!(std::iter::from_fn(|| arbiter.grant()).count(), 2);
    }

    #[test]
    fn a_request_for_all_cores_is_not_starved_by_small_ones() {
        let mut arbiter = Arbiter::new(2);
        arbiter.ask(Work::Decode, 1);
        let small = arbiter.grant().expect("a core is free");
        let wide = arbiter.ask(Work::Transcript, 2);
        arbiter.ask(Work::Decode, 1);
        assert_eq!(arbiter.grant(), None);
        arbiter.release(small);
        assert_eq!(arbiter.grant(), Some(wide));
    }

    #[test]
    fn partials_leave_a_core_free_and_are_broken_off_for_a_final_no_more_than_it_needs() {
        let mut arbiter = Arbiter::new(3);
        arbiter.ask(Work::Partial, 1);
        let newer = arbiter.ask(Work::Partial, 1);
        arbiter.ask(Work::Partial, 1);
        assert_eq!(std::iter::from_fn(|| arbiter.grant()).count(), 2);
        arbiter.ask(Work::Transcript, 2);
        assert_eq!(arbiter.break_off(), Some(newer));
        assert_eq!(arbiter.break_off(), None);
    }

    #[test]
    fn the_only_core_of_a_machine_may_look_at_words_too() {
        let mut arbiter = Arbiter::new(1);
        arbiter.ask(Work::Partial, 1);
        assert!(arbiter.grant().is_some());
    }

    #[test]
    fn a_transcript_or_a_voice_is_never_broken_off() {
        let mut arbiter = Arbiter::new(1);
        arbiter.ask(Work::Speech, 1);
        arbiter.grant();
        arbiter.ask(Work::UrgentDecode, 1);
        assert_eq!(arbiter.break_off(), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_and_released_all_cores_come_back(
            steps in proptest::collection::vec((0_usize..8, 1_usize..=4, any::<bool>()), 1..60),
        ) {
            let mut arbiter = Arbiter::new(4);
            let mut held = Vec::new();
            for (kind, slots, release) in steps {
                arbiter.ask(Work::ALL[kind], slots);
                if release && !held.is_empty() {
                    arbiter.release(held.remove(0));
                }
                held.extend(std::iter::from_fn(|| arbiter.grant()));
                let running: usize = arbiter.running.values().map(|r| r.slots).sum();
                prop_assert_eq!(running + arbiter.free, 4);
            }
            while let Some(ticket) = held.pop() {
                arbiter.release(ticket);
                held.extend(std::iter::from_fn(|| arbiter.grant()));
            }
            prop_assert_eq!(arbiter.free, 4);
        }
    }
}
