//! The knowledge of an agent: a folder of texts, and which passages of it answer a question. Must not know
//! calls, nor engines.
//!
//! - [`read_folder`]: the texts of a folder, as [`Document`]s.
//! - [`Knowledge`]: their passages, found by the words of a question, the rare ones first (BM25).
//! - [`Knowledge::look_up`]: what is found for the last question of a conversation, to be put before it.

mod conflicts;
mod folder;
mod index;
mod informed;
mod markdown;
mod passages;
mod words;

pub use conflicts::Conflict;
pub use folder::{Folder, FolderError, read_folder};
pub use index::{Found, IndexError, Knowledge};
pub use informed::LookedUp;
pub use passages::{Document, Passage};
