//! What tests share: simulated calls, servers as child processes or in the test, and a client of raw bytes.

mod errors;
mod gateway;
mod model;
pub mod raw;
pub mod scripted;
pub mod server;
pub mod settings;
pub mod simulation;
pub mod tongue;
pub mod whole_call;
