//! `offhook config`: the checks that `serve` makes, without serving.

use std::process::ExitCode;

use anyhow::bail;

use crate::config::{Config, DEFAULT_CONFIG};
use crate::engine::llm::{self, LlmOptions};
use crate::engine::whisper::{self, WhisperOptions};

/// What to do with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the configuration and that its model files are there; exit code 64 if it is wrong, 66 if the
    /// speech-to-text model is damaged or does not know the language, or a language model cannot be used
    Check,
    /// Print the configuration that ships with offhook, with every key explained
    Default,
}

/// Runs it. That the configuration is right is known by now: it has been read.
///
/// # Errors
/// If a model file is missing or cannot be used, or the recogniser's does not know `stt.language`.
pub fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Default => print!("{DEFAULT_CONFIG}"),
        Command::Check => {
            let models = config
                .llm
                .models()
                .zip(std::iter::once("llm.model").chain(std::iter::repeat("llm.stand_ins")));
            let models = models.map(|((_, path), key)| (key, path));
            for (key, path) in std::iter::once(("stt.model", config.stt.model.as_path())).chain(models) {
                if !path.is_file() {
                    bail!(
                        "{key} = \"{}\": no such file; allowed is the path of a model file",
                        path.display()
                    );
                }
            }
            whisper::check(&WhisperOptions::from(&config.stt))?;
            for (_, path) in config.llm.models() {
                llm::check(&LlmOptions::new(&config.llm, Some(path)))?;
            }
            println!("the configuration is right");
        }
    }
    Ok(ExitCode::SUCCESS)
}
