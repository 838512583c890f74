//! Why a socket is not opened.

/// Why a socket was not opened. Holds nothing of what was shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The credential is not there.
    #[error("no {0}")]
    Missing(&'static str),
    /// It is there, in a form that it cannot have.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// It is not the right one.
    #[error("wrong {0}")]
    Wrong(&'static str),
    /// Its time is over.
    #[error("{0} has expired")]
    Expired(&'static str),
    /// It is valid for longer than is taken, or from a time to come.
    #[error("{0} is not valid at this time")]
    NotNow(&'static str),
    /// It was used before.
    #[error("{0} was used before")]
    Used(&'static str),
    /// So many single-use credentials are remembered that no more are taken.
    #[error("too many single-use credentials in use: {0}")]
    TooMany(usize),
}
