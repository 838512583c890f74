//! What is read from the database, as plain values. Must not know who asks, and opens nothing.

pub(crate) mod asked;
pub(crate) mod calls;
pub(crate) mod export;
pub(crate) mod whole;
