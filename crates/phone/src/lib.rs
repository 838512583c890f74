//! The simulated telephones: each gateway's side of the wire with its playback buffer and its oddities,
//! scripted callers, a stopwatch, and views of its measurements. An independent implementation: it shares the
//! form of reports with the server and nothing else, so that a fault of one is not the fault of both.
//!
//! Start reading at [`dial::call`]: one call over a real socket. Its lines come from [`script`], its result
//! is a [`result::CallResult`], and [`terminal`] and [`picture`] show that. Many calls at once are a [`load`].

mod buffer;
pub mod callers;
mod clock;
mod continuity;
pub mod dial;
pub mod gateways;
pub mod headers;
mod in_band;
mod interruption_latency;
mod lateness;
pub mod load;
pub mod picture;
mod playout;
mod rates;
mod response_latency;
pub mod result;
pub mod script;
pub mod scripted_caller;
pub mod signing;
mod slack;
pub mod terminal;
#[cfg(test)]
mod tests;
mod violations;

pub use slack::Slack;
