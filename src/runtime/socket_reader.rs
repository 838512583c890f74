//! Reads a socket message by message, and no faster than any gateway sends. Must not know what the messages
//! mean.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use tokio::task::coop::consume_budget;
use tokio_tungstenite::tungstenite::Message;

use super::clock::Clock;
use super::close_reason::CloseReason;
use super::socket::{Socket, end_of};
use crate::call::Ending;
use crate::media::token_bucket::TokenBucket;
use crate::units::CallTime;

/// After a stall, messages of this much time may come in one burst.
const BURST: Duration = Duration::from_secs(10);

/// The most messages that are kept while it is watched whether the peer goes: those of twenty seconds.
const MOST_KEPT: usize = 1000;

/// The most bytes of them.
const MOST_BYTES_KEPT: usize = 4 << 20;

/// One socket's messages.
pub struct SocketReader {
    stream: SplitStream<Socket>,
    /// What came while it was watched whether the peer goes.
    kept: VecDeque<Result<Message, CloseReason>>,
    per_second: u32,
    messages: TokenBucket,
    clock: Clock,
}

impl SocketReader {
    /// At most `per_second` messages of `stream`, over ten seconds.
    #[must_use]
    pub(super) fn new(stream: SplitStream<Socket>, per_second: u32, clock: Clock) -> Self {
        let messages = TokenBucket::new(BURST, 1);
        Self { stream, kept: VecDeque::new(), per_second, messages, clock }
    }

    /// The next message of the peer.
    ///
    /// # Errors
    /// The end of the call, if there is no next message, or there were too many.
    pub async fn next(&mut self) -> Result<Message, CloseReason> {
        // Messages that are ready are read without waiting: this lets other calls run in between.
        consume_budget().await;
        match self.kept.pop_front() {
            Some(message) => message,
            None => self.read().await,
        }
    }

    /// Comes when the peer has gone. What it sent before is kept for [`Self::next`]; of a peer that sends
    /// more than is kept, nobody knows.
    pub(super) async fn gone(&mut self) {
        let mut bytes = 0;
        while self.kept.len() < MOST_KEPT && bytes < MOST_BYTES_KEPT {
            consume_budget().await;
            let message = self.read().await;
            bytes += message.as_ref().map_or(0, Message::len);
            let goes = message.as_ref().map_or(true, Message::is_close);
            self.kept.push_back(message);
            if goes {
                return;
            }
        }
        std::future::pending().await
    }

    async fn read(&mut self) -> Result<Message, CloseReason> {
        let message = match self.stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(end_of(error)),
            None => return Err(Ending::HungUp.into()),
        };
        // Counted in time: each message costs its share of a second.
        let cost = Duration::from_secs(1) / self.per_second;
        if self.messages.take(cost, self.clock.now()) {
            Ok(message)
        } else {
            Err(CloseReason::Flood(self.per_second))
        }
    }

    /// The time of the call.
    pub(super) fn now(&self) -> CallTime {
        self.clock.now()
    }

    /// The half of the socket that was read from.
    pub(super) fn into_stream(self) -> SplitStream<Socket> {
        self.stream
    }
}
