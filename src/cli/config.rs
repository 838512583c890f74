//! `offhook config`: the checks that `serve` makes, without serving.

use std::path::Path;
use std::process::ExitCode;

use super::preflight;
use crate::cli::output::{noteln, out, outln};
use crate::config::{ConfigError, DEFAULT_CONFIG, Secrets, examine};

/// What to do with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check for everything that `serve` would refuse, and list what is missing; exit code 64 if the
    /// configuration is invalid, 66 if only a model is missing or cannot be loaded
    Check(Check),
    /// Make the hash of a password for admin.password; asks for it, or reads it from a pipe
    Password,
    /// Print the configuration that ships with offhook, with every key explained
    Default,
}

/// Arguments of `offhook config check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Do not read the secrets that the configuration names, for machines that do not have them
    #[arg(long)]
    no_secrets: bool,
}

/// Prints the built-in configuration.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_default() -> anyhow::Result<ExitCode> {
    out!("{DEFAULT_CONFIG}")?;
    Ok(ExitCode::SUCCESS)
}

/// Checks the configuration at `path`, or the built-in one.
///
/// # Errors
/// All mistakes in the configuration; if there are none, the models that cannot be loaded.
pub fn check(args: &Check, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let secrets = if args.no_secrets { Secrets::Leave } else { Secrets::Read };
    let mut examined = examine(path, secrets)?;
    let mut findings = preflight::look(&examined.config);
    examined.add(std::mem::take(&mut findings.problems));
    let notes = std::mem::take(&mut findings.notes);
    for note in &notes {
        outln!("note: {note}")?;
    }
    let models = findings.bad_models();
    let wrong: Option<ConfigError> = examined.checked().err();
    match (wrong, models) {
        (None, None) => {
            outln!("the configuration is valid")?;
            Ok(ExitCode::SUCCESS)
        }
        (Some(wrong), models) => {
            if let Some(models) = models {
                noteln!("{models}");
            }
            Err(wrong.into())
        }
        (None, Some(models)) => Err(models.into()),
    }
}
