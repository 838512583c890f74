//! Logging, and sums of refusals. Must not know how anything is done.

mod escape;
pub mod logging;
mod queue;
pub mod refusals;
