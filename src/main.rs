//! Arguments, configuration, logging, exit codes. Everything else is in the library.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use offhook::app::engines::StartError;
use offhook::cli;
use offhook::cli::output;
use offhook::cli::preflight::BadModels;
use offhook::config::{self, ConfigError, Secrets};
use offhook::engine::llm::limit_threads;
use offhook::engine::voice::OpenError;
use offhook::engine::{LoadError, NO_SUCH_FILE};
use offhook::telemetry::logging::{self, Logging};

/// Exit code of a bad configuration (EX_USAGE of sysexits.h).
const BAD_CONFIG: u8 = 64;

/// Answers phone calls: one process listens, thinks and speaks, with no cloud.
#[derive(Parser)]
#[command(
    name = "offhook",
    version,
    about,
    after_help = "Try it: `offhook call` plays a whole conversation."
)]
struct Cli {
    /// The configuration file [default: ./config.toml if it exists, else the built-in configuration]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer calls: gateways dial in over WebSocket
    Serve(cli::serve::Args),
    /// Call a server (by default one that it starts) and measure how it answers
    Call(cli::call::Args),
    /// Talk to the language model in text
    Chat(cli::chat::Args),
    /// Say what an agent finds in its folder for a question
    Knowledge(cli::knowledge::Args),
    /// Speak a text
    Say(cli::say::Args),
    /// List the voices
    Voices(cli::voices::Args),
    /// Say what is installed, and what this machine does in real time
    Doctor(cli::doctor::Args),
    /// Fetch models by name, and say which are here
    Models(cli::models::Args),
    /// Transcribe audio files
    Transcribe(cli::transcribe::Args),
    /// Show what a running server does: calls, latency, engines, advice
    Top(cli::top::Args),
    /// The records of calls: list, show, export, replay, delete, back up
    Calls(cli::calls::Args),
    /// Replay the trace of a call, as it was or with other settings
    Replay(cli::replay::Args),
    /// Create a single-use address that opens one socket
    Token(cli::token::Args),
    /// Measure the components on this machine
    #[command(subcommand)]
    Bench(cli::bench::Command),
    /// Check the configuration
    #[command(subcommand)]
    Config(cli::config::Command),
}

fn main() -> ExitCode {
    let found = taking_negative_numbers(Cli::command()).try_get_matches();
    let cli = match found.and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(asked) => return answered(&asked),
    };
    let path = cli.config.or_else(config_here);
    let mut log = None;
    run(cli.command, path.as_deref(), &mut log).unwrap_or_else(|error| {
        let unwritten = output::exit_code(&error);
        if unwritten != Some(output::READER_GONE) {
            // The text of a ConfigError begins with "configuration" and its source: it needs no "offhook:".
            let wrong = error.downcast_ref::<ConfigError>().map(ToString::to_string);
            let text = wrong.unwrap_or_else(|| with_commands(&error));
            match log {
                Some(log) => log.line(&text),
                None => output::tell(format_args!("{text}\n")),
            }
        }
        unwritten.map_or_else(|| exit_code(&error), ExitCode::from)
    })
}

/// An error, with the commands that fetch the files that are missing.
fn with_commands(error: &anyhow::Error) -> String {
    let mut text = format!("offhook: {error:#}");
    let one = error.downcast_ref::<LoadError>().into_iter();
    let voice = error.downcast_ref::<OpenError>().and_then(|error| match error {
        OpenError::File(missing) => Some(missing),
        OpenError::Voice(_) => None,
    });
    let all = error.downcast_ref::<BadModels>().into_iter().flat_map(BadModels::models);
    for model in one.chain(voice).chain(all).filter(|model| model.problem == NO_SUCH_FILE) {
        let command = cli::models::command_for(Path::new(&model.path));
        if let Some(command) = command.filter(|command| !text.contains(command.as_str())) {
            text.push_str(&format!("\n  fetch it with `{command}`"));
        }
    }
    text
}

/// A negative number after an option is its value, not another option. The limits of the option may still
/// refuse it.
fn taking_negative_numbers(command: clap::Command) -> clap::Command {
    let option = |argument: clap::Arg| {
        let takes_values = argument.get_action().takes_values() && !argument.is_positional();
        argument.allow_negative_numbers(takes_values)
    };
    command.mut_args(option).mut_subcommands(taking_negative_numbers)
}

/// Runs a command. A server stores its log in `log`, so that the error that ends it is logged.
fn run(command: Command, path: Option<&Path>, log: &mut Option<Logging>) -> anyhow::Result<ExitCode> {
    let printed = |code: ExitCode| Ok(output::flush().map(|()| code)?);
    match &command {
        Command::Config(cli::config::Command::Check(args)) => {
            return cli::config::check(args, path).and_then(printed);
        }
        Command::Config(cli::config::Command::Default) => {
            return cli::config::print_default().and_then(printed);
        }
        Command::Config(cli::config::Command::Password) => return cli::password::run().and_then(printed),
        Command::Models(args) => return cli::models::run(args).and_then(printed),
        Command::Serve(_)
        | Command::Call(_)
        | Command::Chat(_)
        | Command::Knowledge(_)
        | Command::Say(_)
        | Command::Voices(_)
        | Command::Doctor(_)
        | Command::Transcribe(_)
        | Command::Top(_)
        | Command::Calls(_)
        | Command::Replay(_)
        | Command::Token(_)
        | Command::Bench(_) => {}
    }
    if let Command::Top(args) = &command
        && args.names_a_server()
    {
        // The configuration of this machine says nothing about another server, and may be a broken one.
        return cli::top::run(args, None).and_then(printed);
    }
    let config = config::examine(path, Secrets::Read)?.checked()?;
    let server = matches!(command, Command::Serve(_));
    if server {
        // Before the first thread, which is the log's.
        limit_threads(cli::serve::threads(&config));
    }
    let started = logging::start(&config.log.level, config.log.json, server);
    let result = match command {
        // The server has written its output already, and must not wait for a reader that has stopped reading.
        Command::Serve(args) => {
            *log = Some(started);
            return cli::serve::run(&args, config, path);
        }
        Command::Call(args) => cli::call::run(args, path),
        Command::Chat(args) => cli::chat::run(args, &config),
        Command::Knowledge(args) => cli::knowledge::run(&args, &config),
        Command::Say(args) => cli::say::run(args, &config),
        Command::Voices(args) => cli::voices::run(&args, &config, path),
        Command::Doctor(args) => cli::doctor::run(&args, &config),
        Command::Transcribe(args) => cli::transcribe::run(args, &config),
        Command::Top(args) => cli::top::run(&args, Some(&config)),
        Command::Calls(args) => cli::calls::run(&args, &config, path),
        Command::Replay(args) => cli::replay::run(&args),
        Command::Token(args) => cli::token::run(&args, &config),
        Command::Bench(command) => cli::bench::run(&command, &config, path),
        Command::Config(_) | Command::Models(_) => Ok(ExitCode::SUCCESS),
    };
    result.and_then(printed)
}

/// Prints the requested help or version, or what is wrong with the arguments.
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

/// The configuration that is read if none is named.
fn config_here() -> Option<PathBuf> {
    Some(PathBuf::from("config.toml")).filter(|here| here.exists())
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<ConfigError>().is_some() {
        return BAD_CONFIG.into();
    }
    let model = error.downcast_ref::<LoadError>().is_some()
        || matches!(error.downcast_ref::<OpenError>(), Some(OpenError::File(_)))
        || error.downcast_ref::<BadModels>().is_some()
        || matches!(error.downcast_ref::<StartError>(), Some(StartError::Load(_)));
    if model { output::NO_MODEL.into() } else { ExitCode::FAILURE }
}
