//! The deadlines of a call in one table, each with its reason. Reads no clock.

use serde::{Deserialize, Serialize};

use crate::units::CallTime;

/// Why the conversation wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The caller has been silent long enough: the turn is over.
    EndOfTurn,
    /// The caller's audio has been stalled for too long to wait any more.
    StallOver,
    /// The utterance has reached its longest duration.
    UtteranceCap,
    /// The next partial is due.
    PartialDue,
    /// The open part of the utterance is as long as a recogniser can take.
    PieceCap,
    /// The transcript should have come by now.
    TranscriptDue,
    /// The next token should have come by now.
    TokenDue,
    /// The model that was asked should have begun by now: another stands in.
    StandInDue,
    /// The first sound of a text that went to the voice should have come by now.
    VoiceDue,
    /// All that was sent should have been played by now, marks or not.
    PlaybackDue,
    /// The agent pauses for a sound in which no words were heard.
    ResumeDue,
    /// Nothing of the answer is heard yet.
    FillerDue,
    /// A tool takes its time, and nobody says anything.
    ToolFillerDue,
    /// A sound should have had words by now.
    WordsDue,
    /// Nobody has spoken for some time.
    IdleDue,
    /// The caller pressed keys, and no more come.
    KeysDue,
    /// The call will have to end soon.
    LengthWarning,
    /// The call has reached its longest duration.
    LongestCall,
}

const ALL: [Timer; 18] = [
    Timer::EndOfTurn,
    Timer::StallOver,
    Timer::UtteranceCap,
    Timer::PartialDue,
    Timer::PieceCap,
    Timer::TranscriptDue,
    Timer::TokenDue,
    Timer::StandInDue,
    Timer::VoiceDue,
    Timer::PlaybackDue,
    Timer::ResumeDue,
    Timer::FillerDue,
    Timer::ToolFillerDue,
    Timer::WordsDue,
    Timer::IdleDue,
    Timer::KeysDue,
    Timer::LengthWarning,
    Timer::LongestCall,
];

/// At most one deadline for each reason.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<CallTime>; ALL.len()]);

impl Timers {
    /// Sets the deadline of `timer`, or moves it.
    pub(super) fn set(&mut self, timer: Timer, at: CallTime) {
        self.0[timer as usize] = Some(at);
    }

    /// Cancels `timer`. True if it was set.
    pub(super) fn cancel(&mut self, timer: Timer) -> bool {
        self.0[timer as usize].take().is_some()
    }

    /// True if `timer` has a deadline that has not been acted on.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    /// The deadline of `timer`, if it is set.
    pub(super) fn at(&self, timer: Timer) -> Option<CallTime> {
        self.0[timer as usize]
    }

    /// Cancels all of `timers`.
    pub(super) fn cancel_all(&mut self, timers: &[Timer]) {
        for &timer in timers {
            self.cancel(timer);
        }
    }

    /// The earliest deadline; among equal ones the first of the enum.
    pub(super) fn next(&self) -> Option<(CallTime, Timer)> {
        ALL.iter().filter_map(|&timer| Some((self.0[timer as usize]?, timer))).min()
    }

    /// Takes the earliest deadline if it has come.
    pub(super) fn take_due(&mut self, now: CallTime) -> Option<Timer> {
        let (_, timer) = self.next().filter(|&(at, _)| at <= now)?;
        self.cancel(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_deadline_comes_first_and_only_once() {
        let mut timers = Timers::default();
        timers.set(Timer::TokenDue, CallTime::from_millis(20));
        timers.set(Timer::EndOfTurn, CallTime::from_millis(10));
        assert_eq!(timers.take_due(CallTime::from_millis(9)), None);
        assert_eq!(timers.take_due(CallTime::from_millis(30)), Some(Timer::EndOfTurn));
        assert_eq!(timers.take_due(CallTime::from_millis(30)), Some(Timer::TokenDue));
        assert_eq!(timers.next(), None);
    }
}
