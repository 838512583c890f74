//! What tests share: simulated calls, and servers as child processes.

pub mod server;
pub mod simulation;
