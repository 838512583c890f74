//! The jobs of a call that are not done, with their purposes. An outcome of any other job is stale, and is
//! dropped here.

use std::collections::BTreeMap;

use super::job::{JobId, Outcome};
use crate::ids::{ChunkId, ReadingId, ToolCallId, TurnId, UtteranceId};
use crate::units::CallTime;

/// The purpose of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The words of an utterance, up to `heard_until`.
    Words {
        utterance: UtteranceId,
        pass: u32,
        heard_until: CallTime,
        kind: Words,
    },
    Answer {
        turn: TurnId,
    },
    Reading {
        reading: ReadingId,
        rebuild: bool,
    },
    Speech {
        turn: TurnId,
        chunk: ChunkId,
    },
    Tool {
        call: ToolCallId,
    },
}

/// Which words of an utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Those spoken so far.
    Partial,
    /// All of them.
    Final,
    /// Those before a cut.
    Piece,
}

#[derive(Debug)]
struct Running {
    purpose: Purpose,
    /// The language model that works on the job, once it is known.
    model: Option<String>,
}

/// All jobs of one call.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    running: BTreeMap<JobId, Running>,
    next: JobId,
}

impl Jobs {
    pub(super) fn begin(&mut self, purpose: Purpose) -> JobId {
        let id = self.next;
        self.next = id.next();
        self.running.insert(id, Running { purpose, model: None });
        id
    }

    /// The purpose of the job of `outcome`; `None` if nobody waits for the outcome any more. The last outcome
    /// ends the job.
    pub(super) fn take(&mut self, id: JobId, outcome: &Outcome) -> Option<Purpose> {
        if let (Some(running), Outcome::Begun { model }) = (self.running.get_mut(&id), outcome) {
            running.model = Some(model.clone());
        }
        let purpose = self.running.get(&id).map(|running| running.purpose);
        if outcome.is_last() {
            self.running.remove(&id);
        }
        purpose
    }

    /// The language model that works on this job.
    pub(super) fn model_of(&self, id: JobId) -> Option<&str> {
        self.running.get(&id)?.model.as_deref()
    }

    pub(super) fn count(&self, which: impl Fn(Purpose) -> bool) -> usize {
        self.running.values().filter(|running| which(running.purpose)).count()
    }

    /// All jobs of this kind.
    pub(super) fn find(&self, which: impl Fn(Purpose) -> bool) -> Vec<JobId> {
        self.running.iter().filter(|(_, running)| which(running.purpose)).map(|(id, _)| *id).collect()
    }

    /// Forgets all jobs of this kind. Returns their numbers, so that the driver cancels them.
    pub(super) fn cancel(&mut self, which: impl Fn(Purpose) -> bool) -> Vec<JobId> {
        let cancelled = self.find(which);
        self.running.retain(|id, _| !cancelled.contains(id));
        cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(chunk: u32) -> Purpose {
        Purpose::Speech { turn: TurnId(1), chunk: ChunkId(chunk) }
    }

    #[test]
    fn what_comes_after_the_last_outcome_or_a_cancel_is_stale() {
        let mut jobs = Jobs::default();
        let [first, second] = [1, 2].map(|chunk| jobs.begin(speech(chunk)));
        assert_eq!(jobs.take(first, &Outcome::Token("a".into())), Some(speech(1)));
        assert_eq!(jobs.take(first, &Outcome::GaveWay), Some(speech(1)));
        assert_eq!(jobs.take(first, &Outcome::GaveWay), None);
        assert_eq!(jobs.cancel(|purpose| purpose == speech(2)), [second]);
        assert_eq!(jobs.take(second, &Outcome::GaveWay), None);
        assert_eq!(jobs.count(|_| true), 0);
    }

    #[test]
    fn a_number_is_never_used_again() {
        let mut jobs = Jobs::default();
        let first = jobs.begin(speech(1));
        jobs.take(first, &Outcome::GaveWay);
        assert_ne!(jobs.begin(speech(1)), first);
    }
}
