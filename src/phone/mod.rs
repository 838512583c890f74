//! The simulated telephones: each gateway's side of the wire with its buffer and its oddities, scripted callers, a
//! stopwatch, and views of what it measured. An implementation of its own: it shares the form of reports with the server
//! and nothing else, so that a fault of one is not the fault of both.

pub mod buffer;
pub mod callers;
pub mod clock;
pub mod cutting_in;
pub mod dial;
pub mod gateways;
pub mod headers;
pub mod in_band;
pub mod lateness;
pub mod picture;
pub mod playout;
pub mod rates;
pub mod result;
pub mod script;
pub mod show;
pub mod signing;
pub mod stopwatch;
#[cfg(test)]
mod tests;
pub mod turns;
pub mod violations;
