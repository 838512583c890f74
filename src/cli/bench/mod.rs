//! `offhook bench`: the speed and quality of the components on this machine. Prints tables for people, and
//! one JSON object per row with `--json`; knows no calls.

mod barge_in;
mod barge_in_sounds;
mod calls;
mod end_of_turn;
mod llm;
mod machine;
mod siege;
pub(super) mod stt;
mod stt_beside;
mod stt_words;
pub(super) mod timing;
pub(super) mod tts;
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
    /// The time and the word errors of transcripts, with windows cut to the speech and with whole ones
    Stt(stt::Args),
    /// The speed of the language model, for one call and for several, and its memory
    Llm(llm::Args),
    /// How soon a voice is heard, and how much faster than speech it is
    Tts(tts::Args),
    /// How many calls at once this machine takes, and how long their callers wait
    Calls(calls::Args),
    /// How likely the language model takes the end of a turn to be, and the silence that then ends it
    EndOfTurn(end_of_turn::Args),
    /// Which sounds pause the agent, and which interrupt it
    BargeIn(barge_in::Args),
    /// The effect on a call while its server is attacked
    Siege(siege::Args),
    /// The accuracy and the cost of the voice activity detectors
    Vad(vad::Args),
}

/// Runs one benchmark. `path` is the file of `config`, for a server that the benchmark starts.
///
/// # Errors
/// If its input cannot be read.
pub fn run(command: &Command, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Stt(args) => stt::run(args, config),
        Command::Llm(args) => llm::run(args, config),
        Command::Tts(args) => tts::run(args, config),
        Command::Calls(args) => calls::run(args, path),
        Command::EndOfTurn(args) => end_of_turn::run(args, config),
        Command::BargeIn(args) => barge_in::run(args, config),
        Command::Siege(args) => siege::run(args, config, path),
        Command::Vad(args) => vad::run(args, config),
    }
}
