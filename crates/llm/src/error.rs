//! The errors of engines, and of the loading of models.

/// Why an engine's job failed, for the log and for the choice of a fallback.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// The job was cancelled before it was done.
    #[error("cancelled")]
    Cancelled,
    /// The engine does not take this input.
    #[error("{0}")]
    BadInput(String),
    /// The engine itself failed.
    #[error("{0}")]
    Failed(String),
}

/// Why a model cannot be loaded. The text says which file, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{kind} model {path}: {problem}\n  {remedy}")]
pub struct LoadError {
    /// "speech-to-text" or "language".
    pub kind: &'static str,
    /// The file, as named in the configuration.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
    /// The command or the setting that fixes it.
    pub remedy: String,
}

/// The problem of a model file that does not exist.
pub const NO_SUCH_FILE: &str = "there is no such file";
