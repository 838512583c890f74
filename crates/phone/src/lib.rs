//! The simulated telephones: each gateway's side of the wire with its buffer and its oddities, scripted callers, a
//! stopwatch, and views of what it measured. An implementation of its own: it shares the form of reports with the server
//! and nothing else, so that a fault of one is not the fault of both.
//!
//! Start reading at [`dial::call`]: one call over a real socket. What it says comes from [`script`], what came of it is
//! a [`result::CallResult`], and [`show`] and [`picture`] draw that.

mod buffer;
pub mod callers;
mod clock;
pub mod dial;
pub mod gateways;
pub mod headers;
mod in_band;
mod interruption_latency;
mod lateness;
pub mod picture;
mod playout;
mod rates;
mod response_latency;
pub mod result;
pub mod script;
pub mod scripted_caller;
pub mod signing;
pub mod terminal;
#[cfg(test)]
mod tests;
mod violations;

pub use playout::Slack;
