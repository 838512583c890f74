//! What tests share: simulated calls, and servers as child processes.

mod gateway;
mod model;
pub mod server;
mod settings;
pub mod simulation;
