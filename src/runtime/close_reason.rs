//! Why a call ended, for the log and the close code. Must not know how it is ended.

use std::time::Duration;

use crate::call::Ending;
use crate::report::{End, Summary};
use crate::streams::RefusalCode;
use crate::turns::Farewell;
use crate::units::CallTime;

/// How a peer broke the rules of WebSockets (RFC 6455).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A frame that is not allowed, or not here.
    #[error("{0}")]
    Protocol(String),
    /// A text message, or the reason of a close frame, that is not UTF-8.
    #[error("a text that is not UTF-8")]
    NotUtf8,
    /// A message of more bytes or frames than are allowed.
    #[error("{0} (server.max_message_bytes)")]
    TooBig(String),
}

/// The socket accepts no more data, or accepts it too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the socket is closed or stalled")]
pub struct LineDead;

/// Why a call ended, for its log line.
#[derive(Debug, thiserror::Error)]
pub enum CloseReason {
    /// The call's own reason.
    #[error(transparent)]
    Call(#[from] Ending),
    /// A newer socket took over the call.
    #[error("a newer socket of the same call took over")]
    TakenOver,
    /// The connection was lost.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The peer broke the WebSocket protocol.
    #[error("the WebSocket protocol was broken: {0}")]
    Broken(#[from] Broken),
    /// A message broke the provider's protocol.
    #[error("refused: {0}")]
    Refused(#[from] crate::streams::Refusal),
    /// More messages than any gateway sends.
    #[error("flooded: more than {0} messages a second")]
    Flood(u32),
    /// More frames or bytes than any gateway sends.
    #[error("flooded: {0}")]
    Excess(String),
    /// There is no place for the call.
    #[error("refused: {0}")]
    NoPlace(#[from] super::registry::Refused),
    /// No start message came in time.
    #[error("no start message within {0:?}")]
    NoStart(Duration),
    /// The socket accepts no data.
    #[error(transparent)]
    Dead(#[from] LineDead),
    /// The server is stopping, and the time for running calls is over.
    #[error("server shutting down")]
    Drained,
}

impl CloseReason {
    /// The reason as the followers of calls are told it.
    #[must_use]
    pub fn end(&self) -> End {
        End { code: self.code().to_owned(), reason: self.to_string() }
    }

    /// The kind of the reason, in a word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Call(Ending::HungUp) => "hung_up",
            // Nobody is content with such a call: it is no goodbye like the others.
            Self::Call(Ending::SaidGoodbye(Farewell::CannotAnswer)) => "cannot_answer",
            Self::Call(Ending::SaidGoodbye(
                Farewell::NobodySpoke | Farewell::LongestCall | Farewell::AllWasSaid,
            )) => "said_goodbye",
            Self::Call(Ending::Requested) => "requested",
            Self::Call(Ending::Operator) => "operator",
            Self::Call(Ending::Transferred) => "transferred",
            Self::Call(Ending::Idle(_)) => "idle",
            Self::Call(Ending::Refused(_)) | Self::Refused(_) | Self::NoPlace(_) => "refused",
            Self::Call(Ending::TooMuchAudio) | Self::Flood(_) | Self::Excess(_) => "flooded",
            Self::TakenOver => "taken_over",
            Self::Lost(_) => "connection_lost",
            Self::Broken(_) => "protocol_broken",
            Self::NoStart(_) => "no_start",
            Self::Dead(_) => "socket_dead",
            Self::Drained => "server_stopped",
        }
    }

    /// Logs the reason, with the figures of the whole call.
    pub fn told(&self, summary: &Summary, now: CallTime) {
        let (turns, line) = (summary.turns, &summary.line);
        let (jitter_ms, concealed_ms) = (line.jitter_ms.round(), line.concealed_ms.round());
        let disordered = line.disordered;
        match self {
            Self::Call(
                Ending::HungUp
                | Ending::SaidGoodbye(Farewell::NobodySpoke | Farewell::LongestCall | Farewell::AllWasSaid)
                | Ending::Requested
                | Ending::Operator
                | Ending::Transferred,
            )
            | Self::TakenOver
            | Self::Drained => {
                tracing::info!(reason = %self, turns, seconds = %now, jitter_ms, concealed_ms, disordered, "call ended");
            }
            Self::Lost(_)
            | Self::Broken(_)
            | Self::Refused(_)
            | Self::NoStart(_)
            | Self::NoPlace(_)
            | Self::Flood(_)
            | Self::Excess(_)
            | Self::Call(
                Ending::Refused(_)
                | Ending::TooMuchAudio
                | Ending::Idle(_)
                | Ending::SaidGoodbye(Farewell::CannotAnswer),
            )
            | Self::Dead(_) => {
                tracing::warn!(reason = %self, turns, seconds = %now, jitter_ms, concealed_ms, disordered, "call ended");
            }
        }
    }

    /// The WebSocket close code of this reason (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::Call(
                Ending::HungUp
                | Ending::SaidGoodbye(_)
                | Ending::Requested
                | Ending::Operator
                | Ending::Transferred,
            )
            | Self::TakenOver
            | Self::Lost(_)
            | Self::Dead(_) => 1000,
            Self::Broken(Broken::Protocol(_)) => 1002,
            Self::Broken(Broken::NotUtf8) => 1007,
            Self::Broken(Broken::TooBig(_)) => 1009,
            Self::Refused(refusal) | Self::Call(Ending::Refused(refusal)) => match refusal.code {
                RefusalCode::UnsupportedFormat => 1003,
                RefusalCode::TooLarge => 1009,
                RefusalCode::NotAllowed | RefusalCode::Unsupported => 1008,
                RefusalCode::Malformed
                | RefusalCode::OutOfOrder
                | RefusalCode::UnsupportedVersion
                | RefusalCode::WrongStream => 1002,
            },
            Self::NoStart(_)
            | Self::Flood(_)
            | Self::Excess(_)
            | Self::Call(Ending::TooMuchAudio | Ending::Idle(_)) => 1008,
            Self::NoPlace(_) => 1013,
            Self::Drained => 1001,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Refusal;

    #[test]
    fn a_call_that_was_given_up_ends_like_a_goodbye_and_is_told_apart() {
        let given_up = CloseReason::Call(Ending::SaidGoodbye(Farewell::CannotAnswer));
        let end = given_up.end();
        assert_eq!(end.code, "cannot_answer");
        assert_eq!(end.reason, "said goodbye: the agent could not answer again and again");
        assert_eq!(given_up.close_code(), 1000);
        assert_eq!(CloseReason::Call(Ending::SaidGoodbye(Farewell::AllWasSaid)).code(), "said_goodbye");
    }

    #[test]
    fn a_transferred_call_ends_well() {
        let transferred = CloseReason::Call(Ending::Transferred);
        assert_eq!((transferred.code(), transferred.close_code()), ("transferred", 1000));
        assert!(crate::records::ENDED_WELL.contains(&transferred.code()));
    }

    /// Fault: whatever rule a peer broke, its socket was closed with 1000 or 1002.
    #[test]
    fn each_way_to_break_the_rules_has_its_close_code() {
        let refused = |code| CloseReason::Refused(Refusal { code, reason: "that".into() }).close_code();
        assert_eq!(refused(RefusalCode::UnsupportedFormat), 1003);
        assert_eq!(refused(RefusalCode::TooLarge), 1009);
        assert_eq!(refused(RefusalCode::NotAllowed), 1008);
        assert_eq!(refused(RefusalCode::Malformed), 1002);
        assert_eq!(CloseReason::from(Broken::Protocol("that".into())).close_code(), 1002);
        assert_eq!(CloseReason::from(Broken::NotUtf8).close_code(), 1007);
        assert_eq!(CloseReason::from(Broken::TooBig("that".into())).close_code(), 1009);
        assert_eq!(CloseReason::Excess("that".into()).close_code(), 1008);
    }
}
