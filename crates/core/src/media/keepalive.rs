//! Keep-alive: whether the peer of a socket is still there. Any message is a sign of life, and a quiet peer
//! is pinged. Reads no clock and sends nothing.

use std::time::Duration;

use crate::units::CallTime;

/// When the peer was last heard, and last pinged.
#[derive(Debug, Clone, Copy)]
pub struct KeepAlive {
    /// The timeout: a peer that is quiet for this long counts as gone.
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

    /// The timeout: a peer that is quiet for this long counts as gone.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Notes a message from the peer.
    pub fn heard(&mut self, now: CallTime) {
        self.heard = now;
    }

    /// Notes a ping to the peer.
    pub fn pinged(&mut self, now: CallTime) {
        self.asked = now;
    }

    /// When the next ping is due: a third of the timeout after the last message or ping.
    #[must_use]
    pub fn next_ping_at(&self) -> CallTime {
        self.heard.max(self.asked) + self.patience / 3
    }

    /// When the peer counts as gone.
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
