//! A panic of an engine is the failure of one job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::EngineError;

/// An engine that panics has failed at this job; its thread goes on to the next.
///
/// # Errors
/// Those of the job, and that it panicked.
pub fn survive<T>(engine: &str, job: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(job))
        .unwrap_or_else(|_| Err(EngineError::Failed(format!("the {engine} panicked"))))
}
