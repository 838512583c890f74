//! The screen as an SVG file, cell by cell, as a dark terminal shows it. Blocks are drawn as rectangles, so
//! that the picture is the same whatever font there is. Must not know what the screen shows.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::screen::paint;
use crate::state::State;
use crate::view::View;

/// The size of a cell and of its letters, and the edge around all cells.
const CELL: (f64, f64) = (8.4, 18.0);
const LETTERS: f64 = 14.0;
const EDGE: f64 = 14.0;

const PAPER: &str = "#16191f";
const INK: &str = "#d3d7de";

/// A server's state as a terminal of this size shows it; each side has at most 500 cells.
#[must_use]
pub fn svg(state: &State, width: u16, height: u16) -> String {
    let mut view = View::new(true);
    view.told(Ok(state.clone()), std::time::Duration::ZERO);
    let area = Rect::new(0, 0, width.clamp(1, 500), height.clamp(1, 500));
    let mut buffer = Buffer::empty(area);
    paint(&mut buffer, area, &view);
    let (w, h) = (f64::from(area.width) * CELL.0 + 2.0 * EDGE, f64::from(area.height) * CELL.1 + 2.0 * EDGE);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.1} {h:.1}" width="{w:.1}" height="{h:.1}" role="img" aria-label="offhook top"
font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="{LETTERS}">
<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>
"#
    );
    for y in 0..area.height {
        row(&mut out, &buffer, y);
    }
    out.push_str("</svg>\n");
    out
}

/// One row: runs of cells that look alike, and the blocks among them.
fn row(out: &mut String, buffer: &Buffer, y: u16) {
    let cell = |x: u16| &buffer[(x, y)];
    // The end of the run of cells for which this holds.
    let run = |x: u16, same: &dyn Fn(u16) -> bool| (x + 1..buffer.area.width).find(|x| !same(*x));
    let end = |x: u16, same: &dyn Fn(u16) -> bool| run(x, same).unwrap_or(buffer.area.width);
    let top = EDGE + f64::from(y) * CELL.1;
    let mut x = 0;
    while x < buffer.area.width {
        let first = cell(x);
        let left = EDGE + f64::from(x) * CELL.0;
        let alike = |x: u16| look(cell(x)) == look(first);
        if first.symbol() == " " {
            x += 1;
        } else if let Some((width, height, density)) = shape(first.symbol()) {
            let to = end(x, &|x| alike(x) && cell(x).symbol() == first.symbol());
            let (w, h) = (f64::from(to - x) * width * CELL.0, height * CELL.1);
            let (y, fill) = (top + CELL.1 - h, fill(first));
            let _ = writeln!(
                out,
                r#"<rect x="{left:.1}" y="{y:.2}" width="{w:.1}" height="{h:.2}" opacity="{density}" {fill}/>"#
            );
            x = to;
        } else {
            // A wide letter stands alone, because fonts do not agree on its width; two blanks end a run,
            // because readers of SVG make them one.
            let step = first.cell_width().max(1);
            let blank = |x: u16| x >= buffer.area.width || cell(x).symbol() == " ";
            let goes_on = |x: u16| {
                let letter = cell(x).cell_width() == 1 && shape(cell(x).symbol()).is_none();
                step == 1 && alike(x) && letter && !(blank(x) && blank(x + 1))
            };
            let to = if step == 1 { end(x, &goes_on) } else { x + step };
            let shown = (x..to).map(|x| cell(x).symbol());
            let text: String = shown.take(if step == 1 { usize::MAX } else { 1 }).collect();
            let (base, length) = (top + 0.75 * CELL.1, f64::from(to - x) * CELL.0);
            let (fill, text) = (fill(first), escaped(&text));
            let _ = writeln!(
                out,
                r#"<text x="{left:.1}" y="{base:.1}" textLength="{length:.1}" lengthAdjust="spacingAndGlyphs" {fill}>{text}</text>"#
            );
            x = to;
        }
    }
}

fn look(cell: &Cell) -> (Color, Modifier) {
    (cell.fg, cell.modifier)
}

/// The part of its cell that a block fills from below and the left, and how densely.
fn shape(symbol: &str) -> Option<(f64, f64, f64)> {
    let c = symbol.chars().next()?;
    match c {
        '▁'..='█' => Some((1.0, f64::from(u32::from(c) - u32::from('▁') + 1) / 8.0, 1.0)),
        '▏' => Some((0.125, 1.0, 1.0)),
        '▓' => Some((1.0, 1.0, 0.8)),
        '▒' => Some((1.0, 1.0, 0.55)),
        '░' => Some((1.0, 1.0, 0.35)),
        _ => None,
    }
}

/// The colour and weight of a cell, as attributes.
#[expect(clippy::wildcard_enum_match_arm, reason = "a screen has few of the colours of terminals")]
fn fill(cell: &Cell) -> String {
    let fill = match cell.fg {
        Color::Red => "#f0716f",
        Color::Green => "#8cc570",
        Color::Yellow => "#e3b95f",
        Color::Blue => "#6aa5ee",
        Color::Magenta => "#c58ade",
        Color::Cyan => "#5cc3cf",
        _ => INK,
    };
    let dim = if cell.modifier.contains(Modifier::DIM) { r#" fill-opacity="0.62""# } else { "" };
    let bold = if cell.modifier.contains(Modifier::BOLD) { r#" font-weight="bold""# } else { "" };
    format!(r#"fill="{fill}"{dim}{bold}"#)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
