//! The level at which the agent's own voice may come back on a connection that echoes. Must not know the
//! caller's samples, or whether a sound is speech.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::level::{SILENCE_DBFS, rms_dbfs};
use crate::units::CallTime;

/// The time within which an echo comes back: the lead in the gateway's buffer, the way to the phone and back.
const WITHIN: Duration = Duration::from_millis(800);

/// The levels of the latest sent audio.
#[derive(Debug)]
pub struct EchoLimit {
    /// How much quieter the echo is, in dB; `None` if the connection does not echo.
    loss_db: Option<f32>,
    sent: VecDeque<(CallTime, f32)>,
}

impl EchoLimit {
    /// A limit for a connection that echoes with this loss, in dB; `None` for one without echo.
    #[must_use]
    pub fn new(loss_db: Option<f32>) -> Self {
        Self { loss_db, sent: VecDeque::new() }
    }

    /// Notes a frame that was sent at `now`.
    pub fn sent(&mut self, now: CallTime, frame: &[i16]) {
        if self.loss_db.is_some() {
            self.forget(now);
            self.sent.push_back((now, rms_dbfs(frame)));
        }
    }

    /// The highest level that the echo can have at `now`, in dBFS.
    #[must_use]
    pub fn expected(&mut self, now: CallTime) -> Option<f32> {
        self.forget(now);
        let loudest = self.sent.iter().map(|(_, level)| *level).fold(SILENCE_DBFS, f32::max);
        self.loss_db.map(|loss| loudest - loss)
    }

    fn forget(&mut self, now: CallTime) {
        while self.sent.front().is_some_and(|(at, _)| now - *at > WITHIN) {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    #[test]
    fn the_echo_is_as_loud_as_the_loudest_frame_of_late_less_the_loss() {
        let mut limit = EchoLimit::new(Some(20.0));
        limit.sent(AT(100), &[16_384; 160]);
        limit.sent(AT(120), &[0; 160]);
        assert!((limit.expected(AT(900)).expect("an echo") + 26.0).abs() < 0.1);
        assert!(limit.expected(AT(901)).expect("an echo") < -60.0);
    }

    #[test]
    fn a_line_without_echo_has_none() {
        let mut limit = EchoLimit::new(None);
        limit.sent(AT(100), &[16_384; 160]);
        assert_eq!(limit.expected(AT(100)), None);
    }
}
