//! Arguments, configuration, exit codes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use offhook::{cli, config};

#[derive(Parser)]
#[command(name = "offhook", version, about)]
struct Cli {
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Call(cli::call::Args),
    Chat(cli::chat::Args),
    Say(cli::say::Args),
    Transcribe(cli::transcribe::Args),
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let config = config::load(cli.config.as_deref().unwrap_or(Path::new("config.toml")))?;
    match cli.command {
        Command::Call(a) => cli::call::run(a, cli.config.as_deref()),
        Command::Chat(a) => cli::chat::run(a, &config),
        Command::Say(a) => cli::say::run(a, &config),
        Command::Transcribe(a) => cli::transcribe::run(a, &config),
    }
}
