//! How many callers a server holds, by the steps of a load. PURE. Must not know how anything was measured.

use serde::Serialize;

use super::measures::{Spread, StepResult};

/// The verdict over all steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Capacity {
    /// The limit of the 95th percentile of `v2v_ms`, in milliseconds.
    pub limit_ms: f64,
    /// The largest load that was held, as were all smaller ones: callers at once, or calls a minute. `None`
    /// if not even the smallest was.
    pub held: Option<f64>,
    /// The 95th percentile of `v2v_ms` there.
    pub held_p95_ms: Option<f64>,
    /// The smallest load that was not held.
    pub beyond: Option<f64>,
    /// Why it was not held, one sentence for each reason.
    pub why: Vec<String>,
    /// The smallest load at which the agent's speech had a hole of at least 20 ms.
    pub first_underrun: Option<f64>,
}

/// Judges the steps of a load, in any order. A step is held if its 95th percentile is within the limit and
/// nothing failed.
pub fn capacity(steps: &[StepResult], p95_limit_ms: f64) -> Capacity {
    let mut steps: Vec<&StepResult> = steps.iter().collect();
    steps.sort_by(|a, b| a.size().total_cmp(&b.size()));
    let beyond = steps.iter().position(|step| !faults(step, p95_limit_ms).is_empty());
    let held = &steps[..beyond.unwrap_or(steps.len())];
    let beyond = beyond.map(|index| steps[index]);
    Capacity {
        limit_ms: p95_limit_ms,
        held: held.last().map(|step| step.size()),
        held_p95_ms: held.last().and_then(|step| Some(judged(step)?.p95)),
        beyond: beyond.map(StepResult::size),
        why: beyond.map_or_else(Vec::new, |step| faults(step, p95_limit_ms)),
        first_underrun: steps.iter().find(|step| step.underruns > 0).map(|step| step.size()),
    }
}

/// The time that a step is judged by: to the answer itself where the server reports it, because a filler is
/// no answer; else to the first sound.
fn judged(step: &StepResult) -> Option<Spread> {
    step.answer_ms.or(step.v2v_ms)
}

/// Why a step is not held; empty if it is.
pub fn faults(step: &StepResult, p95_limit_ms: f64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut of = |count: u64, all: u64, what: &str| {
        if count > 0 {
            let verb = if count == 1 { "was" } else { "were" };
            faults.push(format!("{count} of {all} {what}").replace("{verb}", verb));
        }
    };
    of(step.calls.refused, step.calls.begun, "calls {verb} refused");
    of(step.calls.failed, step.calls.begun, "calls failed");
    of(step.unanswered, step.turns, "turns got no answer");
    let came = step.calls.begun + step.calls.turned_away;
    of(step.calls.turned_away, came, "callers found all lines busy");
    if let Some(error) = step.errors.first() {
        faults.push(format!("the server told an error: {error}"));
    }
    if let Some(violation) = step.violations.first() {
        faults.push(format!("the server broke the protocol: {violation}"));
    }
    match judged(step) {
        None => faults.push("no turn was answered".to_owned()),
        Some(v2v) if v2v.p95 > p95_limit_ms => faults.push(format!(
            "5 of 100 answers took longer than {:.0} ms; the limit is {p95_limit_ms:.0}",
            v2v.p95
        )),
        Some(_) => {}
    }
    if step.stopped {
        faults.push("the step was stopped before its time".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::measures::Calls;
    use super::*;

    fn step(callers: u32, p95: f64) -> StepResult {
        StepResult {
            callers,
            turns: 100,
            calls: Calls { begun: 10, completed: 10, ..Calls::default() },
            v2v_ms: Some(Spread { count: 100, p95, ..Spread::default() }),
            ..StepResult::default()
        }
    }

    #[test]
    fn no_step_holds_nothing() {
        assert_eq!(capacity(&[], 1000.0), Capacity { limit_ms: 1000.0, ..Capacity::default() });
    }

    #[test]
    fn the_capacity_is_the_largest_load_within_the_limit() {
        let steps = [step(1, 500.0), step(4, 1000.0), step(2, 700.0), step(8, 1000.1)];
        let capacity = capacity(&steps, 1000.0);
        assert_eq!((capacity.held, capacity.held_p95_ms), (Some(4.0), Some(1000.0)));
        assert_eq!(capacity.beyond, Some(8.0));
        assert!(capacity.why[0].contains("1000 ms"), "{:?}", capacity.why);
    }

    #[test]
    fn a_load_behind_one_that_was_not_held_does_not_count() {
        let capacity = capacity(&[step(1, 500.0), step(2, 5000.0), step(4, 500.0)], 1000.0);
        assert_eq!((capacity.held, capacity.beyond), (Some(1.0), Some(2.0)));
    }

    #[test]
    fn whatever_failed_is_beyond_the_capacity() {
        let refused =
            StepResult { calls: Calls { begun: 10, refused: 1, ..Calls::default() }, ..step(1, 1.0) };
        let failed = StepResult { calls: Calls { begun: 10, failed: 3, ..Calls::default() }, ..step(1, 1.0) };
        let unanswered = StepResult { unanswered: 2, ..step(1, 1.0) };
        let silent = StepResult { v2v_ms: None, ..step(1, 1.0) };
        let stopped = StepResult { stopped: true, ..step(1, 1.0) };
        for (step, why) in [
            (refused, "1 of 10 calls was refused"),
            (failed, "3 of 10 calls failed"),
            (unanswered, "2 of 100 turns got no answer"),
            (silent, "no turn was answered"),
            (stopped, "the step was stopped before its time"),
        ] {
            let capacity = capacity(&[step], 1000.0);
            assert_eq!((capacity.held, &capacity.why[..]), (None, &[why.to_owned()][..]));
        }
    }

    #[test]
    fn the_first_hole_is_told_even_within_the_capacity() {
        let holed = StepResult { underruns: 1, ..step(2, 600.0) };
        let capacity = capacity(&[step(1, 500.0), holed, step(4, 700.0)], 1000.0);
        assert_eq!((capacity.held, capacity.first_underrun), (Some(4.0), Some(2.0)));
    }

    /// Fault: a server that answers everything at once with a filler or the fallback phrase held any load.
    #[test]
    fn a_filler_is_no_answer_and_an_error_is_no_success() {
        let late =
            StepResult { answer_ms: Some(Spread { p95: 2000.0, ..Spread::default() }), ..step(1, 400.0) };
        assert!(faults(&late, 1000.0)[0].contains("2000"));
        let failed =
            StepResult { errors: vec!["overloaded: the queue is full".to_owned()], ..step(1, 400.0) };
        assert_eq!(capacity(&[failed], 1000.0).held, None);
        let calls = Calls { turned_away: 90, ..step(1, 400.0).calls };
        assert!(faults(&StepResult { calls, ..step(1, 400.0) }, 1000.0)[0].starts_with("90 of 100 callers"));
        assert!(faults(&step(1, 400.0), 1000.0).is_empty());
    }
}
