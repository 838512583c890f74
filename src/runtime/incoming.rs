//! What a socket brings, message by message, and not faster than any telephone line does. Must not know
//! what the messages mean.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;

use super::clock::Clock;
use super::end::End;
use crate::units::CallTime;

/// A stall of so long may be made good in one burst.
const BURST: Duration = Duration::from_secs(10);

/// One socket's messages.
pub struct Incoming {
    stream: SplitStream<WebSocket>,
    allowance: Allowance,
    clock: Clock,
}

impl Incoming {
    /// At most `per_second` messages of `stream`, over ten seconds.
    #[must_use]
    pub fn new(stream: SplitStream<WebSocket>, per_second: u32, clock: Clock) -> Self {
        Self { stream, allowance: Allowance::new(per_second), clock }
    }

    /// The next message of the peer.
    ///
    /// # Errors
    /// How the call ended, if there is none, or there were too many.
    pub async fn next(&mut self) -> Result<Message, End> {
        let message = match self.stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(End::Lost(error.to_string())),
            None => return Err(End::HungUp),
        };
        if self.allowance.take(self.clock.now()) {
            Ok(message)
        } else {
            Err(End::Flood(self.allowance.per_second))
        }
    }
}

/// So many a second, and what was not used of the last ten seconds (a token bucket).
#[derive(Debug, Clone)]
struct Allowance {
    per_second: u32,
    /// What may still be taken, and when that was counted.
    left: Duration,
    at: CallTime,
}

impl Allowance {
    fn new(per_second: u32) -> Self {
        Self { per_second, left: BURST, at: CallTime::ZERO }
    }

    /// Takes one; false if there is none left.
    fn take(&mut self, now: CallTime) -> bool {
        self.left = BURST.min(self.left + now.since(self.at));
        self.at = now;
        // The allowance is counted in time: a message costs its part of a second.
        let cost = Duration::from_secs(1) / self.per_second;
        let rest = self.left.checked_sub(cost);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> CallTime = CallTime::from_millis;

    #[test]
    fn a_burst_after_a_stall_is_taken_and_a_flood_is_not() {
        let mut allowance = Allowance::new(100);
        assert!((0..1000).all(|_| allowance.take(MS(0))));
        assert!(!allowance.take(MS(5)));
        assert!(allowance.take(MS(10)) && !allowance.take(MS(10)));
        assert!((0..500).all(|_| allowance.take(MS(5010))));
        assert!(!allowance.take(MS(5010)));
    }

    #[test]
    fn the_pace_of_a_line_is_never_too_fast() {
        let mut allowance = Allowance::new(60);
        assert!((0..100_000).all(|n| allowance.take(MS(n * 20))));
    }
}
