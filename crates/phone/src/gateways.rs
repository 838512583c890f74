//! The messages that a telephone gateway sends and receives, in one vocabulary for all gateways that the
//! caller can simulate. Each gateway has a file that writes and reads its messages. They share the form of
//! reports with the server and nothing else, so that a mistake in the server's codecs is not repeated here.
//! Must not know sockets or time.

mod asterisk;
mod jambonz;
mod native;
mod plivo;
mod telnyx;
#[cfg(test)]
mod tests;
mod twilio;
mod vonage;
mod wire;

pub use wire::token;

use std::fmt;

use anyhow::bail;
use tokio_tungstenite::tungstenite::Message;

use super::buffer::{Buffer, Told};
use super::rates::Up;
use offhook_core::streams::native::{SummaryWire, TurnReportWire};
use offhook_core::units::PHONE_RATE;

/// The gateways that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Gateway {
    /// Twilio Media Streams
    Twilio,
    /// Telnyx media streaming; some messages arrive out of order
    Telnyx,
    /// Plivo audio streaming
    Plivo,
    /// Vonage Voice WebSockets
    Vonage,
    /// jambonz listen, audio in both directions
    Jambonz,
    /// Asterisk chan_websocket with f(json); sends nothing while the caller is silent
    Asterisk,
    /// Asterisk chan_websocket in plain words, its default
    AsteriskText,
    /// offhook's own protocol
    Offhook,
}

impl Gateway {
    /// The gateway of the dialled path, whatever follows it, such as a token; Twilio for any other path.
    pub fn of_url(url: &str) -> Self {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let named = |part: &str| match part {
            "twilio" => Some(Self::Twilio),
            "telnyx" => Some(Self::Telnyx),
            "plivo" => Some(Self::Plivo),
            "vonage" => Some(Self::Vonage),
            "jambonz" => Some(Self::Jambonz),
            "asterisk" => Some(Self::Asterisk),
            "offhook" => Some(Self::Offhook),
            _ => None,
        };
        // The first part is the host.
        path.split('/').skip(1).find_map(named).unwrap_or(Self::Twilio)
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::Asterisk => "asterisk",
            Self::AsteriskText => "asterisk-text",
            Self::Offhook => "offhook",
        }
    }

    /// The path of this gateway on an offhook server.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Twilio => "/twilio",
            Self::Telnyx => "/telnyx",
            Self::Plivo => "/plivo",
            Self::Vonage => "/vonage",
            Self::Jambonz => "/jambonz",
            Self::Asterisk | Self::AsteriskText => "/asterisk",
            Self::Offhook => "/offhook",
        }
    }

    /// The rates that are simulated, in samples per second.
    const fn rates(self) -> &'static [u32] {
        match self {
            Self::Twilio | Self::Offhook => &[8000],
            Self::Plivo | Self::Asterisk | Self::AsteriskText => &[8000, 16_000],
            Self::Telnyx | Self::Vonage | Self::Jambonz => &[8000, 16_000, 24_000],
        }
    }
}

/// The simulated connection: a gateway and its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The gateway that dials.
    pub gateway: Gateway,
    /// Samples per second on the wire.
    rate: u32,
}

impl Line {
    /// A connection at `rate`; without one, at the phone's.
    ///
    /// # Errors
    /// If the gateway does not have the rate.
    pub fn new(gateway: Gateway, rate: Option<u32>) -> anyhow::Result<Self> {
        let (rate, rates) = (rate.unwrap_or(PHONE_RATE), gateway.rates());
        if !rates.contains(&rate) {
            let rates: Vec<String> = rates.iter().map(u32::to_string).collect();
            bail!("--rate {rate}: {} speaks at {} here; take one of them", gateway.name(), rates.join(", "));
        }
        Ok(Self { gateway, rate })
    }

    /// Whether the server reports about its turns on this line.
    pub fn reports(self) -> bool {
        self.provider().reports()
    }

    fn provider(self) -> Box<dyn Provider> {
        match self.gateway {
            Gateway::Twilio => Box::new(twilio::Twilio::new()),
            Gateway::Telnyx => Box::new(telnyx::Telnyx::new(self.rate)),
            Gateway::Plivo => Box::new(plivo::Plivo::new(self.rate)),
            Gateway::Vonage => Box::new(vonage::Vonage::new(self.rate)),
            Gateway::Jambonz => Box::new(jambonz::Jambonz::new(self.rate)),
            Gateway::Asterisk => Box::new(asterisk::Asterisk::new(asterisk::Form::Json, self.rate)),
            Gateway::AsteriskText => Box::new(asterisk::Asterisk::new(asterisk::Form::Plain, self.rate)),
            Gateway::Offhook => Box::new(native::Native::new()),
        }
    }
}

/// A message of the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// The agent's voice, at the connection's rate.
    Audio(Vec<i16>),
    /// A mark, to be returned when the audio before it has played.
    Mark(String),
    /// Discard the audio that has not been played.
    Clear,
    /// Forget the waiting marks without reporting them.
    ForgetMarks,
    /// Pause playback until `Resume`.
    Pause,
    /// Resume playback.
    Resume,
    /// Report once when the buffer is empty.
    TellDrained,
    /// End the call.
    HangUp,
    /// The report of a turn.
    Turn(Box<TurnReportWire>),
    /// The summary of the call.
    Summary(Box<SummaryWire>),
    /// Something failed.
    Error(String),
    /// A message that this caller does not need.
    Other,
}

/// A message of the server, or how it broke the gateway's protocol.
pub(crate) type Heard = Result<Said, String>;

/// One gateway's side of one call.
trait Provider: fmt::Debug {
    /// The sub-protocol requested in the upgrade.
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    /// The gateway's name for the call.
    fn call_id(&self) -> &str;

    /// Whether the server reports about its turns on this line.
    fn reports(&self) -> bool {
        false
    }

    /// The gateway's playback buffer.
    fn buffer(&self) -> Box<dyn Buffer>;

    /// The first messages.
    fn opening(&mut self) -> Vec<Message>;

    /// The caller's audio at the connection's rate; `position` is that of its first sample, at 8 kHz.
    fn audio(&mut self, position: usize, samples: &[i16]) -> Vec<Message>;

    /// A report of the buffer, if the gateway has a message for it.
    fn tell(&mut self, told: &Told) -> Option<Message>;

    /// The last messages before the socket is closed, if any.
    fn hang_up(&mut self) -> Vec<Message> {
        Vec::new()
    }

    /// The meaning of a text message.
    fn text(&mut self, text: &str) -> Heard;

    /// The meaning of a binary message.
    fn binary(&mut self, _bytes: &[u8]) -> Vec<Heard> {
        vec![Err("a binary message, which this gateway does not know".to_owned())]
    }
}

/// A phone behind a gateway, for one call.
#[derive(Debug)]
pub(crate) struct Phone {
    provider: Box<dyn Provider>,
    up: Up,
}

impl Phone {
    /// A phone that is about to call.
    pub(crate) fn new(line: Line) -> Self {
        Self { provider: line.provider(), up: Up::to(line.rate) }
    }

    /// See [`Provider::subprotocol`].
    pub(crate) fn subprotocol(&self) -> Option<&'static str> {
        self.provider.subprotocol()
    }

    /// The name of the call: the gateway's, or the server's once that is known.
    pub(crate) fn call_id(&self) -> &str {
        self.provider.call_id()
    }

    /// See [`Provider::reports`].
    pub(crate) fn reports(&self) -> bool {
        self.provider.reports()
    }

    /// See [`Provider::buffer`].
    pub(crate) fn buffer(&self) -> Box<dyn Buffer> {
        self.provider.buffer()
    }

    /// The first messages.
    pub(crate) fn opening(&mut self) -> Vec<Message> {
        self.provider.opening()
    }

    /// The caller's audio at 8 kHz; `position` is that of its first sample.
    pub(crate) fn audio(&mut self, position: usize, samples: &[i16]) -> Vec<Message> {
        let samples = self.up.push(samples);
        self.provider.audio(position, &samples)
    }

    /// See [`Provider::tell`].
    pub(crate) fn tell(&mut self, told: &Told) -> Option<Message> {
        self.provider.tell(told)
    }

    /// The caller hangs up: the last messages before the socket is closed.
    pub(crate) fn hang_up(&mut self) -> Vec<Message> {
        self.provider.hang_up()
    }

    /// The meaning of a message of the server, or how it breaks the protocol.
    pub(crate) fn read(&mut self, message: &Message) -> Vec<Heard> {
        match message {
            Message::Binary(bytes) => self.provider.binary(bytes),
            Message::Text(text) => vec![self.provider.text(text)],
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Vec::new(),
        }
    }
}
