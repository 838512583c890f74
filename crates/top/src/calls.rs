//! The table of calls, and one line with all there is to know of the call that is selected. Must not know why
//! a call is selected.

use crate::figures::{clock, count, counted, maybe_ms, small};
use crate::line::{Ink, Line, Piece};
use crate::state::{Call, State};
use crate::table::{figures, table, texts};
use crate::view::{Sort, order};

/// The lines that all calls need.
pub(crate) fn wanted(state: &State, selected: Option<usize>) -> usize {
    1 + state.calls.len() + usize::from(selected.is_some())
}

/// The table in at most this many lines, so that the call at the place `selected` is among them.
pub(crate) fn lines(
    state: &State,
    sort: Sort,
    selected: Option<usize>,
    width: usize,
    height: usize,
) -> Vec<Line> {
    let order = order(&state.calls, sort);
    let Some(last) = order.len().checked_sub(1) else {
        return vec![Line::of("CALLS", Ink::Title).with("  none", Ink::Quiet)];
    };
    let selected = selected.map(|place| place.min(last));
    // There is room for a line about the selected call if one call is still shown besides.
    let told = selected.filter(|_| height > 2).and_then(|place| state.calls.get(order[place]));
    let rows = height.saturating_sub(1 + usize::from(told.is_some())).max(1);
    let first = selected.map_or(0, |place| (place + 1).saturating_sub(rows));
    let shown = &order[first..order.len().min(first + rows)];
    let title = if shown.len() == order.len() {
        format!("CALLS {}", order.len())
    } else {
        format!("CALLS {}-{} of {}", first + 1, first + shown.len(), order.len())
    };
    let sorted = |by: Sort, title: &str| format!("{title}{}", if by == sort { "▾" } else { "" });
    let columns = [
        texts(title, 0, 16),
        texts("gateway", 6, 8),
        figures(sorted(Sort::Age, "age"), 2),
        figures(sorted(Sort::Turns, "turns"), 3),
        figures(sorted(Sort::Latency, "last ms"), 0),
        figures("median ms", 4),
        figures("cut-ins", 5),
        figures("failures", 1),
        figures("cpu s", 7),
    ];
    let limit = state.admission.limit_ms;
    let rows: Vec<Vec<Piece>> = shown.iter().map(|i| row(&state.calls[*i], limit)).collect();
    let mut lines = table(&columns, &rows, width);
    if let Some(line) = selected.and_then(|place| lines.get_mut(1 + place - first)) {
        let mut whole = std::mem::take(line);
        whole.pad(width);
        *line = whole.select();
    }
    lines.extend(told.map(|call| about(call).fit(width)));
    lines
}

fn row(call: &Call, limit_ms: f64) -> Vec<Piece> {
    let late = |ms: Option<f64>| limit_ms > 0.0 && ms.is_some_and(|ms| ms > limit_ms);
    let ink = |ms| if late(ms) { Ink::Warning } else { Ink::Plain };
    vec![
        Piece::new(&call.id, Ink::Plain),
        Piece::new(&call.gateway, Ink::Quiet),
        Piece::new(clock(call.since_s), Ink::Plain),
        Piece::new(count(call.turns.into()), Ink::Plain),
        Piece::new(maybe_ms(call.v2v_ms), ink(call.v2v_ms)),
        Piece::new(maybe_ms(call.v2v_p50_ms), ink(call.v2v_p50_ms)),
        Piece::new(count(call.interruptions.into()), Ink::Plain),
        Piece::new(count(call.failures.into()), if call.failures > 0 { Ink::Bad } else { Ink::Plain }),
        Piece::new(small(call.cpu_s, 1), Ink::Quiet),
    ]
}

/// All there is to know of a call; first that for which narrow tables have no column.
fn about(call: &Call) -> Line {
    let figures = [
        format!("{} s of cpu", small(call.cpu_s, 1)),
        counted(call.interruptions.into(), "cut-in", "cut-ins"),
        format!("median {} ms", maybe_ms(call.v2v_p50_ms)),
        counted(call.turns.into(), "turn", "turns"),
        format!("last {} ms", maybe_ms(call.v2v_ms)),
        counted(call.failures.into(), "failure", "failures"),
    ];
    let via = if call.gateway.is_empty() { String::new() } else { format!(" ({})", call.gateway) };
    let line = Line::of("  ", Ink::Plain).with(&call.id, Ink::Strong).with(via, Ink::Quiet);
    line.with(format!(": {}", figures.join(", ")), Ink::Plain)
}
