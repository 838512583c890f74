//! Shared by the tests: simulated conversations, and simulated whole calls.

pub mod cases;
pub mod echo_line;
mod errors;
mod faults;
mod gateway;
mod model;
pub mod settings;
pub mod simulation;
pub mod tongue;
pub mod whole_call;
