//! `offhook bench calls`: how many calls at once this machine takes. The server is a process of its own, and
//! so is this one, which measures as its callers do and is not counted. Must not know the gateways.

mod chaos;
mod machine;
mod server_use;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::call::server::Server;
use crate::cli::call::stop_signal;
use crate::cli::output::{noteln, out, outln, show_progress};
use crate::phone::dial::Dialled;
use crate::phone::gateways::{Gateway, Line};
use crate::phone::load::arrivals::Pattern;
use crate::phone::load::measures::StepResult;
use crate::phone::load::report::{About, html};
use crate::phone::load::run::{Load, Progress, Step, run as run_step};
use crate::phone::load::table::{header, notes, row, verdict};
use crate::phone::load::verdict::{Capacity, capacity};
use crate::phone::script;
use crate::phone::scripted_caller::Patience;
use crate::units::{PHONE_RATE, samples_in};
use chaos::{AVAILABLE, Injected, Verdict, inject};
use machine::{on_cores, told as machine_told};
use server_use::Meter;

/// Arguments of `offhook bench calls`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the callers say, one file per turn; without files, the shipped conversation
    #[arg(value_name = "WAV")]
    files: Vec<PathBuf>,

    /// Callers at once, one step after the other
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "1,2,4", value_parser = clap::value_parser!(u32).range(1..=5000))]
    callers: Vec<u32>,

    /// Instead of so many at once: callers who come at random, so many in a minute, one step after the other
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', conflicts_with = "callers")]
    per_minute: Vec<f64>,

    /// With --per-minute: the most calls at once
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=5000))]
    most: u32,

    /// With --per-minute: the same seed gives the same moments
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How long each step lasts, in seconds; calls in progress are then ended after their next answer
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=86_400))]
    seconds: u32,

    /// What answers
    #[arg(long, value_enum, default_value_t = Mode::Shipped)]
    mode: Mode,

    /// The gateway to simulate; offhook's own protocol also brings the server's figures of each turn
    #[arg(long, value_name = "NAME", default_value = "offhook")]
    gateway: Gateway,

    /// The cores that the server may use; without it, all
    #[arg(long, value_name = "N")]
    cores: Option<NonZeroUsize>,

    /// Every N-th caller cuts in, a second into each answer
    #[arg(long, value_name = "N")]
    interrupt_every: Option<NonZeroU32>,

    /// A load is held if 95 of 100 answers begin within this time, in milliseconds, and nothing fails
    #[arg(long, value_name = "MS", default_value_t = 1000.0, value_parser = positive)]
    limit: f64,

    /// The price of a core, in cents an hour, for the price of a call's minute
    #[arg(long, value_name = "CENTS", value_parser = positive)]
    core_price: Option<f64>,

    /// Keep the records of these calls that the configuration names, and send their traces
    #[arg(long)]
    recorded: bool,

    /// Every so many seconds another engine fails (dead, hung, slow, wrong) for half of that time: what do
    /// callers hear then? The load is held if 99.5 of 100 turns are answered, be it by an apology
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(2..=3600))]
    chaos: Option<u32>,

    /// Let the server refuse calls that would make answers too slow (quality.max_p95_ms); without it, it
    /// takes all
    #[arg(long)]
    refusing: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// A number above 0, for an option.
fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// What answers the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    /// No models: everything around them
    Scripted,
    /// The models that ship
    Shipped,
    /// Models of the configuration (--config) that compute everything, and whose words come from a script:
    /// for files of true size with random weights
    TrueSize,
    /// The models of the configuration (--config)
    Real,
}

impl Mode {
    const fn words(self) -> &'static str {
        match self {
            Self::Scripted => "no models",
            Self::Shipped => "the shipped models",
            Self::TrueSize => "models of true size, words from a script",
            Self::Real => "the configured models",
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    mode: Mode,
    gateway: &'static str,
    cores: usize,
    machine: &'a str,
    steps: &'a [StepResult],
    capacity: &'a Capacity,
    cents_a_minute: Option<f64>,
    /// The faults that were injected, in order.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: &'a [Injected],
    /// The share of turns that were answered, be it by an apology, if faults were injected.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<f64>,
}

/// Runs all steps. Exit code 1 if not even the smallest load was held.
///
/// # Errors
/// If the server does not start, or a file cannot be read or written.
pub(super) fn run(args: &Args, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    if args.mode != Mode::Shipped && args.mode != Mode::Scripted && path.is_none() {
        bail!("--mode {}: name the models in a configuration, with --config FILE", name_of(args.mode));
    }
    if let Some(file) = &args.html {
        // Before the measurement, which may take an hour.
        std::fs::write(file, "").with_context(|| file.display().to_string())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measured(args, path.filter(|_| args.mode != Mode::Shipped)))
}

fn name_of(mode: Mode) -> String {
    mode.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

async fn measured(args: &Args, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let line = Line::new(args.gateway, None)?;
    let lines = script::load(&args.files)?;
    // Who hears "One moment, please." waits for what follows.
    let gap = Duration::from_millis(if args.chaos.is_some() { 3000 } else { 700 });
    let patience = Patience {
        gap: samples_in(gap, PHONE_RATE),
        timeout: samples_in(Duration::from_secs(10), PHONE_RATE),
        interrupt_after: Some(samples_in(Duration::from_secs(1), PHONE_RATE)),
    };
    let load = Load { interrupt_every: args.interrupt_every, ..Load::new(lines, patience) };
    let patterns = patterns(args)?;
    let most = patterns.iter().map(|pattern| pattern.most_at_once()).max().unwrap_or(1);
    // All callers say the same, and those of a real server do not: none may profit from another's answer.
    let mut options = vec![format!("--max-calls={most}"), "--unshared".to_owned()];
    if !args.refusing {
        options.push("--take-all".to_owned());
    }
    if !args.recorded {
        options.push("--unrecorded".to_owned());
    }
    if args.chaos.is_some() {
        if args.mode == Mode::Scripted {
            bail!("--chaos: engines without models cannot fail; choose another --mode");
        }
        options.push("--allow-faults".to_owned());
    }
    match args.mode {
        Mode::Scripted => options.push("--scripted=everything".to_owned()),
        Mode::TrueSize => options.push("--scripted=words".to_owned()),
        Mode::Shipped | Mode::Real => {}
    }
    noteln!("starting a server with {}…", args.mode.words());
    let server = on_cores(args.cores, async || Server::start_with(config, &options).await).await??;
    let cores = args.cores.map_or_else(machine::cores, NonZeroUsize::get);
    let url = format!("ws://{}{}", server.address(), args.gateway.path());
    let headers = Default::default();
    let dialled = Dialled { url: &url, line, headers: &headers };
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let told_to_stop = stop_signal()?;
    tokio::spawn(async move {
        told_to_stop.await;
        stopped.cancel();
    });
    if !args.json {
        out!("{}", header())?;
    }
    let (mut steps, faults) = (Vec::new(), Arc::<Mutex<Vec<Injected>>>::default());
    if let Some(seconds) = args.chaos {
        let (address, kept, stop) = (server.address().to_owned(), faults.clone(), stop.clone());
        tokio::spawn(async move {
            let keep = |fault| kept.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
            let every = Duration::from_secs(u64::from(seconds));
            let ended = tokio::select! {
                ended = inject(&address, every, keep) => ended,
                () = stop.cancelled() => Ok(()),
            };
            if let Err(error) = ended {
                noteln!("--chaos: no further fault was injected: {error:#}");
            }
        });
    }
    for pattern in patterns {
        let step = Step { pattern, length: Duration::from_secs(u64::from(args.seconds)) };
        let mut meter = Meter::start(&server);
        let mut progress = |progress: Progress| {
            meter.look();
            show_progress(&told(progress, args.seconds));
        };
        let mut result = run_step(&load, &dialled, step, stop.cancelled(), &mut progress).await;
        show_progress("");
        result.server = meter.end(&server, result.seconds, result.callers);
        if !args.json {
            out!("{}{}", row(&result), notes(&result))?;
        }
        steps.push(result);
        if stop.is_cancelled() {
            break;
        }
    }
    let log = server.log();
    stop.cancel();
    server.stop().await?;
    let faults = std::mem::take(&mut *faults.lock().unwrap_or_else(PoisonError::into_inner));
    finish(args, cores, &steps, &faults, &log)
}

fn finish(
    args: &Args,
    cores: usize,
    steps: &[StepResult],
    faults: &[Injected],
    log: &str,
) -> anyhow::Result<ExitCode> {
    if args.chaos.is_some() && faults.is_empty() {
        bail!("--chaos: no fault was injected, so nothing was tried; let it last longer (--seconds)");
    }
    // Half of what was told withdrew a fault.
    let chaos = args.chaos.map(|_| Verdict::over(steps, faults.len().div_ceil(2)));
    let availability = chaos.as_ref().map(|verdict| verdict.availability);
    let capacity = capacity(steps, args.limit);
    let machine = machine_told(cores);
    let cents = args.core_price.zip(capacity.held).map(|(price, held)| price * cores as f64 / 60.0 / held);
    let cents = cents.filter(|_| args.per_minute.is_empty());
    if args.json {
        let (mode, gateway) = (args.mode, args.gateway.name());
        let report = Report {
            mode,
            gateway,
            cores,
            machine: &machine,
            steps,
            capacity: &capacity,
            cents_a_minute: cents,
            faults,
            availability,
        };
        outln!("{}", crate::cli::json::line(&report)?)?;
    } else {
        outln!()?;
        match &chaos {
            Some(chaos) => outln!("{}", chaos.sentences)?,
            None => out!("{}", verdict(&capacity, steps))?,
        }
        if let (Some(cents), Some(price)) = (cents, args.core_price) {
            outln!("A minute of a call costs {cents:.3} cents, at {price} cents for an hour of a core.")?;
        }
    }
    if let Some(chaos) = chaos.as_ref().filter(|_| !args.json) {
        outln!("{}.", chaos.headline)?;
    }
    if let Some(file) = &args.html {
        let what = format!("offhook with {}, {} lines", args.mode.words(), args.gateway.name());
        let when = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let verdict = chaos.as_ref().map(|chaos| (chaos.headline.as_str(), chaos.sentences.as_str()));
        let (what, machine, when) = (what.as_str(), machine.as_str(), when.as_str());
        let about = About { what, machine, when, p95_limit_ms: args.limit, verdict };
        std::fs::write(file, html(&about, steps)).with_context(|| file.display().to_string())?;
        noteln!("page: {}", file.display());
    }
    if availability.map_or(capacity.held.is_some(), |availability| availability >= AVAILABLE) {
        return Ok(ExitCode::SUCCESS);
    }
    if !log.is_empty() {
        noteln!("the end of the server's log:\n{log}");
    }
    Ok(ExitCode::FAILURE)
}

fn patterns(args: &Args) -> anyhow::Result<Vec<Pattern>> {
    let most = NonZeroU32::new(args.most).context("--most: at least 1")?;
    if args.per_minute.is_empty() {
        let together = |callers: &u32| Some(Pattern::Together { callers: NonZeroU32::new(*callers)? });
        return Ok(args.callers.iter().filter_map(together).collect());
    }
    let random = |&calls_a_minute: &f64| {
        if !calls_a_minute.is_finite() || !(0.01..=100_000.0).contains(&calls_a_minute) {
            bail!("--per-minute {calls_a_minute}: allowed is a number from 0.01 to 100000");
        }
        Ok(Pattern::Poisson { calls_a_minute, most, seed: args.seed })
    };
    args.per_minute.iter().map(random).collect()
}

fn told(progress: Progress, seconds: u32) -> String {
    let Progress { elapsed, in_progress, ended, lost, turns } = progress;
    let lost = if lost > 0 { format!(", {lost} lost") } else { String::new() };
    format!("{} of {seconds} s: {in_progress} calls, {ended} ended{lost}, {turns} turns", elapsed.as_secs())
}
