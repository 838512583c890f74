//! What happens in a call, as JSON for the customer: docs/webhooks.md describes every field. Without leave,
//! no words, numbers, custom data or texts of failures are in it. PURE. Must not know how it is sent.

use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::{AfterCall, AfterState, Beginning, Happened, ToolRun};
use offhook_core::streams::native::{SummaryWire, TurnReportWire};
use serde_json::{Value, json};

use crate::clock::millis;

/// The most bytes of a transcript in one event; the lines behind it are left out.
const LONGEST_TRANSCRIPT: usize = 256 << 10;

/// The most failures in one event.
const MOST_ERRORS: usize = 100;

/// What is to be told, as it was told.
#[derive(Debug)]
pub(crate) struct Told {
    /// When, since 1970.
    pub(crate) at: Duration,
    /// The call.
    pub(crate) call: CallId,
    /// What happened.
    pub(crate) happened: Happened,
}

/// An event as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its call.
    pub(crate) call: String,
    /// Its type.
    pub(crate) kind: &'static str,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The body of the request.
    pub(crate) body: String,
}

/// The type of the event that tells this; `None` if none does.
pub(crate) const fn kind(happened: &Happened) -> Option<&'static str> {
    match happened {
        Happened::Started(_) => Some("call.started"),
        Happened::Turn(_) => Some("call.turn"),
        Happened::Agent { .. } => Some("call.agent"),
        Happened::ToolRan(_) => Some("call.tool"),
        Happened::Ended(_) => Some("call.ended"),
        Happened::Summarised(after) => match after.state {
            AfterState::Done | AfterState::Failed => Some("call.summarised"),
            AfterState::None | AfterState::Pending => None,
        },
        Happened::Disclosed { .. } | Happened::Failed(..) => None,
    }
}

/// The event that tells this, if one does.
pub(crate) fn event(told: &Told, words: bool) -> Option<Event> {
    let kind = kind(&told.happened)?;
    let at = millis(told.at);
    let call = told.call.as_str();
    let data = match &told.happened {
        Happened::Started(beginning) => started(call, beginning, words),
        Happened::Turn(turn) => {
            let mut turn = json!(TurnReportWire::from(turn));
            without(&mut turn, if words { &[] } else { &["heard", "reply"] });
            json!({"call_id": call, "turn": turn})
        }
        Happened::Agent { name, first } => json!({"call_id": call, "agent": name, "first": first}),
        Happened::ToolRan(run) => json!({"call_id": call, "tool": tool(run, words)}),
        Happened::Ended(summary) => json!({"call_id": call, "summary": ended(summary.into(), words)}),
        Happened::Summarised(after) => summarised(call, after, words),
        Happened::Disclosed { .. } | Happened::Failed(..) => return None,
    };
    let timestamp = jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string();
    let body = json!({"type": kind, "timestamp": timestamp, "data": data}).to_string();
    Some(Event { call: call.to_owned(), kind, at, body })
}

fn started(call: &str, beginning: &Beginning, words: bool) -> Value {
    let Beginning { gateway, rate, client_id, from, to, data } = beginning;
    let mut value = json!({"call_id": call, "gateway": gateway, "sample_rate": rate});
    if words {
        value["client_id"] = json!(client_id);
        value["from"] = json!(from);
        value["to"] = json!(to);
        value["data"] = json!(data);
    }
    value
}

/// A summary is words of the call, and so are its fields.
fn summarised(
    call: &str,
    AfterCall { state, code, reason, summary, fields }: &AfterCall,
    words: bool,
) -> Value {
    let mut value = json!({"call_id": call, "state": state, "code": code});
    if words {
        value["reason"] = json!(reason);
        value["summary"] = json!(summary);
        value["fields"] = json!(fields);
    }
    value
}

fn tool(run: &ToolRun, words: bool) -> Value {
    let ToolRun { turn, id, name, arguments, end, output, took_ms } = run;
    let mut value = json!({"turn": turn, "id": id, "name": name, "end": end, "took_ms": took_ms});
    if words {
        // A call is JSON, and the model was held to its schema.
        value["arguments"] = serde_json::from_str(arguments).unwrap_or(json!(arguments));
        value["output"] = json!(output);
    }
    value
}

fn ended(mut summary: SummaryWire, words: bool) -> Value {
    summary.errors.truncate(MOST_ERRORS);
    let mut room = LONGEST_TRANSCRIPT;
    let fit = summary.transcript.iter().take_while(|line| {
        let left = room.checked_sub(line.text.len());
        room = left.unwrap_or_default();
        left.is_some()
    });
    let fit = fit.count();
    let cut = fit < summary.transcript.len();
    summary.transcript.truncate(fit);
    let mut value = json!(summary);
    // The name of the call is beside the summary.
    without(&mut value, &["call_id"]);
    if words {
        value["transcript_cut"] = json!(cut);
        return value;
    }
    without(&mut value, &["transcript", "client_id", "data"]);
    without(&mut value["end"], &["reason"]);
    for error in value["errors"].as_array_mut().into_iter().flatten() {
        without(error, &["message"]);
    }
    value
}

fn without(value: &mut Value, names: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        names.iter().for_each(|name| drop(map.remove(*name)));
    }
}
