//! What a socket brings, message by message, and not faster than any telephone line does. Must not know
//! what the messages mean.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use tokio::task::coop::consume_budget;
use tokio_tungstenite::tungstenite::Message;

use super::allowance::Allowance;
use super::clock::Clock;
use super::end::End;
use super::socket::{Socket, end_of};
use crate::streams::Refusal;

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
    stream: SplitStream<Socket>,
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
    pub(super) fn new(stream: SplitStream<Socket>, per_second: u32, clock: Clock) -> Self {
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
        // Messages that lie ready are taken without a pause: other calls have their turn between them.
        consume_budget().await;
        let message = match self.stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(end_of(error)),
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

    /// The half of the socket that was read.
    pub(super) fn into_stream(self) -> SplitStream<Socket> {
        self.stream
    }

    /// The last message brought so much audio.
    ///
    /// # Errors
    /// If that is more than any line sends.
    pub fn brought(&mut self, audio: Duration) -> Result<(), End> {
        if self.audio.take(audio, self.clock.now()) { Ok(()) } else { Err(End::TooMuchAudio) }
    }
}
