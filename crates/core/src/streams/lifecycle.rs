//! The stage of a call on its connection: before the start, running, or over. Must not know any provider.

use super::{Refusal, RefusalCode};

/// The stage of a call, with the state that its start agreed on.
#[derive(Debug)]
pub(super) enum Stage<S> {
    Waiting,
    Running(S),
    Over,
}

impl<S> Stage<S> {
    /// The state of a running call; otherwise a refusal of the message `what`, which needs a running call.
    pub(super) fn running(&mut self, what: &str, start: &str) -> Result<&mut S, Refusal> {
        match self {
            Self::Running(state) => Ok(state),
            Self::Waiting | Self::Over => {
                let reason = format!("\"{what}\" before \"{start}\"");
                Err(Refusal::new(RefusalCode::OutOfOrder, reason))
            }
        }
    }

    /// The state of a running call; `None` before its start and after its end.
    pub(super) fn speaking(&mut self) -> Option<&mut S> {
        match self {
            Self::Running(state) => Some(state),
            Self::Waiting | Self::Over => None,
        }
    }

    /// Refuses a second start: a call begins once.
    pub(super) fn waits(&self, start: &str) -> Result<(), Refusal> {
        match self {
            Self::Waiting => Ok(()),
            Self::Running(_) | Self::Over => {
                Err(Refusal::new(RefusalCode::OutOfOrder, format!("\"{start}\" came twice")))
            }
        }
    }

    /// True if nothing more will come.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }
}
