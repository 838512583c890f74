//! The dialects that this server speaks. Must not know how they are spoken.

use serde::{Deserialize, Serialize};

/// A protocol that this server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Our own protocol.
    Native,
    /// Twilio Media Streams.
    Twilio,
    /// Telnyx media streaming.
    Telnyx,
    /// Plivo audio streaming.
    Plivo,
    /// Vonage WebSocket endpoints.
    Vonage,
    /// jambonz `listen`.
    Jambonz,
    /// Asterisk `chan_websocket`.
    Asterisk,
    /// The voice sessions of OpenAI's Realtime API.
    Realtime,
}

impl Dialect {
    /// The dialects of telephone lines, which the configuration names. `Realtime` belongs to the interface
    /// for programs.
    pub const LINES: [Self; 7] =
        [Self::Native, Self::Twilio, Self::Telnyx, Self::Plivo, Self::Vonage, Self::Jambonz, Self::Asterisk];

    /// The dialect's name in addresses and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "offhook",
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::Asterisk => "asterisk",
            Self::Realtime => "realtime",
        }
    }

    /// The dialect of telephone lines with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::LINES.into_iter().find(|dialect| dialect.name() == name)
    }

    /// True if the gateway sends audio all the time, false if it sends nothing in silence.
    #[must_use]
    pub const fn sends_silence(self) -> bool {
        match self {
            Self::Native
            | Self::Twilio
            | Self::Telnyx
            | Self::Plivo
            | Self::Vonage
            | Self::Jambonz
            | Self::Realtime => true,
            Self::Asterisk => false,
        }
    }

    /// True if the gateway returns marks when it has played what was before them.
    #[must_use]
    pub const fn returns_marks(self) -> bool {
        !matches!(self, Self::Realtime)
    }
}
