//! One call over a real socket: it is opened, talked over and closed. Everything that can be decided without
//! a socket is decided in the pure files beside it. Must not know what is printed.

mod connecting;
mod talking;

use std::sync::Arc;

use super::clock::Clock;
use super::continuity::Continuity;
use super::gateways::Phone;
use super::script::Line;
use super::scripted_caller::{Patience, ScriptedCaller, Turn};
use super::slack::{Slack, Slacks};
use super::violations::Violations;
pub use connecting::Dialled;
pub(crate) use connecting::Unconnected;
use offhook_core::streams::native::SummaryWire;
use talking::Call;
pub(crate) use talking::{Ending, Keep};
pub use talking::{Progress, Report};

/// The outcome of a call.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The call's name.
    pub call_id: String,
    /// The audio that the caller sent, sample by sample; empty if only one turn is kept.
    pub caller: Vec<i16>,
    /// The audio that was heard of the agent, on the timeline of `caller`.
    pub agent: Vec<i16>,
    /// The turns that were begun.
    pub turns: Vec<Turn>,
    /// The number of lines that the caller was going to say; more than `turns` if the call ended early.
    pub wanted: usize,
    /// The server's reports about its turns.
    pub reports: Vec<Report>,
    /// The server's summary at the end.
    pub summary: Option<SummaryWire>,
    /// The number of holes in the agent's speech.
    pub glitches: usize,
    /// The holes, and the frames that had to be played.
    pub(crate) continuity: Continuity,
    /// How close the agent's speech came to a hole.
    pub slack: Option<Slack>,
    /// The same, frame by frame.
    pub(crate) slacks: Slacks,
    /// The number of times that the server cleared the gateway's buffer.
    pub clears: usize,
    /// Whether the server sends reports over this connection.
    pub reported: bool,
    /// Errors that the server reported, and errors of the connection.
    pub errors: Vec<String>,
    /// How the server broke the gateway's protocol.
    pub violations: Vec<String>,
    /// The same, to be added to those of other calls.
    pub(crate) ways: Violations,
    /// The greatest lateness of the caller's own frames while the stopwatch ran, in milliseconds: the
    /// stopwatch is no more accurate than that.
    pub late_ms: f64,
    /// The caller hung up on request, before all lines were said.
    pub stopped: bool,
    /// When it ended, in milliseconds since the caller began to dial; the server's last words come later.
    pub(crate) ended_ms: f64,
    /// How it ended otherwise.
    pub(crate) ending: Ending,
    /// Whether the server said anything but errors.
    pub(crate) taken: bool,
    /// The server's reason to close the socket, if it did.
    pub(crate) closed: Option<String>,
}

impl Outcome {
    /// All errors, of the server and of the connection.
    pub fn all_errors(&self) -> Vec<String> {
        let told = self.summary.iter().flat_map(|summary| &summary.errors);
        let told = told.map(|error| format!("{}: {}", error.code, error.message));
        self.errors.iter().cloned().chain(told).collect()
    }

    /// A caller who hangs up on request leaves lines unsaid, and perhaps one unanswered. These are no
    /// failures.
    pub fn leave_out_what_was_stopped(&mut self) {
        if self.stopped {
            self.turns.pop_if(|turn| turn.v2v_ms.is_none());
            self.wanted = self.turns.len();
        }
    }
}

/// The caller of one call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// What they say.
    pub(crate) lines: Arc<[Line]>,
    /// Their patience.
    pub(crate) patience: Patience,
    /// The position from which on they begin no line.
    pub(crate) until: usize,
    /// What is remembered of the audio.
    pub(crate) keep: Keep,
    /// They say their first line at once, without hearing the greeting out.
    pub(crate) at_once: bool,
}

/// Calls and says `lines`, one after the other. When `hang_up` completes, the call ends early.
///
/// # Errors
/// If the server cannot be reached within 5 s, refuses, or does not agree to the gateway's sub-protocol, or
/// if `hang_up` completes before that is known.
/// Later errors are in the [`Outcome`].
pub async fn call(
    dialled: &Dialled<'_>,
    lines: Vec<Line>,
    patience: Patience,
    hang_up: impl Future<Output = ()>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let lines = lines.into();
    let caller = Caller { lines, patience, until: usize::MAX, keep: Keep::Everything, at_once: false };
    Ok(call_as(dialled, caller, hang_up, progress).await?)
}

/// Calls, and plays one side of a recorded call from the first frame on, whatever the agent says. `patience`
/// is for the answer to its end.
///
/// # Errors
/// As [`call`].
pub async fn play(
    dialled: &Dialled<'_>,
    caller: Line,
    patience: Patience,
    hang_up: impl Future<Output = ()>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let lines = [caller].into();
    let caller = Caller { lines, patience, until: usize::MAX, keep: Keep::Everything, at_once: true };
    Ok(call_as(dialled, caller, hang_up, progress).await?)
}

/// [`call`] for any caller.
pub(crate) async fn call_as(
    dialled: &Dialled<'_>,
    caller: Caller,
    hang_up: impl Future<Output = ()>,
    progress: &mut Progress<'_>,
) -> Result<Outcome, Unconnected> {
    let dialling = Clock::start();
    let phone = Phone::new(dialled.line);
    tokio::pin!(hang_up);
    let socket = tokio::select! {
        connected = dialled.connect(phone.subprotocol()) => connected?,
        () = &mut hang_up => return Err(Unconnected::hung_up(dialled.url)),
    };
    let mut turns = ScriptedCaller::new(caller.lines, caller.patience);
    turns.say_nothing_after(caller.until);
    if caller.at_once {
        turns.wait_for_no_greeting();
    }
    let mut call = Call::new(socket, phone, turns, caller.keep, progress);
    let talk = async {
        match call.open().await {
            Ok(()) => call.talk(Clock::start()).await,
            Err(error) => {
                call.errors.push(error);
                Ending::Broke
            }
        }
    };
    let ended = tokio::select! {
        ending = talk => Some(ending),
        () = &mut hang_up => None,
    };
    let ended_ms = dialling.now_ms();
    let clears = call.buffer.playout().clears();
    let continuity = call.buffer.playout_mut().end(call.position, caller.patience.gap);
    call.turns.end(call.buffer.playout());
    call.say_goodbye().await;
    let agent = match caller.keep {
        Keep::Everything => call.buffer.playout().heard().to_vec(),
        Keep::OneTurn { .. } => Vec::new(),
    };
    let slacks = call.buffer.playout().slack().clone();
    Ok(Outcome {
        call_id: call.phone.call_id().to_owned(),
        turns: call.turns.begun().to_vec(),
        wanted: call.turns.wanted(),
        agent,
        late_ms: call.late.over(call.turns.begun()),
        caller: call.caller,
        reports: call.reports,
        reported: call.phone.reports(),
        summary: call.summary,
        glitches: continuity.glitches,
        continuity,
        clears,
        slack: slacks.figures(),
        slacks,
        errors: call.errors,
        violations: call.violations.sentences(),
        ways: call.violations,
        stopped: ended.is_none(),
        ended_ms,
        ending: ended.unwrap_or_default(),
        taken: call.taken,
        closed: call.closed,
    })
}

#[cfg(test)]
mod tests;
