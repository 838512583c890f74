//! `offhook replay`: replays the trace of a call. Under the recorded settings it prints the first decision
//! that differs, under other settings every decision that changes; or it prints the call as a conversation.
//! The decisions are those of [`crate::turns`].

mod assignments;
mod conversation;
mod decisions;
mod whole;

use std::io::{BufRead, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use owo_colors::OwoColorize as _;

use self::assignments::changed;
use self::decisions::{Change, Decision, changes, decisions};
use crate::call::capture;
use crate::cli::output::noteln;
use crate::turns::replay::Trace;
use crate::turns::trace::Line;
use crate::units::{CallTime, tenths};

/// Replays the trace of a call. A server writes traces if `log.traces` is set; with `log.captures`, the whole
/// call runs again, and each message that it sends is compared.
///
/// Exit code 1 if a decision differs from the trace, or a message from the capture.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The trace; "-" reads it from standard input.
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// Print the call as a conversation instead: who said what and when, and how soon each answer came.
    #[arg(long, conflicts_with_all = ["set", "json"])]
    show: bool,
    /// Change a setting, by its key in config.toml ("endpoint.complete_ms=400"), and print every decision
    /// that changes. The caller and the engines act as recorded. May be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The arguments for a trace that another command found.
    pub(super) fn of(trace: PathBuf, set: Vec<String>, json: bool) -> Self {
        Self { trace, show: false, set, json }
    }
}

/// Replays the trace and prints the result.
///
/// # Errors
/// If the trace cannot be read, or a setting is invalid.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Read { lines, captured } = read(&args.trace)?;
    if args.show {
        // A trace with missing lines or of another version can still be printed.
        write!(std::io::stdout().lock(), "{}", conversation::draw(&lines))?;
        return Ok(ExitCode::SUCCESS);
    }
    let trace = Trace::new(lines).with_context(|| args.trace.display().to_string())?;
    if args.set.is_empty() { replay(&trace, &captured, args.json) } else { rehearse(&trace, args) }
}

/// The lines of a file.
#[derive(Default)]
struct Read {
    /// Those of the conversation.
    lines: Vec<Line>,
    /// Those of the whole call, if `log.captures` was set.
    captured: Vec<capture::Line>,
}

fn read(path: &Path) -> anyhow::Result<Read> {
    if path == Path::new("-") {
        return lines_of(std::io::stdin().lock(), "standard input");
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path)
        .with_context(|| format!("{name} cannot be read; expected a trace, written by `log.traces`"))?;
    lines_of(std::io::BufReader::new(file), &name)
}

fn lines_of(input: impl BufRead, name: &str) -> anyhow::Result<Read> {
    let mut read = Read::default();
    for (number, text) in input.lines().enumerate() {
        let place = || format!("{name}: line {} is not part of a trace written by `log.traces`", number + 1);
        let text = text.with_context(place)?;
        if text.is_empty() {
            continue;
        }
        match Line::read(&text) {
            Ok(line) => read.lines.push(line),
            Err(error) => match capture::Line::read(&text) {
                Ok(line) => read.captured.push(line),
                Err(_) => return Err(error).with_context(place),
            },
        }
    }
    Ok(read)
}

/// Replays under the recorded settings.
fn replay(trace: &Trace, captured: &[capture::Line], json: bool) -> anyhow::Result<ExitCode> {
    let (replay, whole) = (trace.replay(), whole::run(captured, trace)?);
    let mut out = crate::cli::output::stdout();
    if json {
        let difference = replay.difference.as_ref().map(
            |d| serde_json::json!({"line": d.line, "at_ms": tenths(ms(d.at)), "then": d.then, "now": d.now}),
        );
        let object = serde_json::json!({
            "events": replay.events, "actions": replay.actions, "difference": difference,
            "whole_call": whole.as_ref().map(whole::as_json),
        });
        writeln!(out, "{object}")?;
    } else if let Some(difference) = &replay.difference {
        let show = |action: &Option<_>| match action {
            Some(action) => serde_json::to_string(action).unwrap_or_default(),
            None => "nothing".to_owned(),
        };
        writeln!(out, "line {}, at {}: a different decision", difference.line, difference.at)?;
        writeln!(out, "  then: {}", show(&difference.then))?;
        writeln!(out, "  now:  {}", show(&difference.now))?;
    } else {
        writeln!(out, "{} events, {} actions: no difference", replay.events, replay.actions)?;
    }
    if let Some(whole) = whole.as_ref().filter(|_| !json) {
        write!(out, "{}", whole::told(whole))?;
    }
    let is_same = replay.difference.is_none() && whole.is_none_or(|whole| whole.difference.is_none());
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Replays under other settings. The result is compared with a rehearsal under the recorded settings, so that
/// only the settings make a difference.
fn rehearse(trace: &Trace, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = changed(&trace.settings, &args.set)?;
    let before = trace.rehearse(trace.settings.clone());
    let after = trace.rehearse(settings);
    let changes = changes(&decisions(&before), &decisions(&after));
    let mut out = crate::cli::output::stdout();
    for change in &changes {
        if args.json {
            writeln!(out, "{}", serde_json::to_string(change)?)?;
        } else {
            writeln!(out, "{}", line(change, std::io::stdout().is_terminal()))?;
        }
    }
    if !args.json {
        match changes.len() {
            1 => writeln!(out, "1 decision changes")?,
            several => writeln!(out, "{several} decisions change")?,
        }
    }
    if let Some((at, question)) = &after.unanswered {
        noteln!(
            "from {at} on, this is a guess: the trace has no answer to {question:?}, so the agent gives none"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn line(change: &Change, colours: bool) -> String {
    let at = |decision: &Decision| format!("{:>9.3} s  {}", ms(decision.at) / 1000.0, decision.what);
    match change {
        Change::Gone(decision) if colours => format!("- {}", at(decision)).red().to_string(),
        Change::Gone(decision) => format!("- {}", at(decision)),
        Change::New(decision) if colours => format!("+ {}", at(decision)).green().to_string(),
        Change::New(decision) => format!("+ {}", at(decision)),
        Change::Moved { then, now } => {
            let by = now.at.millis_after(then.at);
            let word = if by < 0.0 { "sooner" } else { "later" };
            format!("~ {}  ({:.0} ms {word})", at(now), by.abs())
        }
    }
}

fn ms(at: CallTime) -> f64 {
    at.millis_after(CallTime::ZERO)
}
