//! The wire of one call: its codec, its rate, and the queue to its socket. Must not know turns.

use std::time::Duration;

use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::end::LineDead;
use super::incoming::Incoming;
use super::socket::{Socket, part};
use crate::audio::resample::{RateError, Resampler};
use crate::audio::{to_f32, to_i16};
use crate::media::inbound_quality::Reception;
use crate::report::{InboundQuality, Report};
use crate::streams::dialect::Dialect;
use crate::streams::{Gateway, Inbound, Media, Refusal, Wire, WireOut};
use crate::units::{CallTime, PHONE_RATE};

/// Messages that may wait for a socket: five seconds of frames with their marks.
const OUTBOUND_QUEUE: usize = 300;

/// Codec and outgoing queue of one call.
pub struct Line {
    codec: Box<dyn Gateway>,
    out: mpsc::Sender<Message>,
    /// Gives the sink back when it has sent everything, or gave up.
    writer: JoinHandle<SplitSink<Socket, Message>>,
    send_timeout: Duration,
    reception: Reception,
    /// Between the line's rate and the phone's, if they differ.
    rates: Option<Rates>,
}

struct Rates {
    inbound: Resampler,
    outbound: Resampler,
}

impl Line {
    /// Starts the writer of `sink`; a message that it does not take within `send_timeout` ends it.
    pub(super) fn open(
        codec: Box<dyn Gateway>,
        sink: SplitSink<Socket, Message>,
        send_timeout: Duration,
    ) -> Self {
        let (out, messages) = mpsc::channel(OUTBOUND_QUEUE);
        let writer = tokio::spawn(write(sink, messages, send_timeout));
        let reception = Reception::new(PHONE_RATE, false);
        Self { codec, out, writer, send_timeout, reception, rates: None }
    }

    /// From now on the line speaks at `rate`.
    ///
    /// # Errors
    /// If no converter knows the rate.
    pub fn set_rate(&mut self, rate: u32) -> Result<(), RateError> {
        let gaps = self.dialect().is_some_and(|dialect| !dialect.sends_silence());
        self.reception = Reception::new(rate, gaps);
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
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(Vec::new()),
            Message::Close(_) => Ok(vec![Inbound::Stopped]),
        }
    }

    /// Samples of the line, which came at `now`, at the phone's rate; what is missing before them is made up
    /// for, where the line tells their position.
    pub fn inbound_audio(&mut self, samples: Vec<i16>, position_ms: Option<u64>, now: CallTime) -> Vec<i16> {
        let samples = self.reception.arrived(samples, position_ms, now);
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
        self.send(&Media::Audio { samples: &samples })
    }

    /// Sends what the protocol has a word for.
    ///
    /// # Errors
    /// If the socket is closed, or stalled for so long that the queue is full.
    pub fn send(&mut self, media: &Media<'_>) -> Result<(), LineDead> {
        let messages = self.codec.encode(media);
        self.write(messages)
    }

    /// Tells whoever is at the other end, if the protocol has a word for it.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn report(&mut self, report: &Report<'_>) -> Result<(), LineDead> {
        let messages = self.codec.report(report);
        self.write(messages)
    }

    fn write(&mut self, messages: Vec<WireOut>) -> Result<(), LineDead> {
        for message in messages {
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
        self.out.try_send(Message::Ping(Vec::new().into())).map_err(|_| LineDead)
    }

    /// Says goodbye to the socket with a close frame, and parts from it. A peer that said goodbye first has its
    /// answer; it is not told another.
    pub async fn close(mut self, code: u16, reason: &str, incoming: Incoming) {
        // A close frame's reason may take 123 bytes.
        let reason: String = reason
            .chars()
            .scan(0, |len, c| {
                *len += c.len_utf8();
                (*len <= 120).then_some(c)
            })
            .collect();
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        // A queue that is full belongs to a dead socket: it is dropped with the writer.
        let _ = self.out.try_send(Message::Close(Some(frame)));
        drop(self.out);
        match tokio::time::timeout(self.send_timeout, &mut self.writer).await {
            Ok(Ok(sink)) => {
                if let Ok(socket) = incoming.into_stream().reunite(sink) {
                    part(socket).await;
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the writer of a socket broke"),
            Err(_) => self.writer.abort(),
        }
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

    /// How well the caller's audio comes.
    #[must_use]
    pub fn reception(&self) -> InboundQuality {
        self.reception.figures(self.codec.disordered())
    }
}

fn convert(resampler: Option<&mut Resampler>, samples: Vec<i16>) -> Vec<i16> {
    let Some(resampler) = resampler else { return samples };
    let mut out = Vec::new();
    resampler.push(&to_f32(&samples), &mut out);
    to_i16(&out)
}

async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut messages: mpsc::Receiver<Message>,
    timeout: Duration,
) -> SplitSink<Socket, Message> {
    while let Some(message) = messages.recv().await {
        let last = matches!(message, Message::Close(_));
        let sent = async {
            if last {
                // The answer to a ping would follow it otherwise, and nothing follows a close frame.
                sink.flush().await?;
            }
            sink.send(message).await
        };
        match tokio::time::timeout(timeout, sent).await {
            Ok(Ok(())) if !last => continue,
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the socket takes no more"),
            Err(_) => tracing::warn!("the socket took nothing for {timeout:?}: half dead, dropped"),
        }
        break;
    }
    sink
}
