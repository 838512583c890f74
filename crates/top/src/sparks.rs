//! Lines over time, drawn with blocks: the cores that were busy, the calls, the latency, the memory. Must not
//! know how often a sample is taken.

use crate::figures::{count, maybe_ms, memory, small};
use crate::history::History;
use crate::line::{Ink, Line};
use crate::state::State;

/// Eighths of a cell.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// From this width on, the lines stand side by side.
const WIDE: usize = 110;

/// From this width on, there is one more beside them.
const WIDER: usize = 150;

/// The most cells of a line.
const MOST: usize = 120;

/// One figure over time.
struct Series {
    name: &'static str,
    now: String,
    most: String,
    samples: Vec<Option<f64>>,
    /// What a full cell means, unless there is more.
    full: f64,
}

/// All lines: one below the other, or side by side with `rows` rows each.
pub(crate) fn lines(state: &State, width: usize, rows: usize) -> Vec<Line> {
    let all = series(state);
    if all.iter().all(|series| series.samples.is_empty()) {
        return Vec::new();
    }
    if width < WIDE {
        return all.iter().take(3).map(|series| beside_its_name(series, width)).collect();
    }
    let shown = if width < WIDER { 3 } else { 4 };
    let room = (width - 2 * (shown - 1)) / shown;
    let mut lines = vec![Line::default(); rows + 1];
    for (i, series) in all.iter().take(shown).enumerate() {
        let mut block = vec![title(series)];
        block.extend(graph(series, room, rows).into_iter().map(|row| Line::of(row, Ink::Spark)));
        for (line, part) in lines.iter_mut().zip(block) {
            line.pad(i * (room + 2));
            line.append(part.fit(room));
        }
    }
    lines
}

fn series(state: &State) -> [Series; 4] {
    let History { cpu, memory_mb, calls, v2v_p95_ms, .. } = &state.history;
    let some = |samples: &[f64]| samples.iter().copied().map(Some).collect::<Vec<_>>();
    let calls: Vec<f64> = calls.iter().map(|calls| *calls as f64).collect();
    let of = |name, samples: Vec<Option<f64>>, full: f64, say: fn(f64) -> String| {
        let finite = samples.iter().flatten().copied().filter(|sample| sample.is_finite());
        let most = finite.reduce(f64::max).map_or_else(|| "-".to_owned(), say);
        let now = samples.last().copied().flatten().map_or_else(|| "-".to_owned(), say);
        Series { name, now, most, samples, full }
    };
    [
        of("cpu cores", some(cpu), state.cores as f64, |cores| small(cores, 1)),
        of("calls", some(&calls), 0.0, |calls| count(calls as u64)),
        of("v2v p95 ms", v2v_p95_ms.clone(), 0.0, |ms| maybe_ms(Some(ms))),
        of("memory", some(memory_mb), 0.0, memory),
    ]
}

fn title(series: &Series) -> Line {
    let line = Line::of(series.name, Ink::Quiet).with(format!(" {}", series.now), Ink::Strong);
    line.with(format!(", most {}", series.most), Ink::Quiet)
}

fn beside_its_name(series: &Series, width: usize) -> Line {
    const NAME: usize = 27;
    let mut line = title(series).fit(NAME - 1);
    line.pad(NAME);
    let graph = graph(series, width.saturating_sub(NAME), 1).concat();
    line.with(graph, Ink::Spark)
}

/// The graph, its rows from the top. Where there are more samples than cells, a cell shows the largest of its
/// samples; where there are fewer, they stand at the right.
fn graph(series: &Series, width: usize, rows: usize) -> Vec<String> {
    let width = width.min(MOST);
    let recent = series.samples.len().saturating_sub(MOST);
    let samples = &series.samples[recent..];
    let finite = |sample: &Option<f64>| sample.filter(|sample| sample.is_finite());
    let most = samples.iter().filter_map(finite).fold(series.full, f64::max);
    let shown = samples.len().min(width);
    let cell = |i: usize| &samples[samples.len() * i / shown..samples.len() * (i + 1) / shown];
    let cells: Vec<Option<f64>> =
        (0..shown).map(|i| cell(i).iter().filter_map(finite).reduce(f64::max)).collect();
    let blanks = " ".repeat(width.saturating_sub(cells.len()));
    let row = |row: usize| {
        let below = (rows - 1 - row) * BLOCKS.len();
        let cell = |cell: &Option<f64>| {
            let Some(value) = cell else { return ' ' };
            let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
            // Nothing is the lowest line, to be told from what is not known. An eighth stays free at the top,
            // so that graphs below each other do not touch.
            let eighths = ((share * (rows * BLOCKS.len() - 1) as f64).round() as usize).max(1);
            match eighths.saturating_sub(below) {
                0 => ' ',
                above => BLOCKS[above.min(BLOCKS.len()) - 1],
            }
        };
        blanks.chars().chain(cells.iter().map(cell)).collect()
    };
    (0..rows).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(samples: &[Option<f64>], full: f64, width: usize, rows: usize) -> Vec<String> {
        let (now, most) = (String::new(), String::new());
        graph(&Series { name: "x", now, most, samples: samples.to_vec(), full }, width, rows)
    }

    #[test]
    fn a_cell_shows_the_largest_of_its_samples_and_the_newest_stands_right() {
        let samples = [Some(8.0), Some(1.0), None, Some(2.0), Some(0.0), Some(4.0)];
        assert_eq!(drawn(&samples, 0.0, 8, 1), ["  ▇▁ ▂▁▄"]);
        assert_eq!(drawn(&samples, 16.0, 3, 1), ["▄▁▂"]);
    }

    #[test]
    fn two_rows_have_twice_the_steps() {
        assert_eq!(drawn(&[Some(16.0), Some(9.0), Some(3.0)], 0.0, 3, 2), ["▇  ", "██▃"]);
    }

    #[test]
    fn figures_without_end_are_not_drawn() {
        assert_eq!(drawn(&[Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)], 0.0, 3, 1), ["  ▁"]);
    }
}
