//! What an engine could not do, and what stopped a model from being loaded.

/// What an engine could not do, for a log line and for the choice of a fallback.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The job was cancelled before it was done.
    #[error("cancelled")]
    Cancelled,
    /// The input is outside what the engine takes.
    #[error("{0}")]
    BadInput(String),
    /// The engine itself failed.
    #[error("{0}")]
    Failed(String),
}

/// What stopped a model from being loaded. Its text says which file, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{kind} model {path}: {problem}\n  {remedy}")]
pub struct LoadError {
    /// "speech-to-text" or "language".
    pub kind: &'static str,
    /// The file as given in the configuration.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
    /// The command or the setting that mends it.
    pub remedy: String,
}

/// What is said of a model's file that is not there.
pub const NO_SUCH_FILE: &str = "there is no such file";
