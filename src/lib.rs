//! offhook answers phone calls: one process listens, thinks and speaks.

pub mod access;
pub mod audio;
pub mod cli;
pub mod config;
pub mod conversation;
pub mod engine;
pub mod gateway;
pub mod http;
pub mod ids;
pub mod runtime;
pub mod scoring;
pub mod telemetry;
pub mod units;
pub mod vad;
