//! `offhook say`

use std::process::ExitCode;

use crate::config::Config;

/// Arguments of `offhook say`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub fn run(_args: Args, _config: &Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
