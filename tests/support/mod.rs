//! Shared by tests: servers as child processes or in the test, and a client of raw bytes.

pub mod raw;
pub mod scripted;
pub mod server;
