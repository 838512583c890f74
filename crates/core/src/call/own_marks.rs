//! Marks on a connection that returns none: each comes back by the clock, when what is before it should have
//! been played. Must not know what a mark is for.

use std::collections::VecDeque;

use crate::ids::MarkId;
use crate::units::CallTime;

/// The marks that are on their way.
#[derive(Debug, Default)]
pub(super) struct OwnMarks(VecDeque<(CallTime, MarkId)>);

impl OwnMarks {
    /// What is before `mark` will have been played at `at`, and not before the marks of before.
    pub(super) fn sent(&mut self, mark: MarkId, at: CallTime) {
        self.0.push_back((at, mark));
    }

    /// The next mark that is back by `now`.
    pub(super) fn back(&mut self, now: CallTime) -> Option<MarkId> {
        self.0.pop_front_if(|(at, _)| *at <= now).map(|(_, mark)| mark)
    }

    /// When the next mark is back.
    pub(super) fn next_at(&self) -> Option<CallTime> {
        self.0.front().map(|(at, _)| *at)
    }

    /// Playback was cleared: the marks on their way mean nothing any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
