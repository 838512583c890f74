//! Why a call ended. Must not know how.

use std::time::Duration;

use super::line::LineDead;
use crate::conversation::Farewell;
use crate::gateway::native::SummaryWire;
use crate::units::CallTime;

/// Why a call ended, for its log line.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The gateway said so, or closed the socket in order.
    #[error("hung up")]
    HungUp,
    /// The agent said goodbye, and it was heard.
    #[error("said goodbye: {}", match .0 { Farewell::NobodySpoke => "nobody spoke", Farewell::LongestCall => "the longest call", Farewell::AllWasSaid => "all was said" })]
    SaidGoodbye(Farewell),
    /// The client asked for the end and got its summary.
    #[error("session ended by the client")]
    Requested,
    /// A newer socket has brought the same call.
    #[error("a newer socket of the same call took over")]
    TakenOver,
    /// The socket broke.
    #[error("connection lost: {0}")]
    Lost(String),
    /// A message that breaks the protocol.
    #[error("refused: {0}")]
    Refused(#[from] crate::gateway::Refusal),
    /// More messages than any line sends.
    #[error("flooded: more than {0} messages a second")]
    Flood(u32),
    /// More audio than any line sends.
    #[error("flooded: audio came faster than anybody speaks")]
    TooMuchAudio,
    /// No place for the call.
    #[error("refused: {0}")]
    NoPlace(#[from] super::registry::Refused),
    /// Nothing said who calls.
    #[error("no start message within {0:?}")]
    NoStart(Duration),
    /// Nothing came.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
    /// The socket takes nothing.
    #[error(transparent)]
    Dead(#[from] LineDead),
    /// The server stops, and the time for running calls is over.
    #[error("server shutting down")]
    Drained,
}

impl End {
    /// Writes it into the log, with what there is to say of the whole call.
    pub fn told(&self, summary: &SummaryWire, now: CallTime) {
        let (turns, line) = (summary.turns, &summary.line);
        let (jitter_ms, concealed_ms) = (line.jitter_ms.round(), line.concealed_ms.round());
        let disordered = line.disordered;
        match self {
            Self::HungUp | Self::SaidGoodbye(_) | Self::Requested | Self::TakenOver | Self::Drained => {
                tracing::info!(reason = %self, turns, seconds = %now, jitter_ms, concealed_ms, disordered, "call ended");
            }
            Self::Lost(_)
            | Self::Refused(_)
            | Self::NoStart(_)
            | Self::NoPlace(_)
            | Self::Flood(_)
            | Self::TooMuchAudio
            | Self::Idle(_)
            | Self::Dead(_) => {
                tracing::warn!(reason = %self, turns, seconds = %now, jitter_ms, concealed_ms, disordered, "call ended");
            }
        }
    }

    /// The WebSocket close code that tells it (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::HungUp
            | Self::SaidGoodbye(_)
            | Self::Requested
            | Self::TakenOver
            | Self::Lost(_)
            | Self::Dead(_) => 1000,
            Self::Refused(_) => 1002,
            Self::NoStart(_) | Self::Idle(_) | Self::Flood(_) | Self::TooMuchAudio => 1008,
            Self::NoPlace(_) => 1013,
            Self::Drained => 1001,
        }
    }
}
