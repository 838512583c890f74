//! What the house tells about itself. Must not know how anything is done.

mod escape;
pub mod logging;
mod queue;
pub mod refusals;
