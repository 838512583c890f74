//! When the caller's turn is over. Three questions, one file each, and what they need to know:
//!
//! - [`completeness`]: how complete are the words, by rules? [`expectation`] is what the agent asked for,
//!   `dictation` how far a number or a name has come.
//! - `model_score`: what does the language model add to that?
//! - [`endpoint`]: how much silence ends a turn of that score?
//!
//! All of it is pure: texts, figures and durations in, figures and durations out.

pub mod completeness;
mod dictation;
pub mod endpoint;
pub mod expectation;
mod model_score;
