//! `offhook bench siege`: a call in quiet, and the same call while others do to its server what the
//! internet does. Knows the server only through its sockets.

mod attacks;
mod frames;
mod target;

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::cli::call::server::Server;
use crate::cli::output::outln;
use crate::config::Config;
use crate::stats::median;
use crate::streams::native::ReceptionWire;
use attacks::Attack;
use target::Target;

/// Under siege, answers may take so many times as long as in quiet.
const SLOWER: f64 = 1.2;

/// The siege begins so long after the call: the greeting is under way.
const AFTER: Duration = Duration::from_secs(3);

/// Arguments of `offhook bench siege`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Connections that say nothing, as many as sockets that never start and slow requests together
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// One JSON object a row.
    #[arg(long)]
    json: bool,
}

/// What `offhook call --json` tells, as far as it is of interest here.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Call {
    turns: Vec<Turn>,
    glitches: usize,
    frame_slack_ms: Option<Slack>,
    reception: Option<ReceptionWire>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Turn {
    v2v_ms: Option<f64>,
    interrupted: bool,
    reply: String,
    heard_by_caller: String,
}

impl Turn {
    /// Something of the answer never reached the caller, though nobody cut it.
    fn lost_words(&self) -> bool {
        let words = |text: &str| text.split_whitespace().count();
        !self.interrupted && words(&self.heard_by_caller) < words(&self.reply)
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
struct Slack {
    median: f64,
    p01: f64,
    least: f64,
}

/// One call, in quiet or not.
#[derive(Debug, Clone, Serialize)]
struct CallRow {
    call: &'static str,
    turns: usize,
    unanswered: usize,
    /// Answers of which something never reached the caller, and milliseconds of the caller's audio that
    /// never reached the server.
    lost_answers: usize,
    lost_ms: f64,
    v2v_median_ms: Option<f64>,
    glitches: usize,
    frame_slack_ms: Slack,
}

impl CallRow {
    /// Every turn was answered, and nothing of it was lost on either way.
    fn is_whole(&self) -> bool {
        self.unanswered == 0 && self.lost_answers == 0 && self.lost_ms == 0.0 && self.glitches == 0
    }

    /// Answers came about as soon as in that one.
    fn is_as_quick_as(&self, quiet: &Self) -> bool {
        let both = self.v2v_median_ms.zip(quiet.v2v_median_ms);
        both.is_some_and(|(besieged, quiet)| besieged <= quiet * SLOWER)
    }
}

/// Measures and prints. Exit code 1 if an attack held the server beyond its limits, or the call lost an
/// answer or a frame, or its answers came more than a fifth later.
pub(super) fn run(args: &Args, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    attacks::allow_many_files(args.connections)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(besieged(args, config, path))
}

async fn besieged(args: &Args, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let server = Server::start(path).await?;
    let url = format!("ws://{}/twilio", server.address());
    let target = Target::new(server.address(), &config.server);
    if !args.json {
        outln!(
            "call      turns  unanswered  lost answers  lost audio  v2v median  glitches  frame slack: median     p01   least"
        )?;
    }
    let quiet = show_call(args, "quiet", &call(&url).await?)?;
    let under_siege = tokio::spawn(async move { call(&url).await });
    tokio::time::sleep(AFTER).await;
    let attacks = attacks::all(&target, args.connections as usize).await;
    let under_siege = under_siege.await??;
    let besieged = show_call(args, "besieged", &under_siege)?;
    if !args.json {
        outln!("\nattack                     opened  refused  dropped  left  longest life  limit")?;
    }
    for attack in &attacks {
        show_attack(args, attack)?;
    }
    server.stop().await?;
    let whole = quiet.is_whole() && besieged.is_whole() && besieged.is_as_quick_as(&quiet);
    let held = whole && attacks.iter().all(|attack| attack.left == 0);
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The shipped conversation, by a caller in a process of its own.
async fn call(url: &str) -> anyhow::Result<Call> {
    let mut command = Command::new(std::env::current_exe().context("starting a caller")?);
    command.args(["call", "--json", "--url", url, "--record", "/dev/null"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    if output.stdout.is_empty() {
        bail!("the caller could not call ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the caller told something else than a result")
}

/// Prints a call.
fn show_call(args: &Args, name: &'static str, call: &Call) -> anyhow::Result<CallRow> {
    let answered: Vec<f64> = call.turns.iter().filter_map(|turn| turn.v2v_ms).collect();
    let row = CallRow {
        call: name,
        turns: call.turns.len(),
        unanswered: call.turns.len() - answered.len(),
        lost_answers: call.turns.iter().filter(|turn| turn.lost_words()).count(),
        lost_ms: call.reception.unwrap_or_default().concealed_ms,
        v2v_median_ms: median(answered),
        glitches: call.glitches,
        frame_slack_ms: call.frame_slack_ms.unwrap_or_default(),
    };
    if args.json {
        outln!("{}", crate::cli::json::line(&row)?)?;
    } else {
        let slack = row.frame_slack_ms;
        outln!(
            "{:<9} {:>5} {:>11} {:>13} {:>8.0} ms {:>8.0} ms {:>9} {:>17.0} ms {:>4.0} ms {:>4.0} ms",
            row.call,
            row.turns,
            row.unanswered,
            row.lost_answers,
            row.lost_ms,
            row.v2v_median_ms.unwrap_or_default(),
            row.glitches,
            slack.median,
            slack.p01,
            slack.least
        )?;
    }
    Ok(row)
}

fn show_attack(args: &Args, attack: &Attack) -> anyhow::Result<()> {
    if args.json {
        outln!("{}", crate::cli::json::line(attack)?)?;
        return Ok(());
    }
    outln!(
        "{:<26} {:>6} {:>8} {:>8} {:>5} {:>11.1} s {:>4.0} s",
        attack.attack,
        attack.opened,
        attack.refused,
        attack.dropped,
        attack.left,
        attack.longest_s,
        attack.limit_s
    )?;
    Ok(())
}
