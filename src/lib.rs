//! offhook answers phone calls: one process listens, thinks and speaks.

// They panic where nobody reads: `cli::output` has what takes their place.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod access;
pub mod app;
pub mod audio;
pub mod call;
pub mod cli;
pub mod config;
pub mod dialogue;
pub mod engine;
pub mod files;
pub mod http;
pub mod ids;
pub mod language;
pub mod media;
pub mod phone;
pub mod report;
pub mod runtime;
pub mod scoring;
pub mod stats;
pub mod streams;
pub mod telemetry;
pub mod timeline;
pub mod turns;
pub mod units;
pub mod vad;
#[cfg(test)]
mod waiting;
