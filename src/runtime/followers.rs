//! The followers of calls, which are told what happens to them; the log always is one. Must not know how it
//! comes about.

use std::collections::BTreeMap;

use crate::ids::CallId;
use crate::report::{AfterState, Beginning, Failure, Happened, ReportedTurn, ToolRun, Trouble};

/// The most names of custom data that are logged.
const MAX_NAMES: usize = 20;

/// The number of messages of one peer that break the protocol and are logged as warnings.
const TOLD_ODD_MESSAGES: u64 = 5;

/// Follows calls. It runs on a call's own task, so it must not wait.
pub trait Follower: Send + Sync {
    /// This happened to `call`.
    fn told(&self, call: &CallId, happened: &Happened);
}

/// Writes the log, inside the span of the call.
pub(super) struct Log;

impl Follower for Log {
    fn told(&self, _: &CallId, happened: &Happened) {
        match happened {
            Happened::Started(Beginning { gateway, rate, client_id, data, .. }) => {
                tracing::info!(gateway, rate, client_id, "call started");
                custom_data(data);
            }
            Happened::Turn(turn) => turn_over(turn),
            Happened::Disclosed { heard: true } => tracing::info!("disclosed: the caller heard all of it"),
            Happened::Disclosed { heard: false } => {
                tracing::warn!("the caller did not hear all that must be disclosed (agent.disclosure)");
            }
            Happened::Failed(Trouble::OddMessage { count, reason }, _) => odd_message(*count, reason),
            Happened::Agent { name, first: true } => tracing::info!(agent = name, "an agent answers"),
            Happened::Agent { name, first: false } => tracing::info!(agent = name, "another agent goes on"),
            Happened::ToolRan(run) => tool_ran(run),
            Happened::Failed(Trouble::Late | Trouble::NotDone | Trouble::Tool, Failure { code, message }) => {
                tracing::warn!(code, "{message}");
            }
            Happened::Failed(Trouble::Engine, Failure { code, message }) => {
                tracing::error!(code, error = message, "an engine failed");
            }
            // The task logs the end, with its reason.
            Happened::Ended(_) => {}
            Happened::Summarised(after) => match after.state {
                AfterState::None | AfterState::Pending => {}
                AfterState::Done => tracing::info!("the call was summarised"),
                AfterState::Failed => tracing::warn!(
                    code = after.code,
                    reason = after.reason,
                    "the call was not summarised, or not as a whole"
                ),
            },
        }
    }
}

/// Logs that a message that breaks the protocol was dropped, the peer's `count`th.
pub(super) fn odd_message(count: u64, reason: &str) {
    if count <= TOLD_ODD_MESSAGES {
        tracing::warn!(reason, "a message was dropped");
    } else {
        tracing::debug!(reason, count, "a message was dropped");
    }
}

/// Logs the names of custom data; the values only at debug.
fn custom_data(data: &BTreeMap<String, String>) {
    if !data.is_empty() {
        let names: Vec<&str> = data.keys().map(String::as_str).take(MAX_NAMES).collect();
        tracing::info!(count = data.len(), names = names.join(" "), "data of the call");
        tracing::debug!(?data, "data of the call");
    }
}

fn tool_ran(ToolRun { turn, name, arguments, end, output, took_ms, .. }: &ToolRun) {
    tracing::info!(
        turn = turn.0,
        tool = name,
        end = end.name(),
        took_ms = took_ms.round(),
        "a tool was called"
    );
    tracing::debug!(turn = turn.0, tool = name, arguments, output, "words");
}

fn turn_over(ReportedTurn { turn, .. }: &ReportedTurn) {
    tracing::info!(
        turn = turn.turn.0,
        v2v_ms = turn.stages.map(|stages| stages.total_ms().round()),
        interrupted = turn.interrupted,
        hiccups = turn.hiccups,
        failed = turn.failed,
        rung = turn.rung,
        prompt = turn.tokens.as_ref().map(|tokens| tokens.prompt),
        reused = turn.tokens.as_ref().map(|tokens| tokens.reused),
        "turn over"
    );
    tracing::debug!(turn = turn.turn.0, heard = turn.heard, reply = turn.reply, "words");
}
