//! Arguments, configuration, logging, exit codes. Everything else is in the library.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use offhook::cli::output;
use offhook::config::{self, Config, ConfigError};
use offhook::engine::LoadError;
use offhook::engine::start::StartError;
use offhook::{cli, telemetry};

/// Exit code of a bad configuration (EX_USAGE of sysexits.h).
const BAD_CONFIG: u8 = 64;
/// Exit code of a model that is missing or broken (EX_NOINPUT).
const NO_MODEL: u8 = 66;

/// Answers phone calls: one process listens, thinks and speaks, with no cloud.
#[derive(Parser)]
#[command(
    name = "offhook",
    version,
    about,
    after_help = "Try it: `offhook call` plays a whole conversation."
)]
struct Cli {
    /// The configuration [default: config.toml here if there is one, else what ships with offhook]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer calls: gateways dial in over WebSocket
    Serve(cli::serve::Args),
    /// Call a server (by default one of its own) and measure how it answers
    Call(cli::call::Args),
    /// Talk to the language model in text
    Chat(cli::chat::Args),
    /// Speak a text
    Say(cli::say::Args),
    /// Write down what is said in audio files
    Transcribe(cli::transcribe::Args),
    /// Play the trace of a call again, as it was or under other settings
    Replay(cli::replay::Args),
    /// Make an address that opens one socket, once
    Token(cli::token::Args),
    /// Measure the parts on this machine
    #[command(subcommand)]
    Bench(cli::bench::Command),
    /// Check the configuration
    #[command(subcommand)]
    Config(cli::config::Command),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => return answered(&asked),
    };
    let path = cli.config.or_else(config_here);
    let config = match load(path.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            output::tell(format_args!("{error}\n"));
            return BAD_CONFIG.into();
        }
    };
    let server = matches!(cli.command, Command::Serve(_));
    let log = telemetry::logging::start(&config.log, server);
    let result = match cli.command {
        Command::Serve(args) => cli::serve::run(&args, config, path.as_deref()),
        Command::Call(args) => cli::call::run(args, path.as_deref()),
        Command::Chat(args) => cli::chat::run(args, &config),
        Command::Say(args) => cli::say::run(args, &config),
        Command::Transcribe(args) => cli::transcribe::run(args, &config),
        Command::Replay(args) => cli::replay::run(&args),
        Command::Token(args) => cli::token::run(&args, &config),
        Command::Bench(command) => cli::bench::run(&command, &config, path.as_deref()),
        Command::Config(command) => cli::config::run(&command, &config),
    };
    // The server has written what it writes, and waits for nobody who does not read.
    let result = if server { result } else { result.and_then(|code| Ok(output::flush().map(|()| code)?)) };
    result.unwrap_or_else(|error| {
        let unwritten = output::exit_code(&error);
        match unwritten {
            Some(output::READER_GONE) => {}
            _ if server => log.line(&format!("offhook: {error:#}")),
            _ => output::tell(format_args!("offhook: {error:#}\n")),
        }
        unwritten.map_or_else(|| exit_code(&error), ExitCode::from)
    })
}

/// Help or the version, which were asked for, or what is wrong with the arguments.
fn answered(asked: &clap::Error) -> ExitCode {
    match asked.print().and_then(|()| output::flush()) {
        Ok(()) => u8::try_from(asked.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            let code = output::code(&error);
            if code != output::READER_GONE {
                output::tell(format_args!("offhook: standard output cannot be written: {error}\n"));
            }
            code.into()
        }
    }
}

/// What is read where no configuration is named.
fn config_here() -> Option<PathBuf> {
    Some(PathBuf::from("config.toml")).filter(|here| here.exists())
}

fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    match path {
        Some(path) => config::load(path),
        None => config::parse(config::DEFAULT_CONFIG, "that ships with offhook", Path::new("")),
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    let model = error.downcast_ref::<LoadError>().is_some()
        || matches!(error.downcast_ref::<StartError>(), Some(StartError::Load(_)));
    if model { NO_MODEL.into() } else { ExitCode::FAILURE }
}
