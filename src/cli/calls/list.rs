//! The list of calls as a table. Must not know how calls are found.

use std::fmt::Write as _;

use super::times::{length, told};
use crate::records::Call;

/// The columns and their widths; the last has what is left.
const COLUMNS: [(&str, usize); 9] = [
    ("number", 7),
    ("began", 20),
    ("gateway", 9),
    ("caller", 16),
    ("length", 8),
    ("turns", 6),
    ("p50", 6),
    ("p95", 6),
    ("end", 0),
];

/// What is shown where there is nothing.
const NONE: &str = "–";

/// A row for each call; p50 and p95 are the times from voice to voice, in milliseconds.
pub(super) fn table(calls: &[Call]) -> String {
    let mut out = line(COLUMNS.map(|(name, _)| name.to_owned()));
    for call in calls {
        let v2v = call.latency.get("v2v_ms");
        let ms = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), |ms| format!("{ms:.0}"));
        out.push_str(&line([
            format!("#{}", call.id),
            told(call.started_at),
            call.gateway.clone(),
            call.caller.clone().unwrap_or_else(|| NONE.to_owned()),
            call.duration_ms.map_or_else(|| "running".to_owned(), length),
            call.turns.to_string(),
            ms(v2v.map(|v2v| v2v.p50)),
            ms(v2v.map(|v2v| v2v.p95)),
            call.end_reason.clone().unwrap_or_default(),
        ]));
    }
    out
}

fn line(cells: [String; COLUMNS.len()]) -> String {
    let mut line = String::new();
    for (cell, (_, width)) in cells.iter().zip(COLUMNS) {
        let cell: String = cell.chars().filter(|c| !c.is_control()).take(width.max(60)).collect();
        let _ = write!(line, "{cell:<width$} ");
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}
