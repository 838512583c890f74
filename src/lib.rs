//! offhook answers phone calls: one process listens, thinks and speaks. The call itself is [`offhook_core`]; here is
//! what is around it: engines, sockets, configuration, commands.

// They panic where nobody reads: `cli::output` has what takes their place.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod cli;
pub mod config;
pub mod engine;
pub mod http;
pub mod runtime;
pub mod telemetry;
#[cfg(test)]
mod waiting;

pub use offhook_core::{
    access, audio, call, dialogue, ids, language, media, report, scoring, stats, streams, timeline, turns,
    units, vad,
};
pub use offhook_files as files;
pub use offhook_phone as phone;
