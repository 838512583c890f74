//! What a socket brings, message by message, and not faster than any telephone line does. Must not know
//! what the messages mean.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;

use super::clock::Clock;
use super::end::End;
use crate::gateway::Refusal;
use crate::units::CallTime;

/// A stall of so long may be made good in one burst.
const BURST: Duration = Duration::from_secs(10);

/// So much audio may come at once, and then at this many times the pace of speech. A line that stalled
/// brings all of it in a burst; more than that is no line.
const AUDIO_BURST: Duration = Duration::from_secs(60);
const AUDIO_PACE: u32 = 2;

/// So many messages that break the protocol are dropped at once, and then one a second: more are no mistakes.
const ODD_MESSAGES: u32 = 100;

/// So many of them are a warning each.
const TOLD_ODD_MESSAGES: u64 = 5;

/// One socket's messages.
pub struct Incoming {
    stream: SplitStream<WebSocket>,
    per_second: u32,
    messages: Allowance,
    audio: Allowance,
    odd: Allowance,
    dropped: u64,
    clock: Clock,
}

impl Incoming {
    /// At most `per_second` messages of `stream`, over ten seconds.
    #[must_use]
    pub fn new(stream: SplitStream<WebSocket>, per_second: u32, clock: Clock) -> Self {
        let messages = Allowance::new(BURST, 1);
        let audio = Allowance::new(AUDIO_BURST, AUDIO_PACE);
        let odd = Allowance::new(Duration::from_secs(1) * ODD_MESSAGES, 1);
        Self { stream, per_second, messages, audio, odd, dropped: 0, clock }
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
        // Counted in time: a message costs its part of a second.
        let cost = Duration::from_secs(1) / self.per_second;
        if self.messages.take(cost, self.clock.now()) {
            Ok(message)
        } else {
            Err(End::Flood(self.per_second))
        }
    }

    /// The last message broke the protocol: it is dropped.
    ///
    /// # Errors
    /// If so many did that it is no mistake.
    pub fn drop_odd(&mut self, refusal: Refusal) -> Result<Refusal, End> {
        if !self.odd.take(Duration::from_secs(1), self.clock.now()) {
            return Err(End::Refused(refusal));
        }
        self.dropped += 1;
        if self.dropped <= TOLD_ODD_MESSAGES {
            tracing::warn!(reason = %refusal, "a message was dropped");
        } else {
            tracing::debug!(reason = %refusal, count = self.dropped, "a message was dropped");
        }
        Ok(refusal)
    }

    /// The last message brought so much audio.
    ///
    /// # Errors
    /// If that is more than any line sends.
    pub fn brought(&mut self, audio: Duration) -> Result<(), End> {
        if self.audio.take(audio, self.clock.now()) { Ok(()) } else { Err(End::TooMuchAudio) }
    }
}

/// So much, and what was not used of it before (a token bucket).
#[derive(Debug, Clone)]
struct Allowance {
    most: Duration,
    /// It fills up so many times as fast as time passes.
    pace: u32,
    /// What may still be taken, and when that was counted.
    left: Duration,
    at: CallTime,
}

impl Allowance {
    fn new(most: Duration, pace: u32) -> Self {
        Self { most, pace, left: most, at: CallTime::ZERO }
    }

    /// Takes so much; false if there is less.
    fn take(&mut self, cost: Duration, now: CallTime) -> bool {
        self.left = self.most.min(self.left + now.since(self.at) * self.pace);
        self.at = now;
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
        let mut allowance = Allowance::new(BURST, 1);
        let mut take = |at: u64| allowance.take(Duration::from_millis(10), MS(at));
        assert!((0..1000).all(|_| take(0)));
        assert!(!take(5));
        assert!(take(10) && !take(10));
        assert!((0..500).all(|_| take(5010)));
        assert!(!take(5010));
    }

    #[test]
    fn audio_faster_than_speech_runs_out() {
        let mut allowance = Allowance::new(AUDIO_BURST, AUDIO_PACE);
        let mut seconds = (0..).take_while(|&n| allowance.take(Duration::from_secs(1), MS(n * 100)));
        // A second of audio every 100 ms: 60 s at first, and 200 ms more each time.
        assert_eq!(seconds.by_ref().count(), 74);
    }

    #[test]
    fn the_pace_of_a_line_is_never_too_fast() {
        let (mut messages, mut audio) = (Allowance::new(BURST, 1), Allowance::new(AUDIO_BURST, AUDIO_PACE));
        let second = Duration::from_secs(1);
        assert!((0..100_000).all(|n| messages.take(second / 60, MS(n * 20))));
        assert!((0..100_000).all(|n| audio.take(second / 50, MS(n * 20))));
    }
}
