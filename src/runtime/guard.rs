//! A stream that fails when a peer sends more than any gateway does. It counts bytes and frames below the
//! WebSocket library, which keeps reading while no message is complete. Must not know what the bytes mean.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock::Clock;
use super::frames::{Frames, TooManyFrames};
use crate::media::token_bucket::TokenBucket;

/// After a stall, frames of this much time may come in one burst.
const BURST: Duration = Duration::from_secs(10);

/// Frames allowed for each allowed message: fragments, pings and pongs.
const FRAMES_PER_MESSAGE: u32 = 4;

/// The widest format (16-bit samples at 48 kHz, in base64) needs a quarter of this, and after a stall a
/// minute of its audio may come at once.
const BYTES_PER_SECOND: u64 = 512 * 1024;
const BYTES_BURST: Duration = Duration::from_secs(32);

/// More than any gateway sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    /// Too many frames in a message.
    #[error(transparent)]
    Fragments(#[from] TooManyFrames),
    /// Too many frames in a second.
    #[error("more than {0} frames a second")]
    Frames(u32),
    /// Too many bytes in a second.
    #[error("more than {BYTES_PER_SECOND} bytes a second")]
    Bytes,
}

/// A peer's stream with its limits. Written data is not checked.
#[derive(Debug)]
pub(super) struct Guard<S> {
    stream: S,
    clock: Clock,
    counted: Frames,
    per_second: u32,
    frames: TokenBucket,
    bytes: TokenBucket,
}

impl<S> Guard<S> {
    /// Passes what a gateway that sends at most `messages` a second may send.
    pub(super) fn new(stream: S, messages: u32, clock: Clock) -> Self {
        let (frames, bytes) = (TokenBucket::new(BURST, 1), TokenBucket::new(BYTES_BURST, 1));
        let per_second = messages.saturating_mul(FRAMES_PER_MESSAGE);
        Self { stream, clock, counted: Frames::new(), per_second, frames, bytes }
    }

    /// The stream without its limits.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    fn came(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let now = self.clock.now();
        let begun = self.counted.pass(bytes)?;
        // Counted in time: each frame costs its share of a second, and so does each byte.
        let cost = Duration::from_nanos(bytes.len() as u64 * 1_000_000_000 / BYTES_PER_SECOND);
        if !self.frames.take(Duration::from_secs(1) / self.per_second * begun, now) {
            Err(Excess::Frames(self.per_second))
        } else if self.bytes.take(cost, now) {
            Ok(())
        } else {
            Err(Excess::Bytes)
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let came = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.came(came).map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excess(mut guard: Guard<()>, bytes: &[u8], times: usize) -> Option<Excess> {
        (0..times).find_map(|_| guard.came(bytes).err())
    }

    fn guard() -> Guard<()> {
        Guard::new((), 200, Clock::start())
    }

    /// Fault: endless empty continuation frames (FIN=0, then `00 80 …`) are one message that never ends, and
    /// nothing counted frames: two sockets blocked a thread for seconds.
    #[test]
    fn endless_empty_fragments_end_their_stream() {
        let mut guard = guard();
        guard.came(&[0x01, 0x80, 0, 0, 0, 0]).unwrap();
        assert_eq!(
            excess(guard, &[0x00, 0x80, 0, 0, 0, 0].repeat(100), 20),
            Some(Excess::Fragments(TooManyFrames))
        );
    }

    #[test]
    fn pings_without_end_end_their_stream() {
        // Ten seconds of 800 frames at once, and those allowed meanwhile.
        assert_eq!(excess(guard(), &[0x89, 0x80, 0, 0, 0, 0].repeat(100), 80), None);
        assert_eq!(excess(guard(), &[0x89, 0x80, 0, 0, 0, 0].repeat(100), 1_000), Some(Excess::Frames(800)));
    }

    #[test]
    fn large_messages_without_end_end_their_stream() {
        let mut message = vec![0x82, 0x80 | 126, 0xff, 0xff];
        message.extend([0; 4 + 65_535]);
        assert_eq!(excess(guard(), &message, 200), None);
        assert_eq!(excess(guard(), &message, 5_000), Some(Excess::Bytes));
    }
}
