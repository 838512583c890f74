//! `offhook calls replay --audio`: plays the caller's side of a recording to a server with today's engines in
//! real time, and compares. Must not know how the comparison is drawn.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use super::compared::{Turn, compare};
use super::times::length;
use crate::cli::call::server::Server;
use crate::cli::call::stop_signal;
use crate::cli::json;
use crate::cli::output::{noteln, outln, show_progress};
use crate::files::recordings;
use crate::phone::dial::{self, Dialled, Report};
use crate::phone::gateways::{Gateway, Line};
use crate::phone::script;
use crate::phone::scripted_caller::Patience;
use crate::records::FullCall;
use crate::streams::native::TurnReportWire;
use crate::units::{PHONE_RATE, samples_in};

/// How long the last answer is awaited, and the silence after which it is over.
const PATIENCE: Duration = Duration::from_secs(10);
const GAP: Duration = Duration::from_secs(2);

/// Replays `call` and prints what is different. Exit code 1 if nothing is answered any more.
///
/// # Errors
/// If the call has no recording, the recording cannot be read, or the server does not start.
pub(super) fn run(call: &FullCall, config: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let name = format!("#{}", call.call.id);
    let file = call.call.recording.as_deref().with_context(|| {
        format!("call {name} has no recording: set records.recordings for recordings of calls to come")
    })?;
    // An hour of audio is large: none of its forms lives longer than it is needed.
    let samples = recordings::read_first_channel(Path::new(file))?.i16_at(PHONE_RATE)?;
    let caller = script::Line::new(&name, &samples)
        .ok_or_else(|| anyhow!("{file}: nothing of the caller is audible in it"))?;
    drop(samples);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now = match runtime.block_on(played(caller, config))? {
        Played::Turns(turns) => turns,
        Played::Stopped => return Ok(ExitCode::FAILURE),
        Played::NoServer(code) => return Ok(code),
    };
    let compared = compare(then(call), now);
    if as_json {
        outln!("{}", json::line(&compared)?)?;
    } else {
        crate::cli::output::write(format_args!("{}", compared.draw()))?;
    }
    if compared.is_mute() {
        bail!("call {name} had answers then, and has none now");
    }
    Ok(ExitCode::SUCCESS)
}

/// What became of the call.
enum Played {
    Turns(Vec<Turn>),
    /// The user or the system asked for the end.
    Stopped,
    /// The server did not start, and ended with this code.
    NoServer(ExitCode),
}

/// Calls a server of our own and says what the caller said.
async fn played(caller: script::Line, config: Option<&Path>) -> anyhow::Result<Played> {
    noteln!("starting a server with today's engines…");
    let mut stop = Box::pin(stop_signal()?);
    let starting = tokio::select! {
        starting = Server::start(config) => starting,
        () = &mut stop => return Ok(Played::Stopped),
    };
    let server = match starting {
        Ok(server) => server,
        Err(error) => return error.exit_code().map(Played::NoServer),
    };
    let url = format!("ws://{}{}", server.address(), Gateway::Offhook.path());
    let headers = Default::default();
    let dialled = Dialled { url: &url, line: Line::new(Gateway::Offhook, None)?, headers: &headers };
    let patience = Patience {
        gap: samples_in(GAP, PHONE_RATE),
        timeout: samples_in(PATIENCE, PHONE_RATE),
        interrupt_after: None,
    };
    let lasts = caller.samples.len() as f64 * 1000.0 / f64::from(PHONE_RATE);
    noteln!("playing {} of the caller, as fast as people speak", length(lasts));
    let mut progress = |_: &[_], reports: &[Report]| {
        show_progress(&format!("{} turns were answered", reports.len()));
    };
    let outcome = dial::play(&dialled, caller, patience, stop, &mut progress).await?;
    show_progress("");
    server.stop().await?;
    for error in outcome.all_errors() {
        noteln!("the server reported: {error}");
    }
    if outcome.stopped {
        return Ok(Played::Stopped);
    }
    Ok(Played::Turns(outcome.reports.iter().filter_map(|report| now(&report.turn)).collect()))
}

/// The caller's turns as they were recorded: the greeting is no turn.
fn then(call: &FullCall) -> Vec<Turn> {
    let turn = |turn: &crate::records::Turn| {
        Some(Turn {
            end_ms: turn.speech_end_ms?,
            heard: turn.heard.clone(),
            reply: turn.reply.clone(),
            v2v_ms: turn.v2v_ms,
            answer_ms: turn.answer_ms,
            answered: !turn.failed && !turn.model.is_empty(),
        })
    };
    call.turns.iter().filter_map(turn).collect()
}

fn now(turn: &TurnReportWire) -> Option<Turn> {
    Some(Turn {
        end_ms: turn.speech_end_ms?,
        heard: Some(turn.heard.clone()),
        reply: Some(turn.reply.clone()),
        v2v_ms: turn.v2v_ms,
        answer_ms: turn.answer_ms,
        answered: !turn.model.is_empty(),
    })
}
