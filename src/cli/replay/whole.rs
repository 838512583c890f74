//! A captured call, run again from its socket to its socket. Must not know where its lines come from.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::call::again::{Again, Difference, run_again};
use crate::call::capture::{Line, Sent, What};
use crate::turns::replay::Trace;
use crate::units::{CallTime, tenths};

/// Runs the call of these lines again; `None` if there are none, because no capture was wanted.
///
/// # Errors
/// If the head is missing, of another version, or begins no call.
pub(super) fn run(captured: &[Line], trace: &Trace) -> anyhow::Result<Option<Again>> {
    if captured.is_empty() {
        return Ok(None);
    }
    let head = captured.iter().find_map(|line| match &line.what {
        What::Call(head) => Some((line.at, head)),
        What::In(_) | What::Out(_) => None,
    });
    let Some((at, head)) = head else { bail!("the head of the capture is missing") };
    let call = head.begin(at, trace.settings.clone(), trace.count()).context("the capture cannot be run")?;
    Ok(Some(run_again(call, captured).context("the capture cannot be run")?))
}

/// The result for people.
pub(super) fn told(again: &Again) -> String {
    let Again { received, sent, difference } = again;
    let Some(Difference { message, at, then, now }) = difference else {
        return format!("the whole call: {received} inputs, {sent} messages sent, the same bytes\n");
    };
    format!(
        "the whole call: message {message}, at {at}, is another one\n  then: {}\n  now:  {}\n",
        shown(then.as_ref()),
        shown(now.as_ref())
    )
}

fn shown(sent: Option<&Sent>) -> String {
    sent.map_or_else(
        || "nothing".to_owned(),
        |Sent { bytes, sum, begins }| format!("{bytes} bytes, sum {sum:016x} {begins}"),
    )
}

/// The result for programs.
pub(super) fn as_json(again: &Again) -> Value {
    let difference = again.difference.as_ref().map(|Difference { message, at, then, now }| {
        let at_ms = tenths(at.millis_after(CallTime::ZERO));
        json!({"message": message, "at_ms": at_ms, "then": then, "now": now})
    });
    json!({"inputs": again.received, "messages": again.sent, "difference": difference})
}
