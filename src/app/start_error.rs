//! Why the engines did not start.

use crate::answers::BadPatterns;
use crate::engine::{EngineError, LoadError};

/// Why the engines did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A model file cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An engine was loaded but does not work.
    #[error("{0} does not work")]
    Broken(&'static str, #[source] EngineError),
    /// The operating system gave no thread.
    #[error("no thread could be started: {0}")]
    Threads(#[from] std::io::Error),
    /// The questions that come back cannot be read.
    #[error("llm.cached_answers: {0}")]
    Patterns(#[from] BadPatterns),
    /// No language model can be held to the tools of the configuration.
    #[error("[tools]: {0}")]
    Tools(String),
}
