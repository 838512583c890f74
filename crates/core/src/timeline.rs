//! Simulated time: planned events in order, and deadlines between them. Everything that drives a call or a
//! conversation on a simulated clock uses it: rehearsals, offline listening, benches and simulations.

use std::collections::BTreeMap;

use crate::units::CallTime;

/// The next step of a [`Timeline`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// A planned event is due.
    Happens(T),
    /// The deadline has passed.
    Deadline,
}

/// Planned events by time. Events with equal times keep the order in which they were planned.
#[derive(Debug, Clone)]
pub struct Timeline<T> {
    now: CallTime,
    planned: BTreeMap<(CallTime, u64), T>,
    sequence: u64,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { now: CallTime::ZERO, planned: BTreeMap::new(), sequence: 0 }
    }
}

impl<T> Timeline<T> {
    /// The current time.
    #[must_use]
    pub fn now(&self) -> CallTime {
        self.now
    }

    /// Plans `what` for `when`, or for now if `when` has passed.
    pub fn at(&mut self, when: CallTime, what: T) {
        self.sequence += 1;
        self.planned.insert((when, self.sequence), what);
    }

    /// Advances to the next step up to `until`: the next planned event, or `deadline` if it comes first. With
    /// nothing left, the time becomes `until`.
    pub fn next(&mut self, deadline: Option<CallTime>, until: CallTime) -> Option<Next<T>> {
        let planned = self.planned.first_key_value().map(|((at, _), _)| *at);
        let Some(at) = planned.into_iter().chain(deadline).min().filter(|&at| at <= until) else {
            self.now = self.now.max(until);
            return None;
        };
        self.now = self.now.max(at);
        if planned == Some(at) {
            self.planned.pop_first().map(|(_, what)| Next::Happens(what))
        } else {
            Some(Next::Deadline)
        }
    }

    /// Drops the planned events for which `which` holds.
    pub fn forget(&mut self, which: impl Fn(&T) -> bool) {
        self.planned.retain(|_, what| !which(what));
    }

    /// True if nothing is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> CallTime = CallTime::from_millis;

    #[test]
    fn what_was_planned_first_comes_first_and_before_a_deadline_of_its_time() {
        let mut line = Timeline::default();
        line.at(MS(20), "b");
        line.at(MS(10), "a");
        line.at(MS(20), "c");
        let deadline = Some(MS(20));
        assert_eq!(line.next(deadline, MS(50)), Some(Next::Happens("a")));
        assert_eq!(line.next(Some(MS(15)), MS(50)), Some(Next::Deadline));
        assert_eq!(line.now(), MS(15));
        assert_eq!(line.next(deadline, MS(50)), Some(Next::Happens("b")));
        assert_eq!(line.next(deadline, MS(50)), Some(Next::Happens("c")));
        assert_eq!(line.next(deadline, MS(50)), Some(Next::Deadline));
        assert_eq!((line.next(None, MS(50)), line.now()), (None, MS(50)));
    }

    #[test]
    fn time_never_goes_back_for_what_came_too_late() {
        let mut line = Timeline::default();
        assert_eq!(line.next(None, MS(50)), None);
        line.at(MS(10), ());
        assert_eq!((line.next(None, MS(60)), line.now()), (Some(Next::Happens(())), MS(50)));
        assert_eq!((line.next(Some(MS(20)), MS(60)), line.now()), (Some(Next::Deadline), MS(50)));
    }
}
