//! One call of a load, from dialling to its measures. Must not know the other calls.

use super::measures::{CallMeasures, Ended, Reported, TurnMeasures};
use crate::clock::Clock;
use crate::dial::{self, Caller, Dialled, Ending, Outcome, Report, Unconnected};
use crate::result::about;
use crate::scripted_caller::Turn;

/// Calls once. `turn_begun` is called with each line that the caller begins.
pub(crate) async fn call(
    dialled: &Dialled<'_>,
    caller: Caller,
    hang_up: impl Future<Output = ()>,
    turn_begun: impl Fn(),
) -> CallMeasures {
    let clock = Clock::start();
    let mut begun = 0;
    let mut progress = |turns: &[Turn], _: &[Report]| {
        for _ in begun..turns.len() {
            turn_begun();
        }
        begun = turns.len();
    };
    match dial::call_as(dialled, caller, hang_up, &mut progress).await {
        Ok(outcome) => measures(outcome),
        Err(problem) => CallMeasures::without_a_word(unconnected(&problem, clock)),
    }
}

fn unconnected(problem: &Unconnected, clock: Clock) -> Ended {
    if problem.hung_up {
        return Ended::Stopped;
    }
    match problem.refusal() {
        Some((status, text)) => {
            let colon = if text.is_empty() { "" } else { ": " };
            Ended::Refused { why: format!("HTTP status {status}{colon}{text}"), after_ms: clock.now_ms() }
        }
        None => Ended::Failed { why: whole(problem) },
    }
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// The measures of a call that was begun and has just ended.
fn measures(mut outcome: Outcome) -> CallMeasures {
    let ended = ended(&outcome);
    outcome.leave_out_what_was_stopped();
    CallMeasures {
        turns: turns(&outcome.turns, &outcome.reports),
        errors: outcome.all_errors(),
        continuity: outcome.continuity,
        slacks: outcome.slacks,
        late_ms: outcome.late_ms,
        violations: outcome.ways,
        ended,
    }
}

/// How a call ended. A server that closes the socket before it said anything refuses the call; whatever else
/// it ends before the caller has said everything is a failure.
fn ended(outcome: &Outcome) -> Ended {
    if outcome.stopped {
        return Ended::Stopped;
    }
    let why = || outcome.errors.last().or(outcome.closed.as_ref()).cloned();
    let all_said = outcome.turns.len() == outcome.wanted && outcome.turns.iter().all(|t| t.v2v_ms.is_some());
    match outcome.ending {
        Ending::Said => Ended::Completed,
        Ending::HungUp if !outcome.taken && (outcome.closed.is_some() || !outcome.errors.is_empty()) => {
            Ended::Refused { why: why().unwrap_or_default(), after_ms: outcome.ended_ms }
        }
        // The agent may say goodbye first.
        Ending::HungUp if all_said => Ended::Completed,
        Ending::HungUp => {
            let why = why().unwrap_or_else(|| "it closed the connection without a word".to_owned());
            Ended::Failed { why: format!("the server ended the call early: {why}") }
        }
        Ending::Broke => Ended::Failed { why: why().unwrap_or_else(|| "the connection broke".to_owned()) },
    }
}

/// The turns with the server's reports about them.
fn turns(turns: &[Turn], reports: &[Report]) -> Vec<TurnMeasures> {
    let measures = |(index, turn): (usize, &Turn)| TurnMeasures {
        v2v_ms: turn.v2v_ms,
        silent_after_ms: turn.silent_after_ms,
        reported: reported(turns, index, reports),
    };
    turns.iter().enumerate().map(measures).collect()
}

/// The server's report of a turn. If it took a line for several turns and answered more than one, none of its
/// times is the one that the caller measured.
fn reported(turns: &[Turn], index: usize, reports: &[Report]) -> Option<Reported> {
    let answers = about(turns, Some(index), reports).filter(|report| report.turn.v2v_ms.is_some());
    let mut answers = answers.map(|report| Reported {
        v2v_ms: report.turn.v2v_ms,
        answer_ms: report.turn.answer_ms,
        stages: report.turn.stages,
    });
    answers.next().filter(|_| answers.next().is_none())
}
