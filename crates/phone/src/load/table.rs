//! The result of a load as a table for people at a terminal: the header once, a row for each step as it ends,
//! and the verdict. Must not know how anything was measured.

use super::measures::StepResult;
use super::verdict::Capacity;
use crate::terminal::LATE_MS;

/// What is shown where there is no figure.
const NONE: &str = "–";

/// The columns: the name, its unit, and the width.
const COLUMNS: [(&str, &str, usize); 13] = [
    ("callers", "", 8),
    ("calls", "", 6),
    ("lost", "", 5),
    ("turns", "", 6),
    ("no answer", "", 10),
    ("p50", "ms", 7),
    ("p95", "ms", 7),
    ("p99", "ms", 7),
    ("max", "ms", 7),
    ("on time", "%", 8),
    ("holes", "", 6),
    ("silent", "ms", 7),
    ("cores", "", 6),
];

fn line(cells: [String; COLUMNS.len()]) -> String {
    let cells = cells.iter().zip(COLUMNS).map(|(cell, (_, _, width))| format!("{cell:>width$}"));
    let mut line = cells.collect::<String>();
    line.push('\n');
    line
}

/// The names of the columns, and their units.
pub fn header() -> String {
    line(COLUMNS.map(|(name, _, _)| name.to_owned())) + &line(COLUMNS.map(|(_, unit, _)| unit.to_owned()))
}

/// The row of a step.
pub fn row(step: &StepResult) -> String {
    let whole = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| format!("{value:.0}"));
    let v2v = step.v2v_ms;
    line([
        step.calls_a_minute.map_or_else(|| step.callers.to_string(), |calls| format!("{calls}/min")),
        step.calls.begun.to_string(),
        (step.calls.refused + step.calls.failed).to_string(),
        step.turns.to_string(),
        step.unanswered.to_string(),
        whole(v2v.map(|v2v| v2v.p50)),
        whole(v2v.map(|v2v| v2v.p95)),
        whole(v2v.map(|v2v| v2v.p99)),
        whole(v2v.map(|v2v| v2v.max)),
        step.on_time.map_or(NONE.to_owned(), percent),
        step.underruns.to_string(),
        whole(step.silent_after_ms.map(|silent| silent.p50)),
        step.server.map_or(NONE.to_owned(), |server| format!("{:.2}", server.cores)),
    ])
}

/// A share in percent, rounded down: only all frames are 100.
pub(crate) fn percent(share: f64) -> String {
    // The sum keeps a share such as 0.9999 from falling below itself in binary.
    format!("{:.2}", (share * 10_000.0 + 1e-6).floor() / 100.0)
}

/// What has to be said about a step beside its figures, one line for each; empty if nothing has.
pub fn notes(step: &StepResult) -> String {
    let mut notes: Vec<String> = Vec::new();
    for (what, sentences) in [
        ("refused", &step.refusals),
        ("failed", &step.failures),
        ("the server told an error", &step.errors),
        ("the server broke the protocol", &step.violations),
    ] {
        notes.extend(sentences.iter().map(|sentence| format!("{what}: {sentence}")));
    }
    if step.calls.turned_away > 0 {
        notes.push(format!("{} callers did not call: all lines were busy", step.calls.turned_away));
    }
    if step.turns_left_out > 0 {
        notes.push(format!("{} turns are in no percentile: there were too many", step.turns_left_out));
    }
    if step.caller_late_ms > LATE_MS {
        notes.push(format!(
            "a caller's own frame was {:.0} ms late while a stopwatch ran: times may be off by this much",
            step.caller_late_ms
        ));
    }
    notes.iter().map(|note| format!("         {note}\n")).collect()
}

/// The verdict in words.
pub fn verdict(capacity: &Capacity, steps: &[StepResult]) -> String {
    sentences(capacity, steps).join("\n") + "\n"
}

/// The load of this size in words.
fn named(size: f64, steps: &[StepResult]) -> String {
    steps.iter().find(|step| step.size() == size).map_or_else(|| size.to_string(), StepResult::name)
}

/// The verdict, sentence by sentence.
pub(crate) fn sentences(capacity: &Capacity, steps: &[StepResult]) -> Vec<String> {
    let mut told = Vec::new();
    match (capacity.held, capacity.held_p95_ms) {
        (Some(held), Some(p95)) => told.push(format!(
            "With {}, 95 of 100 answers began within {p95:.0} ms; the limit is {:.0} ms.",
            named(held, steps),
            capacity.limit_ms
        )),
        _ if steps.is_empty() => told.push("Nothing was measured.".to_owned()),
        _ => told.push("Not even the smallest load was held.".to_owned()),
    }
    match capacity.beyond {
        Some(beyond) => told.push(format!("With {}: {}.", named(beyond, steps), capacity.why.join("; "))),
        None if capacity.held.is_some() => told.push("That was the largest load that was tried.".to_owned()),
        None => {}
    }
    match capacity.first_underrun {
        Some(size) => told.push(format!(
            "The agent's speech first had a hole of 20 ms or more with {}.",
            named(size, steps)
        )),
        None if steps.iter().any(|step| step.frames > 0) => {
            told.push("The agent's speech had no hole of 20 ms or more.".to_owned());
        }
        None => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::measures::{Calls, ServerUse, Spread};
    use super::super::verdict::capacity;
    use super::*;

    fn step(callers: u32) -> StepResult {
        StepResult {
            callers,
            calls: Calls { begun: 12, completed: 12, ..Calls::default() },
            turns: 96,
            v2v_ms: Some(Spread { count: 96, p50: 612.4, p95: 803.0, p99: 950.0, max: 1021.0 }),
            frames: 20_000,
            on_time: Some(0.99999),
            ..StepResult::default()
        }
    }

    #[test]
    fn all_rows_are_as_wide_as_the_header() {
        let server = Some(ServerUse { cores: 1.25, ..ServerUse::default() });
        let rows = [step(1), StepResult { server, ..step(512) }, StepResult::default()];
        let wide = header().lines().map(|line| line.chars().count()).max().unwrap();
        for line in rows.iter().map(row).collect::<String>().lines().chain(header().lines()) {
            assert_eq!(line.chars().count(), wide, "{line}");
        }
        assert!(wide <= 100, "{wide}");
    }

    #[test]
    fn what_was_not_measured_has_no_figure() {
        let cells: Vec<String> = row(&StepResult::default()).split_whitespace().map(str::to_owned).collect();
        let expected = ["0", "0", "0", "0", "0", NONE, NONE, NONE, NONE, NONE, "0", NONE, NONE];
        assert_eq!(cells, expected);
    }

    #[test]
    fn only_all_frames_are_a_hundred_percent() {
        assert_eq!(
            (percent(1.0), percent(0.999_99), percent(0.9995)),
            ("100.00".into(), "99.99".into(), "99.95".into())
        );
    }

    #[test]
    fn what_went_wrong_is_told_under_the_row() {
        assert_eq!(notes(&step(1)), "");
        let bad = StepResult {
            refusals: vec!["HTTP status 503 (3 times)".into()],
            violations: vec!["short audio".into()],
            caller_late_ms: 31.0,
            ..step(1)
        };
        let notes = notes(&bad);
        assert!(notes.contains("refused: HTTP status 503 (3 times)\n"), "{notes}");
        assert!(notes.contains("broke the protocol: short audio") && notes.contains("31 ms late"), "{notes}");
    }

    #[test]
    fn the_verdict_names_the_load_and_the_reason() {
        let mut slow = step(2);
        slow.v2v_ms = Some(Spread { p95: 2400.0, ..slow.v2v_ms.unwrap() });
        slow.underruns = 3;
        let steps = [step(1), slow];
        let text = verdict(&capacity(&steps, 1500.0), &steps);
        assert!(text.contains("With 1 caller, 95 of 100 answers began within 803 ms"), "{text}");
        assert!(text.contains("With 2 callers: 5 of 100 answers took longer than 2400 ms"), "{text}");
        assert!(text.contains("20 ms or more with 2 callers"), "{text}");
        let text = verdict(&capacity(&steps, 100.0), &steps);
        assert!(text.contains("Not even the smallest"), "{text}");
        assert!(verdict(&capacity(&[], 100.0), &[]).contains("Nothing was measured"));
    }
}
