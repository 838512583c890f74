//! The decisions of a call in words, and the changes between two lists of them. PURE.

use serde::Serialize;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::ids::ChunkId;
use crate::report::CalledTool;
use crate::turns::Action;
use crate::turns::what_if::Rehearsal;
use crate::units::{CallTime, tenths};

/// A decision that the caller or an engine would notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Decision {
    /// The time of the decision.
    #[serde(rename = "at_ms", serialize_with = "at_ms")]
    pub(super) at: CallTime,
    /// The decision in words, without numbers that only name things.
    pub(super) what: String,
}

fn at_ms<S: serde::Serializer>(at: &CallTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(tenths(at.millis_after(CallTime::ZERO)))
}

/// A change of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// It is no longer made.
    Gone(Decision),
    /// It was not made before.
    New(Decision),
    /// It is made at another time.
    Moved { then: Decision, now: Decision },
}

/// A smaller shift does not count.
const SAME_TIME_MS: f64 = 1.0;

/// The decisions among the actions of a call.
pub(super) fn decisions(rehearsal: &Rehearsal) -> Vec<Decision> {
    let mut texts: Vec<(ChunkId, &str)> = Vec::new();
    let mut all = Vec::new();
    for (at, action) in &rehearsal.actions {
        if let Action::Speak { chunk, text, .. } = action {
            texts.push((*chunk, text));
        }
        let text_of = |chunk: &ChunkId| {
            texts.iter().rev().find(|(known, _)| known == chunk).map_or("", |(_, text)| *text)
        };
        if let Some(what) = describe(action, text_of) {
            all.push(Decision { at: *at, what });
        }
    }
    all
}

fn describe<'t>(action: &Action, text_of: impl Fn(&ChunkId) -> &'t str) -> Option<String> {
    match action {
        Action::Generate { messages, speculative, rung, .. } => {
            let question = messages.last().map_or("", |m| &m.text);
            let what = if *speculative { "prepare the answer to" } else { "answer" };
            Some(match rung {
                0 => format!("{what} {question:?}"),
                rung => format!("{what} {question:?}, by stand-in {rung}"),
            })
        }
        Action::Release { .. } => Some("the turn is over: release the prepared answer".to_owned()),
        Action::Cancel { .. } => Some("cancel the answer in progress".to_owned()),
        Action::StopGenerating { .. } => Some("generate no more of the reply".to_owned()),
        Action::Send { chunk, from, .. } if from.is_zero() => Some(format!("say {:?}", text_of(chunk))),
        Action::Send { chunk, from, .. } => {
            Some(format!("go on with {:?} from {:.2} s", text_of(chunk), from.as_secs_f64()))
        }
        Action::Pause => Some("pause".to_owned()),
        Action::ClearPlayback => Some("stop: the caller has the turn".to_owned()),
        Action::TimedOut { on } => Some(on.message().to_owned()),
        Action::PromptTooLong { tokens, .. } => Some(format!("refuse instructions of {tokens} tokens")),
        Action::CallTools { calls, .. } => {
            let call = |called: &CalledTool| format!("{}({})", called.call.name, called.call.arguments);
            Some(format!("call {}", calls.iter().map(call).collect::<Vec<_>>().join(", ")))
        }
        Action::RunTool { call, .. } => Some(format!("run {}({})", call.call.name, call.call.arguments)),
        Action::CancelTool { call } => Some(format!("cancel {call}")),
        Action::NotSaid { text } => Some(format!("do not say {text:?}: too much waits")),
        Action::TurnReport(report) => {
            let end = if report.interrupted { "cut off after" } else { "heard to the end:" };
            Some(format!("{end} {:?}", report.reply))
        }
        Action::HangUp { why } => Some(format!("hang up: {why}")),
        Action::OpenUtterance { .. }
        | Action::CommitUtterance { .. }
        | Action::Transcribe { .. }
        | Action::TranscribePiece { .. }
        | Action::Hearing { .. }
        | Action::CloseUtterance { .. }
        | Action::Prefill { .. }
        | Action::Rebuild { .. }
        | Action::Speak { .. } => None,
    }
}

/// The changes, in order of time. The longest common sequence of decisions stays (or moves); the rest is gone
/// or new.
pub(super) fn changes(before: &[Decision], after: &[Decision]) -> Vec<Change> {
    let what =
        |decisions: &[Decision]| decisions.iter().map(|decision| decision.what.clone()).collect::<Vec<_>>();
    let mut changes = Vec::new();
    for step in capture_diff_slices(Algorithm::Lcs, &what(before), &what(after)) {
        let (then, now) = (&before[step.old_range()], &after[step.new_range()]);
        if step.tag() == DiffTag::Equal {
            let moved =
                then.iter().zip(now).filter(|(then, now)| now.at.millis_after(then.at).abs() >= SAME_TIME_MS);
            changes.extend(moved.map(|(then, now)| Change::Moved { then: then.clone(), now: now.clone() }));
        } else {
            changes.extend(then.iter().cloned().map(Change::Gone));
            changes.extend(now.iter().cloned().map(Change::New));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(decisions: &[(u64, &str)]) -> Vec<Decision> {
        let decision =
            |(ms, what): &(u64, &str)| Decision { at: CallTime::from_millis(*ms), what: (*what).into() };
        decisions.iter().map(decision).collect()
    }

    #[test]
    fn what_stays_is_not_told_and_what_moves_is() {
        let before = list(&[(100, "a"), (200, "b"), (300, "c")]);
        let after = list(&[(100, "a"), (250, "b"), (310, "d")]);
        let told = changes(&before, &after);
        assert!(
            matches!(&told[0], Change::Moved { then, now } if then.what == "b" && now.at.as_millis() == 250)
        );
        assert!(matches!(&told[1], Change::Gone(d) if d.what == "c"));
        assert!(matches!(&told[2], Change::New(d) if d.what == "d"));
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn the_same_lists_have_no_changes() {
        let one = list(&[(1, "a"), (2, "a")]);
        assert!(changes(&one, &one).is_empty());
    }
}
