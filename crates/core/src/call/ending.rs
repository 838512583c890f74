//! Why a call is over, as far as the call itself decides it.

use std::time::Duration;

use crate::report::End;
use crate::streams::Refusal;
use crate::turns::Farewell;

/// Why a call is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// The gateway hung up, or closed the socket cleanly.
    #[error("hung up")]
    HungUp,
    /// The agent said goodbye, and the goodbye was heard.
    #[error("said goodbye: {0}")]
    SaidGoodbye(Farewell),
    /// The client asked for the end and got its summary.
    #[error("session ended by the client")]
    Requested,
    /// Somebody who runs the server ended the call.
    #[error("an operator hung up")]
    Operator,
    /// The call goes on with another party, and without the agent.
    #[error("transferred to another party")]
    Transferred,
    /// Too many messages broke the protocol to be mistakes.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// More audio than any gateway sends.
    #[error("flooded: audio came faster than anybody speaks")]
    TooMuchAudio,
    /// No sign of life came from the peer.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
}

/// What the driver of a call knows of its end, and the call does not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Closing {
    /// Why the call ended.
    pub end: End,
    /// Processor time that was spent on the call.
    pub cpu: Duration,
}
