//! Whether the peer of a socket still lives: any message is a sign, and who is quiet is asked for one.
//! Reads no clock and sends nothing.

use std::time::Duration;

use crate::units::CallTime;

/// When the peer was heard last, and asked.
#[derive(Debug, Clone, Copy)]
pub struct KeepAlive {
    /// Whoever gave no sign for so long is gone.
    patience: Duration,
    heard: CallTime,
    asked: CallTime,
}

impl KeepAlive {
    /// A peer that was heard at `now`.
    #[must_use]
    pub const fn new(patience: Duration, now: CallTime) -> Self {
        Self { patience, heard: now, asked: now }
    }

    /// Whoever gave no sign for so long is gone.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Something came.
    pub fn heard(&mut self, now: CallTime) {
        self.heard = now;
    }

    /// It was asked for a sign.
    pub fn pinged(&mut self, now: CallTime) {
        self.asked = now;
    }

    /// When it is to be asked next: three times before it counts as gone.
    #[must_use]
    pub fn next_ping_at(&self) -> CallTime {
        self.heard.max(self.asked) + self.patience / 3
    }

    /// When it counts as gone.
    #[must_use]
    pub fn expires_at(&self) -> CallTime {
        self.heard + self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    #[test]
    fn a_quiet_peer_is_asked_every_third_of_the_time_it_has() {
        let mut life = KeepAlive::new(Duration::from_secs(30), AT(1000));
        let mut asked = Vec::new();
        while life.next_ping_at() < life.expires_at() {
            asked.push(life.next_ping_at());
            life.pinged(life.next_ping_at());
        }
        assert_eq!(asked, [AT(11_000), AT(21_000)]);
        assert_eq!(life.expires_at(), AT(31_000));
    }

    #[test]
    fn a_peer_that_is_heard_is_not_asked() {
        let mut life = KeepAlive::new(Duration::from_secs(30), AT(0));
        for second in 1..100 {
            assert!(life.next_ping_at() > AT(second * 1000));
            life.heard(AT(second * 1000));
        }
    }
}
