//! `offhook bench`: how fast and how good the parts are, on this machine. Prints tables for people and
//! one JSON object a row with `--json`; knows no calls.

mod barge_in;
mod barge_in_sounds;
mod end_of_turn;
mod llm;
mod machine;
mod siege;
mod stt;
mod stt_beside;
mod stt_words;
mod timing;
mod vad;
mod vad_clips;

use std::path::Path;
use std::process::ExitCode;

use crate::config::Config;

/// A model's name in a table.
fn name(model: &Path) -> String {
    model.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `offhook bench ...`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What a transcript costs, in time and in words, with windows cut to the speech and whole
    Stt(stt::Args),
    /// How fast the language model reads and writes, alone and for several calls, and what it keeps
    Llm(llm::Args),
    /// How likely the language model takes the end of a turn to be, and what is made of it
    EndOfTurn(end_of_turn::Args),
    /// What makes the agent pause, and what interrupts it
    BargeIn(barge_in::Args),
    /// What a call notices while strangers do their worst to its server
    Siege(siege::Args),
    /// Which detector of speech is right more often, and what it costs
    Vad(vad::Args),
}

/// Runs one benchmark. `path` is where `config` was read, for a server that is started.
///
/// # Errors
/// If its input cannot be read.
pub fn run(command: &Command, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Stt(args) => stt::run(args, config),
        Command::Llm(args) => llm::run(args, config),
        Command::EndOfTurn(args) => end_of_turn::run(args, config),
        Command::BargeIn(args) => barge_in::run(args, config),
        Command::Siege(args) => siege::run(args, config, path),
        Command::Vad(args) => vad::run(args, config),
    }
}
