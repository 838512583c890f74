//! Aligned columns. What does not fit is left out: whole columns first, the least important first, then the
//! ends of long texts. Must not know what a column means.

use crate::line::{Ink, Line, Piece};

/// Blanks between two columns.
const GAP: usize = 2;

/// A column.
pub(crate) struct Column {
    title: String,
    /// Columns with a higher rank are left out first; those with rank 0 stay.
    rank: u8,
    right: bool,
    /// Texts may be cut to this width. `None` for figures, which are never cut.
    least: Option<usize>,
}

/// A column of texts, which may be cut to the width `least`.
pub(crate) fn texts(title: impl Into<String>, rank: u8, least: usize) -> Column {
    let title = title.into();
    // Titles are not cut either.
    let least = least.max(title.chars().count());
    Column { title, rank, right: false, least: Some(least) }
}

/// A column of figures.
pub(crate) fn figures(title: impl Into<String>, rank: u8) -> Column {
    Column { title: title.into(), rank, right: true, least: None }
}

/// The table: a line of titles, of which the first is the table's own, and a line for each row.
pub(crate) fn table(columns: &[Column], rows: &[Vec<Piece>], width: usize) -> Vec<Line> {
    let titles = columns
        .iter()
        .enumerate()
        .map(|(i, column)| Piece::new(&column.title, if i == 0 { Ink::Title } else { Ink::Quiet }));
    let titles: Vec<Piece> = titles.collect();
    let widest = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).chain(titles.get(i));
        cells.map(Piece::width).max().unwrap_or(0)
    };
    let wanted: Vec<usize> = (0..columns.len()).map(widest).collect();
    let widths = widths(columns, &wanted, width);
    let line = |row: &Vec<Piece>| {
        let (mut line, mut end) = (Line::default(), 0);
        for ((column, cell), width) in columns.iter().zip(row).zip(&widths) {
            let Some(width) = *width else { continue };
            let start = if end == 0 { 0 } else { end + GAP };
            end = start + width;
            let cell = Line::of(cell.text(), cell.ink()).fit(width);
            line.pad(if column.right { end - cell.width() } else { start });
            line.append(cell);
        }
        line.fit(width_of_table(&widths))
    };
    std::iter::once(&titles).chain(rows).map(line).collect()
}

fn width_of_table(widths: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = widths.iter().flatten().copied().collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// The width of each column, or `None` for those that are left out.
fn widths(columns: &[Column], wanted: &[usize], room: usize) -> Vec<Option<usize>> {
    let least = columns.iter().zip(wanted);
    let least = least.map(|(column, wanted)| Some(column.least.map_or(*wanted, |least| least.min(*wanted))));
    let mut widths: Vec<Option<usize>> = least.collect();
    while width_of_table(&widths) > room {
        let shown = columns.iter().enumerate().filter(|(i, _)| widths[*i].is_some());
        match shown.max_by_key(|(_, column)| column.rank) {
            Some((i, column)) if column.rank > 0 => widths[i] = None,
            Some(_) | None => break,
        }
    }
    let mut left = room.saturating_sub(width_of_table(&widths));
    for (width, wanted) in widths.iter_mut().zip(wanted) {
        if let Some(width) = width {
            let more = wanted.saturating_sub(*width).min(left);
            *width += more;
            left -= more;
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: usize) -> Vec<String> {
        let columns = [texts("ID", 0, 4), figures("ms", 1), texts("n", 2, 3)];
        let row = |id, ms, note| [id, ms, note].map(|text| Piece::new(text, Ink::Plain)).to_vec();
        let rows = [row("call-one", "7", "fine"), row("料理", "1200", "")];
        table(&columns, &rows, width).iter().map(Line::plain).collect()
    }

    #[test]
    fn texts_stand_left_and_figures_right() {
        assert_eq!(lines(80), ["ID          ms  n", "call-one     7  fine", "料理      1200"]);
    }

    #[test]
    fn texts_are_cut_before_the_least_important_column_goes() {
        assert_eq!(lines(17), ["ID        ms  n", "call-…     7  fi…", "料理    1200"]);
        assert_eq!(lines(14), ["ID          ms", "call-one     7", "料理      1200"]);
    }

    #[test]
    fn figures_are_left_out_rather_than_cut() {
        assert_eq!(lines(9), ["ID", "call-one", "料理"]);
        assert_eq!(lines(4), ["ID", "cal…", "料理"]);
    }
}
