//! The layout of a call on the picture: time runs from left to right in rows, and a new row begins with one
//! of the caller's turns. Positions are samples. PURE. Must not know what is drawn there.

use std::ops::Range;

use offhook_core::units::PHONE_RATE;

/// The longest row.
const LONGEST: usize = 20 * PHONE_RATE as usize;

/// The row length that sets the largest scale of time.
const SHORTEST: usize = 8 * PHONE_RATE as usize;

/// The step in which row lengths are tried.
const STEP: usize = PHONE_RATE as usize / 4;

/// The silence before a turn that belongs to its row.
const LEAD: usize = PHONE_RATE as usize * 3 / 10;

/// The rows of a call and their common scale.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The span of each row, in order, without gaps; at least one.
    pub(crate) rows: Vec<Range<usize>>,
    left: f64,
    px_per_sample: f64,
}

/// A point in time on the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// Counts from 0.
    pub(crate) row: usize,
    /// The distance from the left edge of the picture.
    pub(crate) x: f64,
}

impl Layout {
    /// Lays `len` samples between `left` and `right`; turns begin at `starts`.
    pub(crate) fn new(len: usize, starts: &[usize], left: f64, right: f64) -> Self {
        let fewest = broken(len, starts, LONGEST).len();
        // As few rows as possible, and the longest of them as short as possible.
        let rows = (SHORTEST..LONGEST)
            .step_by(STEP)
            .map(|limit| broken(len, starts, limit))
            .find(|rows| rows.len() <= fewest)
            .unwrap_or_else(|| broken(len, starts, LONGEST));
        let longest = rows.iter().map(Range::len).max().unwrap_or(0).max(SHORTEST);
        Self { rows, left, px_per_sample: (right - left) / longest as f64 }
    }

    /// The spot of a position; positions after the end are right of the last row.
    pub(crate) fn spot(&self, position: usize) -> Spot {
        let row = self.rows.iter().rposition(|row| row.start <= position).unwrap_or(0);
        Spot { row, x: self.x(row, position) }
    }

    /// The x of a position, as if it belonged to this row.
    pub(crate) fn x(&self, row: usize, position: usize) -> f64 {
        let from = self.rows.get(row).map_or(0, |row| row.start);
        self.left + (position as f64 - from as f64) * self.px_per_sample
    }

    /// Pixels per sample.
    pub(crate) fn px_per_sample(&self) -> f64 {
        self.px_per_sample
    }

    /// Pixels per millisecond.
    pub(crate) fn px_per_ms(&self) -> f64 {
        self.px_per_sample * f64::from(PHONE_RATE) / 1000.0
    }

    /// The left and right end of the part of a span in a row; `None` if there is none.
    pub(crate) fn in_row(&self, row: usize, span: &Range<usize>) -> Option<(f64, f64)> {
        let shown = self.rows.get(row)?;
        let (from, to) = (span.start.max(shown.start), span.end.min(shown.end));
        (from < to).then(|| (self.x(row, from), self.x(row, to)))
    }
}

fn broken(len: usize, starts: &[usize], limit: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut from = 0;
    while len - from > limit {
        let starts = starts.iter().map(|start| start.saturating_sub(LEAD));
        let to = starts.filter(|&to| to > from && to <= from + limit).max().unwrap_or(from + limit);
        rows.push(from..to);
        from = to;
    }
    rows.push(from..len);
    rows
}

/// Pixels per millisecond for bars beside each other, given as milliseconds and the room for each: the
/// largest scale up to `largest` at which every bar fits, but at least `smallest`.
pub(crate) fn bar_scale(bars: &[(f64, f64)], smallest: f64, largest: f64) -> f64 {
    let fits = bars.iter().filter(|(ms, _)| *ms > 0.0).map(|(ms, room)| room / ms);
    fits.fold(largest, f64::min).max(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = PHONE_RATE as usize;

    fn layout(seconds: usize, starts: &[usize]) -> Layout {
        let starts: Vec<usize> = starts.iter().map(|s| s * SECOND + LEAD).collect();
        Layout::new(seconds * SECOND, &starts, 100.0, 1200.0)
    }

    #[test]
    fn rows_begin_with_turns_and_are_about_as_long_as_each_other() {
        let layout = layout(30, &[4, 9, 14, 19, 24]);
        assert_eq!(layout.rows, [0..14 * SECOND, 14 * SECOND..30 * SECOND]);
        assert_eq!(layout.spot(14 * SECOND), Spot { row: 1, x: 100.0 });
        assert_eq!(layout.spot(30 * SECOND), Spot { row: 1, x: 1200.0 });
    }

    #[test]
    fn what_does_not_fit_is_broken_anywhere() {
        let layout = layout(50, &[2]);
        assert_eq!(layout.rows.first().map(|row| row.end), Some(2 * SECOND));
        assert_eq!(layout.rows.len(), 4);
        assert_eq!(layout.rows.last().map(|row| row.end), Some(50 * SECOND));
        let span = layout.rows[1].end - SECOND..layout.rows[1].end + SECOND;
        assert!(layout.in_row(0, &span).is_none());
        assert!(layout.in_row(1, &span).is_some() && layout.in_row(2, &span).is_some());
    }

    #[test]
    fn a_call_without_a_sound_has_a_row() {
        let layout = layout(0, &[]);
        assert_eq!((layout.rows.len(), layout.rows[0].end), (1, 0));
        assert_eq!(layout.spot(0), Spot { row: 0, x: 100.0 });
    }

    #[test]
    fn bars_fit_where_they_stand() {
        assert_eq!(bar_scale(&[(400.0, 1000.0)], 0.1, 0.5), 0.5);
        assert_eq!(bar_scale(&[(400.0, 100.0), (0.0, 5.0)], 0.1, 0.5), 0.25);
        assert_eq!(bar_scale(&[(4000.0, 100.0)], 0.1, 0.5), 0.1);
        assert_eq!(bar_scale(&[], 0.1, 0.5), 0.5);
    }
}
