//! The shell around the pure core: clocks, threads, the owners of sockets. A call is one task that
//! owns everything of the call, so nothing in it needs a lock.

pub mod accept;
mod allowance;
pub mod call_log;
pub mod carrier;
pub mod clock;
mod doing;
pub mod doors;
pub mod ears;
pub mod echo;
pub mod end;
mod frames;
pub mod gap_clock;
mod guard;
pub mod incoming;
pub mod life;
pub mod line;
pub mod media_clock;
mod opening;
pub mod pacer;
pub mod reception;
pub mod recorded;
pub mod registry;
pub mod reporter;
pub mod services;
pub mod session;
pub mod socket;
mod working;
