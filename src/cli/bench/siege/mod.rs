//! `offhook bench siege`: a call in quiet, and the same call while its server is attacked as on the internet.
//! Knows the server only through its sockets.

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

/// Under siege, answers may take this many times as long as in quiet.
const SLOWER: f64 = 1.2;

/// The siege begins this long after the call, during the greeting.
const AFTER: Duration = Duration::from_secs(3);

/// Arguments of `offhook bench siege`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Number of connections that send nothing; some other attacks open a multiple or a fraction of it
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Print one JSON object per row.
    #[arg(long)]
    json: bool,
}

/// The part of the output of `offhook call --json` that is used here.
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
    /// True if part of the answer never reached the caller, although nobody interrupted it.
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

/// One call, in quiet or under siege.
#[derive(Debug, Clone, Serialize)]
struct CallRow {
    call: &'static str,
    turns: usize,
    unanswered: usize,
    /// Answers of which a part never reached the caller, and milliseconds of the caller's audio that never
    /// reached the server.
    lost_answers: usize,
    lost_ms: f64,
    v2v_median_ms: Option<f64>,
    glitches: usize,
    frame_slack_ms: Slack,
}

impl CallRow {
    /// True if every turn was answered, and no audio was lost in either direction.
    fn is_whole(&self) -> bool {
        self.unanswered == 0 && self.lost_answers == 0 && self.lost_ms == 0.0 && self.glitches == 0
    }

    /// True if answers came about as soon as in the `quiet` call.
    fn is_as_quick_as(&self, quiet: &Self) -> bool {
        let both = self.v2v_median_ms.zip(quiet.v2v_median_ms);
        both.is_some_and(|(besieged, quiet)| besieged <= quiet * SLOWER)
    }
}

/// Measures and prints. Exit code 1 if a connection of an attack outlived the server's limits, if the call
/// lost an answer or a frame, or if its answers came more than a fifth later.
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

/// Plays the shipped conversation, by a caller in its own process.
async fn call(url: &str) -> anyhow::Result<Call> {
    let mut command = Command::new(std::env::current_exe().context("starting a caller")?);
    command.args(["call", "--json", "--url", url, "--record", "/dev/null"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    if output.stdout.is_empty() {
        bail!("the caller could not call ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the caller printed something other than a result")
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
