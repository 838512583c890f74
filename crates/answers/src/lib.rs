//! Answers that are given again: which questions stand alone, which of them mean the same, and what is kept
//! of the answers. PURE; knows messages, and neither calls nor engines nor what a clock says.
//!
//! - [`Asked`]: the question at the end of a conversation, if anybody could have asked it at any time.
//! - [`Patterns`]: how callers ask, as data (`data/en.toml`).
//! - [`Hard`]: which questions are hard.
//! - [`Habits`]: which questions are likely to come.
//! - [`Answers`]: the answers that are kept, by the agent's instructions and the question.

mod answers;
mod asked;
mod habits;
mod hard;
mod normal;
mod patterns;
mod template;
mod wording;
mod words;

pub use answers::{Answers, Found, NotKept, Statistics};
pub use asked::{Asked, OwnAnswer};
pub use habits::{Habits, Topic};
pub use hard::Hard;
pub use patterns::{BadPatterns, Meaning, Patterns};
