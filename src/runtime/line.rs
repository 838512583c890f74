//! The wire of one call: its codec, its rate, and the queue to its socket. Must not know turns.

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use std::time::Duration;
use tokio::sync::mpsc;

use crate::audio::resample::{RateError, Resampler};
use crate::audio::{to_f32, to_i16};
use crate::gateway::detect::Dialect;
use crate::gateway::{Gateway, Inbound, Outbound, Refusal, Wire, WireOut};
use crate::units::PHONE_RATE;

/// Messages that may wait for a socket: five seconds of frames with their marks.
const OUTBOUND_QUEUE: usize = 300;

/// The socket takes nothing any more, or too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the socket is closed or stalled")]
pub struct LineDead;

/// Codec and outgoing queue of one call.
pub struct Line {
    codec: Box<dyn Gateway>,
    out: mpsc::Sender<Message>,
    /// Between the line's rate and the phone's, if they differ.
    rates: Option<Rates>,
}

struct Rates {
    inbound: Resampler,
    outbound: Resampler,
}

impl Line {
    /// Starts the writer of `sink`; a message that it does not take within `send_timeout` ends it.
    pub fn open(
        codec: Box<dyn Gateway>,
        sink: SplitSink<WebSocket, Message>,
        send_timeout: Duration,
    ) -> Self {
        let (out, messages) = mpsc::channel(OUTBOUND_QUEUE);
        tokio::spawn(write(sink, messages, send_timeout));
        Self { codec, out, rates: None }
    }

    /// From now on the line speaks at `rate`.
    ///
    /// # Errors
    /// If no converter knows the rate.
    pub fn set_rate(&mut self, rate: u32) -> Result<(), RateError> {
        if rate != PHONE_RATE {
            let (inbound, outbound) = (Resampler::new(rate, PHONE_RATE)?, Resampler::new(PHONE_RATE, rate)?);
            self.rates = Some(Rates { inbound, outbound });
        }
        Ok(())
    }

    /// What a message means; nothing for the socket's own pings and pongs.
    ///
    /// # Errors
    /// What the codec refuses.
    pub fn decode(&mut self, message: &Message) -> Result<Vec<Inbound>, Refusal> {
        match message {
            Message::Text(text) => self.codec.decode(Wire::Text(text)),
            Message::Binary(bytes) => self.codec.decode(Wire::Binary(bytes)),
            Message::Ping(_) | Message::Pong(_) => Ok(Vec::new()),
            Message::Close(_) => Ok(vec![Inbound::Stopped]),
        }
    }

    /// Samples of the line at the phone's rate.
    pub fn inbound_audio(&mut self, samples: Vec<i16>) -> Vec<i16> {
        convert(self.rates.as_mut().map(|r| &mut r.inbound), samples)
    }

    /// What the converter holds back of the line's audio, because more was to come.
    pub fn rest_of_the_audio(&mut self) -> Vec<i16> {
        let mut out = Vec::new();
        if let Some(rates) = &mut self.rates {
            rates.inbound.finish(&mut out);
        }
        to_i16(&out)
    }

    /// The dialect that is spoken, once it is known.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.codec.dialect()
    }

    /// Sends samples at the phone's rate.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_audio(&mut self, samples: Vec<i16>) -> Result<(), LineDead> {
        let samples = convert(self.rates.as_mut().map(|r| &mut r.outbound), samples);
        self.send(&Outbound::Audio { samples: &samples })
    }

    /// Sends what the protocol has a word for.
    ///
    /// # Errors
    /// If the socket is closed, or stalled for so long that the queue is full.
    pub fn send(&mut self, out: &Outbound<'_>) -> Result<(), LineDead> {
        for message in self.codec.encode(out) {
            let message = match message {
                WireOut::Text(text) => Message::text(text),
                WireOut::Binary(bytes) => Message::binary(bytes),
            };
            self.out.try_send(message).map_err(|_| LineDead)?;
        }
        Ok(())
    }

    /// Asks the peer for a sign of life: every WebSocket answers a ping (RFC 6455, section 5.5.2).
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn ask_for_life(&mut self) -> Result<(), LineDead> {
        self.out.try_send(Message::Ping(Bytes::new())).map_err(|_| LineDead)
    }

    /// Says goodbye to the socket with a close frame.
    pub fn close(&mut self, code: u16, reason: &str) {
        // A close frame's reason may take 123 bytes.
        let reason: String = reason
            .chars()
            .scan(0, |len, c| {
                *len += c.len_utf8();
                (*len <= 120).then_some(c)
            })
            .collect();
        let frame = CloseFrame { code, reason: Utf8Bytes::from(reason) };
        // A queue that is full belongs to a dead socket: it is dropped with the writer.
        let _ = self.out.try_send(Message::Close(Some(frame)));
    }

    /// True once the writer has given up.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.out.is_closed()
    }

    /// Messages waiting for the socket.
    #[must_use]
    pub fn queued(&self) -> usize {
        OUTBOUND_QUEUE - self.out.capacity()
    }

    /// Messages that came out of order.
    #[must_use]
    pub fn disordered(&self) -> u64 {
        self.codec.disordered()
    }
}

fn convert(resampler: Option<&mut Resampler>, samples: Vec<i16>) -> Vec<i16> {
    let Some(resampler) = resampler else { return samples };
    let mut out = Vec::new();
    resampler.push(&to_f32(&samples), &mut out);
    to_i16(&out)
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut messages: mpsc::Receiver<Message>,
    timeout: Duration,
) {
    while let Some(message) = messages.recv().await {
        let last = matches!(message, Message::Close(_));
        match tokio::time::timeout(timeout, sink.send(message)).await {
            Ok(Ok(())) if !last => {}
            Ok(Ok(())) => return,
            Ok(Err(error)) => return tracing::debug!(%error, "the socket takes no more"),
            Err(_) => return tracing::warn!("the socket took nothing for {timeout:?}: half dead, dropped"),
        }
    }
}
