//! The table of latencies: voice to voice, and each stage of it with its place in the turn. Must not know how
//! a latency is measured.

use std::collections::BTreeMap;

use crate::figures::{count, ms};
use crate::line::{Ink, Line, Piece};
use crate::state::{Percentiles, State};
use crate::table::{figures, table, texts};

/// The stages of a turn in their order: the server's name, a name for people, and the character of its bar,
/// because colours must not carry meaning alone.
pub(crate) const STAGES: [(&str, &str, char); 5] = [
    ("endpoint_ms", "endpoint", '█'),
    ("stt_ms", "transcript", '▓'),
    ("llm_first_token_ms", "first token", '▒'),
    ("tts_first_audio_ms", "first audio", '░'),
    ("first_frame_ms", "first frame", '▄'),
];

/// The server's name of voice to voice, which is the sum of the stages.
const TOTAL: &str = "v2v_ms";

/// The narrowest and the widest bar, in cells.
const BAR: (usize, usize) = (12, 100);

/// The most figures that are no stages.
const MOST_OTHERS: usize = 6;

/// The table with its bars; only a line if nothing was answered.
pub(crate) fn lines(state: &State, width: usize) -> Vec<Line> {
    let lately = !state.latency_lately.is_empty();
    let known = if lately { &state.latency_lately } else { &state.latency };
    if known.is_empty() {
        return vec![
            Line::of("LATENCY", Ink::Title).with("  nothing was answered yet", Ink::Quiet).fit(width),
        ];
    }
    let title = if lately { "LATENCY ms, lately" } else { "LATENCY ms, since the start" };
    let columns = [
        texts(title, 0, 12),
        figures("p50", 2),
        figures("p95", 0),
        figures("p99", 3),
        figures("max", 1),
        figures("of", 4),
    ];
    let total = known.get(TOTAL).map(|figures| total(*figures, state.admission.limit_ms));
    let stages = STAGES.iter().enumerate();
    let stages: Vec<(usize, Percentiles)> =
        stages.filter_map(|(i, (key, ..))| Some((i, *known.get(*key)?))).collect();
    let rows = total.iter().cloned();
    let rows = rows.chain(stages.iter().map(|(i, figures)| row(STAGES[*i].1, *figures, Ink::Plain)));
    let rows: Vec<Vec<Piece>> = rows.chain(others(known)).collect();
    // The bars are worth more than some columns.
    let bars = if stages.is_empty() { 0 } else { BAR.0 + 2 };
    let mut lines = table(&columns, &rows, width.saturating_sub(bars));
    let begin = lines.iter().map(Line::width).max().unwrap_or(0) + 2;
    let room = width.saturating_sub(begin).min(BAR.1);
    if room >= BAR.0 && !stages.is_empty() {
        let first = if total.is_some() { 1 } else { 0 };
        add_bars(&mut lines, &stages, first, begin, room);
    }
    lines
}

fn row(name: &str, of: Percentiles, ink: Ink) -> Vec<Piece> {
    let mut row = vec![Piece::new(name, ink)];
    row.extend([of.p50, of.p95, of.p99, of.max].map(|figure| Piece::new(ms(figure), ink)));
    row.push(Piece::new(count(of.count), Ink::Quiet));
    row
}

/// The row of voice to voice, with a warning if it is more than it may be.
fn total(figures: Percentiles, limit_ms: f64) -> Vec<Piece> {
    let mut row = row("voice to voice", figures, Ink::Strong);
    if limit_ms > 0.0 && figures.p95 > limit_ms {
        row[2] = Piece::new(ms(figures.p95), Ink::Warning);
    }
    row
}

/// What is neither a stage nor their sum.
fn others(known: &BTreeMap<String, Percentiles>) -> impl Iterator<Item = Vec<Piece>> {
    let others =
        known.iter().filter(|(key, _)| *key != TOTAL && !STAGES.iter().any(|(stage, ..)| stage == key));
    others.take(MOST_OTHERS).map(|(key, figures)| {
        let name = match key.as_str() {
            "answer_ms" => "whole answer",
            "mark_return_ms" => "mark returns",
            other => other.strip_suffix("_ms").unwrap_or(other),
        };
        row(name, *figures, Ink::Quiet)
    })
}

/// Adds the bars: each stage where the one before it ended, and all of them in the row of their sum.
fn add_bars(lines: &mut [Line], stages: &[(usize, Percentiles)], sum: usize, begin: usize, room: usize) {
    let shares = cells(&stages.iter().map(|(_, figures)| figures.p95).collect::<Vec<f64>>(), room);
    let add = |lines: &mut [Line], row: usize, at: usize, text: String, ink: Ink| {
        if let Some(line) = lines.get_mut(row) {
            line.pad(begin + at);
            line.push(Piece::new(text, ink));
        }
    };
    add(lines, 0, 0, "p95 by stage".to_owned(), Ink::Quiet);
    let mut passed = 0;
    for (place, ((stage, _), share)) in stages.iter().zip(shares).enumerate() {
        let bar: String = std::iter::repeat_n(STAGES[*stage].2, share).collect();
        if sum > 0 {
            add(lines, sum, passed, bar.clone(), Ink::Stage(*stage));
        }
        // A stage that takes no time has its place too.
        let bar = if share == 0 { "▏".to_owned() } else { bar };
        add(lines, sum + 1 + place, passed.min(room - 1), bar, Ink::Stage(*stage));
        passed += share;
    }
}

/// The share of each figure in `room` cells, so that all together fill them.
fn cells(figures: &[f64], room: usize) -> Vec<usize> {
    let sane = |figure: &f64| if figure.is_finite() { figure.clamp(0.0, 1e12) } else { 0.0 };
    let sum: f64 = figures.iter().map(sane).sum();
    let (mut before, mut passed) = (0, 0.0);
    let cell = |figure| {
        passed += sane(figure);
        let end = if sum > 0.0 { (passed / sum * room as f64).round() as usize } else { 0 };
        let share = end.min(room) - before;
        before += share;
        share
    };
    figures.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_of_all_stages_fill_their_room_together() {
        assert_eq!(cells(&[320.0, 100.0, 0.0, 60.0], 48), [32, 10, 0, 6]);
        assert_eq!(cells(&[1.0, 1.0, 1.0], 10).iter().sum::<usize>(), 10);
        assert_eq!(cells(&[0.0, f64::NAN, f64::INFINITY, -3.0], 10), [0, 0, 0, 0]);
    }

    #[test]
    fn each_stage_begins_where_the_one_before_it_ended() {
        let p95 = |p95| Percentiles { count: 1, p95, ..Percentiles::default() };
        let figures = [("v2v_ms", 400.0), ("endpoint_ms", 300.0), ("stt_ms", 100.0), ("first_frame_ms", 0.0)];
        let latency_lately = figures.map(|(key, ms)| (key.to_owned(), p95(ms))).into();
        let state = State { latency_lately, ..State::default() };
        let lines: Vec<String> = lines(&state, 70).iter().map(Line::plain).collect();
        let bars: Vec<&str> = lines[1..].iter().map(|line| line.split_once("  1  ").unwrap().1).collect();
        assert!(bars[0].matches('█').count().abs_diff(3 * bars[0].matches('▓').count()) <= 2, "{bars:?}");
        assert_eq!(bars[1], bars[0].trim_end_matches('▓'));
        assert_eq!(bars[2].trim_start(), bars[0].trim_start_matches('█'));
        assert!(bars[3].ends_with('▏'));
    }
}
