//! offhook answers phone calls: one process listens, thinks and speaks. The call itself is in
//! [`offhook_core`]. This crate adds what surrounds it: engines, sockets, configuration and commands.

// These macros panic if the output is closed. Use those of `cli::output` instead.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod cli;
pub mod config;
pub mod engine;
pub mod http;
pub mod runtime;
pub mod telemetry;
mod transcript;
#[cfg(test)]
mod waiting;

pub use offhook_answers as answers;
pub use offhook_console as console;
pub use offhook_core::{
    access, after_call, audio, call, dialogue, ids, language, media, report, scoring, speakable, stats,
    streams, timeline, turns, units, vad,
};
pub use offhook_edits as edits;
pub use offhook_files as files;
pub use offhook_formats as formats;
pub use offhook_knowledge as knowledge;
pub use offhook_login as login;
pub use offhook_models as models;
pub use offhook_openai as openai;
#[cfg(feature = "otlp")]
pub use offhook_otlp as otlp;
pub use offhook_phone as phone;
pub use offhook_quality as quality;
pub use offhook_records as records;
pub use offhook_tools as tools;
pub use offhook_top as top;
pub use offhook_webhooks as webhooks;
