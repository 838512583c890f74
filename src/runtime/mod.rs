//! The shell around the pure core: clocks, threads, the owners of sockets. A call is one task that
//! owns everything of the call, so nothing in it needs a lock.

pub mod accept;
mod allowance;
pub mod call_log;
pub mod carrier;
pub mod clock;
mod doing;
pub mod doors;
pub mod end;
mod frames;
mod guard;
pub mod incoming;
pub mod line;
mod opening;
mod provider_calls;
pub mod recorded;
pub mod registry;
pub mod reporter;
mod results;
pub mod services;
pub mod session;
pub mod socket;
mod working;
