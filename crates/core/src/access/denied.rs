//! Why a socket is not opened.

/// Why a socket was not opened. Holds no part of the credential that the request showed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The credential is missing.
    #[error("no {0}")]
    Missing(&'static str),
    /// The credential has an impossible form.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The credential is not the right one.
    #[error("wrong {0}")]
    Wrong(&'static str),
    /// The credential has expired.
    #[error("{0} has expired")]
    Expired(&'static str),
    /// The credential is valid for longer than is accepted, or only from a later time.
    #[error("{0} is not valid at this time")]
    NotNow(&'static str),
    /// The credential was used before.
    #[error("{0} was used before")]
    Used(&'static str),
    /// The limit of remembered single-use credentials is reached, and no more are accepted.
    #[error("too many single-use credentials in use: {0}")]
    TooMany(usize),
}
