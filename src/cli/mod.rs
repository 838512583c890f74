//! One file per sub-command. Parses arguments and prints results; the work is done elsewhere.

pub mod bench;
pub mod call;
pub mod calls;
pub mod chat;
pub mod config;
pub mod doctor;
mod json;
pub mod knowledge;
pub mod models;
mod offline_call;
pub mod output;
pub mod password;
pub mod preflight;
pub mod replay;
pub mod say;
pub mod serve;
pub mod token;
pub mod top;
pub mod transcribe;
pub mod voices;
