//! `offhook chat`

use std::process::ExitCode;

use crate::config::Config;

/// Arguments of `offhook chat`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub fn run(_args: Args, _config: &Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
