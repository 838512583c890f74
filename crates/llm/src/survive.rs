//! Turns a panic of an engine into the failure of one job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::EngineError;

/// Runs a job. If the engine panics, only this job fails, and the thread goes on to the next job.
///
/// # Errors
/// Those of the job, or that the engine panicked.
pub fn survive<T>(engine: &str, job: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(job))
        .unwrap_or_else(|_| Err(EngineError::Failed(format!("the {engine} panicked"))))
}
