//! `offhook calls`: the records of calls that a server keeps: listed, shown, exported, replayed, deleted,
//! backed up. Must not know how they are written.

mod audio;
mod compared;
mod list;
mod show;
mod times;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use super::output::{noteln, outln};
use super::{json, replay};
use crate::config::Config;
use crate::records::{By, Filter, FullCall, Store, Which, backup, restore};
use crate::runtime::clock::millis_since_1970;
use times::moment;

/// The records of calls (`[records]` in config.toml)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The database, instead of records.file
    #[arg(long, global = true, value_name = "FILE")]
    records: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List calls, the newest first
    List(ListArgs),
    /// Draw a call: the conversation, and where the time went in each turn
    Show {
        /// The call, by its name or by its number ("#12")
        call: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a call for other programs, as JSON or as a transcript
    Export {
        /// The call, by its name or by its number ("#12")
        call: String,
        /// Only what was said, a line for each side of a turn
        #[arg(long)]
        transcript: bool,
    },
    /// Replay a call: the decisions of its trace, under its own settings or under others (as `offhook
    /// replay`), or its recording, with today's engines
    Replay {
        /// The call, by its name or by its number ("#12")
        call: String,
        /// Change a setting, by its key in config.toml ("endpoint.complete_ms=400")
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// Play the caller's side of the recording to a server with the engines of the configuration, in real
        /// time, and compare words and waiting times. The answers may differ, so the caller may talk over
        /// some
        #[arg(long, conflicts_with = "set")]
        audio: bool,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Delete calls for good, with their recordings and traces
    Delete(DeleteArgs),
    /// Write a backup of the records and the configuration into a new folder; the server may go on
    Backup {
        /// The folder; it must not exist
        folder: PathBuf,
    },
    /// Put the records of a backup in place; the server must be stopped
    Restore {
        /// The folder that a backup made
        folder: PathBuf,
        /// Also where there are calls, which are then lost
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Calls that began at this time or later: "2026-11-28", "2026-11-28 14:00", or so long ago ("2h", "3d")
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    /// Calls that began before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// Calls of this caller's number or address: the whole one, or as a list shows it
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
    /// Calls over this gateway ("twilio")
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// Calls that did not end as calls do
    #[arg(long)]
    bad: bool,
    /// Calls in which 5 of 100 answers took at least so long, in milliseconds
    #[arg(long, value_name = "MS")]
    slow: Option<f64>,
    /// Calls in which somebody said these words
    #[arg(long, value_name = "WORDS")]
    said: Option<String>,
    /// The most calls
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print one JSON object per call
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct DeleteArgs {
    /// One call, by its name or by its number ("#12")
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// All calls of a caller's whole number or address, even if only its end is kept
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
    /// All calls that began before this time, or so long ago ("90d")
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<i64>,
}

/// Runs the command. `path` is the file of `config`, for a backup.
///
/// # Errors
/// If there are no records, or the database cannot be read or changed.
pub fn run(args: &Args, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let file = args.records.as_deref().or(config.records.file.as_deref()).ok_or_else(|| {
        anyhow!(
            "no records are kept: set records.file in the configuration, or name a database with --records"
        )
    })?;
    match &args.command {
        Command::List(args) => list(file, args),
        Command::Show { call, json: false } => {
            crate::cli::output::write(format_args!("{}", show::draw(&found(file, call)?)))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { call, json: true } | Command::Export { call, transcript: false } => {
            outln!("{}", json::line(&found(file, call)?.export()?)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Export { call, transcript: true } => {
            crate::cli::output::write(format_args!("{}", found(file, call)?.transcript()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Replay { call, audio: true, json, .. } => audio::run(&found(file, call)?, path, *json),
        Command::Replay { call, set, json, audio: false } => {
            let trace = found(file, call)?.call.trace;
            let trace =
                trace.with_context(|| format!("call {call} has no trace: set log.traces for traces"))?;
            replay::run(&replay::Args::of(PathBuf::from(trace), set.clone(), *json))
        }
        Command::Delete(args) => delete(file, args),
        Command::Backup { folder } => {
            let made = backup(file, folder, path, millis_since_1970())?;
            noteln!("{} calls in {}", made.calls, folder.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore { folder, force } => {
            let restored = restore(folder, file, *force)?;
            noteln!("{} calls in {}", restored.calls, file.display());
            if let Some(config) = restored.config {
                noteln!("the configuration of the backup is {}; it was not put in place", config.display());
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn found(file: &Path, call: &str) -> anyhow::Result<FullCall> {
    let found = Store::open(file)?.call(&Which::from(call))?;
    found.with_context(|| format!("there is no call {call} in {}; see `offhook calls list`", file.display()))
}

fn list(file: &Path, args: &ListArgs) -> anyhow::Result<ExitCode> {
    let calls = Store::open(file)?.list(&Filter {
        from: args.since,
        to: args.until,
        caller: args.caller.clone(),
        gateway: args.gateway.clone(),
        ended_badly: args.bad,
        v2v_p95_ms: args.slow,
        text: args.said.clone(),
        limit: args.limit as usize,
        before: None,
    })?;
    if args.json {
        for call in &calls {
            outln!("{}", json::line(call)?)?;
        }
    } else if calls.is_empty() {
        noteln!("no such calls");
    } else {
        crate::cli::output::write(format_args!("{}", list::table(&calls)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn delete(file: &Path, args: &DeleteArgs) -> anyhow::Result<ExitCode> {
    let by = match (&args.call, &args.caller, args.before) {
        (Some(call), _, _) => By::Call(Which::from(call.as_str())),
        (None, Some(caller), _) => By::Caller(caller.clone()),
        (None, None, Some(before)) => By::OlderThan(before),
        (None, None, None) => bail!("say which calls to delete: --call, --caller or --before"),
    };
    let deleted = Store::open(file)?.delete(&by)?;
    noteln!("deleted: {} calls, {} recordings, {} traces", deleted.calls, deleted.recordings, deleted.traces);
    Ok(if deleted.calls == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
