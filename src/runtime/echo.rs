//! How loud the agent's own voice may come back on a line that echoes. Knows levels, no samples of the
//! caller; whether a sound is speech is decided elsewhere.

use std::collections::VecDeque;

use crate::audio::level::{SILENCE_DBFS, rms_dbfs};

/// An echo comes back within so many frames of 20 ms: the lead in the gateway's buffer, the way to the
/// phone and back.
const WITHIN: usize = 40;

/// The levels of what was sent last.
#[derive(Debug)]
pub struct EchoGuard {
    /// How much quieter it comes back, in dB; `None` if the line does not echo.
    loss_db: Option<f32>,
    sent: VecDeque<f32>,
}

impl EchoGuard {
    /// A guard for a line that echoes with this loss.
    #[must_use]
    pub fn new(loss_db: Option<f32>) -> Self {
        Self { loss_db, sent: VecDeque::new() }
    }

    /// This frame was sent.
    pub fn sent(&mut self, frame: &[i16]) {
        if self.loss_db.is_some() {
            if self.sent.len() == WITHIN {
                self.sent.pop_front();
            }
            self.sent.push_back(rms_dbfs(frame));
        }
    }

    /// How loud the echo of it can be, in dBFS.
    #[must_use]
    pub fn expected(&self) -> Option<f32> {
        let loudest = self.sent.iter().copied().fold(SILENCE_DBFS, f32::max);
        self.loss_db.map(|loss| loudest - loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_is_as_loud_as_the_loudest_frame_of_late_less_the_loss() {
        let mut guard = EchoGuard::new(Some(20.0));
        guard.sent(&[16_384; 160]);
        (0..WITHIN - 1).for_each(|_| guard.sent(&[0; 160]));
        assert!((guard.expected().expect("an echo") + 26.0).abs() < 0.1);
        guard.sent(&[0; 160]);
        assert!(guard.expected().expect("an echo") < -60.0);
    }

    #[test]
    fn a_line_without_echo_has_none() {
        let mut guard = EchoGuard::new(None);
        guard.sent(&[16_384; 160]);
        assert_eq!(guard.expected(), None);
    }
}
