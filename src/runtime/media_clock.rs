//! Media time: when a sample was spoken, on the call's clock, however late its message came.

use std::time::Duration;

use crate::units::{CallTime, duration_of};

/// Maps sample positions to moments by the fastest message so far.
///
/// A message arrives when its last sample has been spoken, plus a delay that varies. The smallest
/// (arrival minus position) seen is the one with the least delay; the others are late.
#[derive(Debug, Clone)]
pub struct MediaClock {
    rate: u32,
    samples: usize,
    /// Smallest arrival minus media position.
    offset: Option<Duration>,
}

impl MediaClock {
    /// Of a stream of `rate` samples a second that has not begun.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self { rate, samples: 0, offset: None }
    }

    /// `samples` more have arrived. Gives the moment at which the last of them was spoken.
    pub fn arrived(&mut self, samples: usize, arrival: CallTime) -> CallTime {
        self.samples += samples;
        let position = self.position();
        // A stream that runs ahead of its clock (a sender faster than real time) has no offset.
        let offset = arrival.since(CallTime::ZERO + position);
        let smallest = self.offset.map_or(offset, |known| known.min(offset));
        self.offset = Some(smallest);
        CallTime::ZERO + position + smallest
    }

    /// Where in the stream the sample lies that was spoken at `at`.
    #[must_use]
    pub fn position_of(&self, at: CallTime) -> Duration {
        at.back(self.offset.unwrap_or_default()).since(CallTime::ZERO)
    }

    /// How much has arrived.
    #[must_use]
    pub fn position(&self) -> Duration {
        duration_of(self.samples, self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_message_does_not_move_what_was_said() {
        let mut clock = MediaClock::new(8000);
        let at = CallTime::from_millis;
        assert_eq!(clock.arrived(160, at(120)), at(120));
        assert_eq!(clock.arrived(160, at(170)), at(140));
        assert_eq!(clock.arrived(160, at(170)), at(160));
    }

    #[test]
    fn a_faster_message_corrects_the_clock() {
        let mut clock = MediaClock::new(8000);
        let at = CallTime::from_millis;
        assert_eq!(clock.arrived(160, at(150)), at(150));
        assert_eq!(clock.arrived(160, at(145)), at(145));
        assert_eq!(clock.arrived(160, at(200)), at(165));
    }
}
