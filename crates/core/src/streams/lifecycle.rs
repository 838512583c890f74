//! Where a call stands on its line: before its start, in it, or over. Must not know any provider.

use super::{Refusal, RefusalCode};

/// The stage of a call, with what its start agreed.
#[derive(Debug)]
pub(super) enum Stage<S> {
    Waiting,
    Running(S),
    Over,
}

impl<S> Stage<S> {
    /// What was agreed; a refusal of a message that needs a call, and names itself `what`.
    pub(super) fn running(&mut self, what: &str, start: &str) -> Result<&mut S, Refusal> {
        match self {
            Self::Running(state) => Ok(state),
            Self::Waiting | Self::Over => {
                let reason = format!("\"{what}\" before \"{start}\"");
                Err(Refusal::new(RefusalCode::OutOfOrder, reason))
            }
        }
    }

    /// The same where nothing is said to a call that is not there.
    pub(super) fn speaking(&mut self) -> Option<&mut S> {
        match self {
            Self::Running(state) => Some(state),
            Self::Waiting | Self::Over => None,
        }
    }

    /// A call begins once.
    pub(super) fn waits(&self, start: &str) -> Result<(), Refusal> {
        match self {
            Self::Waiting => Ok(()),
            Self::Running(_) | Self::Over => {
                Err(Refusal::new(RefusalCode::OutOfOrder, format!("\"{start}\" came twice")))
            }
        }
    }

    /// Nothing more will come.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }
}
