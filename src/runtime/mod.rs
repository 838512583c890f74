//! The shell around the pure core: clocks, sockets, tasks. Start reading at `accept.rs` (how a call is
//! accepted) and `task.rs` (how it runs). A call is one task that owns all its state, so nothing in it needs
//! a lock.

pub mod accept;
pub mod admission;
pub mod after_call;
pub mod agents;
pub mod briefing;
mod call_span;
mod capture;
pub mod clock;
pub mod close_reason;
mod cpu_meter;
pub mod followers;
pub mod foresight;
mod frames;
pub mod grammars;
mod guard;
mod hands;
pub mod http_client;
pub mod in_text;
mod jobs;
pub mod library;
pub mod lookup;
pub mod monitor;
mod opening;
mod orders;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod outbound;
pub mod process;
mod provider;
pub mod provider_api;
pub mod records;
mod refused;
pub mod registry;
pub mod reporter;
pub mod services;
mod sinks;
pub mod socket;
pub mod socket_reader;
mod task;
pub mod thoughts;
pub mod toolbox;
pub mod traces;
pub mod transfer;
pub mod transfers;
pub mod watching;
pub mod webhooks;
