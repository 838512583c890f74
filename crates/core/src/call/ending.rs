//! Why a call is over, as far as the call itself decides it.

use std::time::Duration;

use crate::streams::Refusal;
use crate::turns::Farewell;

/// Why a call is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// The gateway said so, or closed the socket in order.
    #[error("hung up")]
    HungUp,
    /// The agent said goodbye, and it was heard.
    #[error("said goodbye: {0}")]
    SaidGoodbye(Farewell),
    /// The client asked for the end and got its summary.
    #[error("session ended by the client")]
    Requested,
    /// Messages that break the protocol, too many of them to be mistakes.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// More audio than any line sends.
    #[error("flooded: audio came faster than anybody speaks")]
    TooMuchAudio,
    /// Nothing came.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
}
