//! What the house tells about itself. Must not know how anything is done.

pub mod logging;
