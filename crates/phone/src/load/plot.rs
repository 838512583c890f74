//! Plots as inline SVG: lines over the size of a load, and one distribution below another. Colours are
//! classes, so that a page can be light or dark. PURE. Must not know what a load is.

use std::fmt::Write as _;

use crate::picture::svg::{escaped, number, width};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = WIDTH - 96.0;
const TOP: f64 = 14.0;
const HEIGHT: f64 = 290.0;
const BOTTOM: f64 = HEIGHT - 44.0;

const FONT: f64 = 13.0;

/// The least distance between two labels at the ends of lines.
const APART: f64 = 16.0;

/// The least ratio of the largest and the smallest load at which the axis is logarithmic.
const DOUBLINGS: f64 = 8.0;

/// The height of a distribution, the distance to the next, and the number of its bars.
const RIDGE: f64 = 34.0;
const ROW: f64 = 46.0;
const BARS: usize = 72;

/// One line of a plot.
#[derive(Debug)]
pub(crate) struct Series {
    /// The label at its end.
    pub(crate) name: String,
    /// The class of its colour.
    pub(crate) class: &'static str,
    /// Its points, from left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over the size of a load.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    /// What it shows, for those who do not see it.
    pub(crate) title: &'a str,
    /// The names of the axes, with their units.
    pub(crate) axes: (&'a str, &'a str),
    /// From where the vertical axis begins to where it ends at least.
    pub(crate) range: (f64, f64),
    /// The decimals of its figures.
    pub(crate) decimals: usize,
    /// The lines.
    pub(crate) series: Vec<Series>,
    /// A value that should not be exceeded.
    pub(crate) limit: Option<f64>,
}

/// The steps of an axis: 1, 2 or 5 times a power of ten, of which at most `most` fit.
fn pace(span: f64, most: f64) -> f64 {
    if !(span.is_finite() && span > 0.0) {
        return 1.0;
    }
    let power = 10.0_f64.powf((span / most).log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|pace| span / pace <= most).unwrap_or(power)
}

/// The marks of an axis.
fn marks(from: f64, to: f64, most: f64) -> Vec<f64> {
    let pace = pace(to - from, most);
    let first = (from / pace - 1e-9).ceil();
    (0..).map(|n| (first + f64::from(n)) * pace).take_while(|at| *at <= to + pace * 1e-9).take(50).collect()
}

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
        number(WIDTH),
        number(height),
        escaped(title)
    )
}

fn stroke(out: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
    let _ = writeln!(out, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
}

/// A text; `class` also tells which point of it is placed.
fn text(out: &mut String, class: &str, (x, y): (f64, f64), text: &str) {
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
        number(x),
        number(y),
        escaped(text)
    );
}

/// Places of labels that do not overlap, in the same order.
fn spread_out(wanted: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut places = wanted.to_vec();
    for pair in order.windows(2) {
        places[pair[1]] = places[pair[1]].max(places[pair[0]] + APART);
    }
    // Labels that were pushed out of the plot push the others back.
    let mut room = BOTTOM + FONT / 2.0;
    for &index in order.iter().rev() {
        places[index] = places[index].min(room);
        room = places[index] - APART;
    }
    places
}

impl Lines<'_> {
    /// Draws the plot; nothing without a point.
    pub(crate) fn draw(&self) -> String {
        let points = || self.series.iter().flat_map(|series| series.points.iter().copied());
        let (least, most) = ends(points().map(|(x, _)| x));
        if points().next().is_none() {
            return String::new();
        }
        let top = points().map(|(_, y)| y).chain(self.limit).fold(self.range.1, f64::max);
        let logarithmic = least > 0.0 && most / least >= DOUBLINGS;
        let x = |at: f64| {
            let share = match logarithmic {
                _ if most <= least => 0.5,
                true => (at / least).ln() / (most / least).ln(),
                false => (at - least) / (most - least),
            };
            LEFT + 12.0 + share * (RIGHT - LEFT - 24.0)
        };
        let from = self.range.0;
        let y = |at: f64| BOTTOM - (at - from) / (top - from).max(f64::MIN_POSITIVE) * (BOTTOM - TOP - 14.0);
        let mut out = open(self.title, HEIGHT);
        for mark in marks(from, top, 5.0) {
            stroke(&mut out, "grid", (LEFT, y(mark)), (RIGHT, y(mark)));
            let decimals = self.decimals;
            text(&mut out, "mark end", (LEFT - 8.0, y(mark) + 4.0), &format!("{mark:.decimals$}"));
        }
        self.sizes(&mut out, &x, points().map(|(x, _)| x).collect());
        text(&mut out, "name", (LEFT - 44.0, TOP - 2.0), self.axes.1);
        text(&mut out, "name end", (RIGHT, HEIGHT - 4.0), self.axes.0);
        if let Some(limit) = self.limit {
            stroke(&mut out, "limit", (LEFT, y(limit)), (RIGHT, y(limit)));
            text(&mut out, "mark", (LEFT + 6.0, y(limit) - 5.0), "limit");
        }
        let last = |series: &Series| series.points.last().map_or(BOTTOM, |(_, at)| y(*at));
        let places = spread_out(&self.series.iter().map(last).collect::<Vec<_>>());
        for (series, place) in self.series.iter().zip(places) {
            let path: Vec<String> =
                series.points.iter().map(|&(a, b)| format!("{},{}", number(x(a)), number(y(b)))).collect();
            let class = series.class;
            let _ = writeln!(out, "<polyline class=\"line {class}\" points=\"{}\"/>", path.join(" "));
            for &(a, b) in &series.points {
                let _ = writeln!(
                    out,
                    "<circle class=\"dot {class}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>",
                    number(x(a)),
                    number(y(b))
                );
            }
            if let Some(&(a, _)) = series.points.last() {
                text(&mut out, &format!("label {class}"), (x(a) + 10.0, place + 4.5), &series.name);
            }
        }
        out.push_str("</svg>\n");
        out
    }

    /// The loads that were tried, below the plot; those that have no room are left out.
    fn sizes(&self, out: &mut String, x: &dyn Fn(f64) -> f64, mut sizes: Vec<f64>) {
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let mut free = f64::MIN;
        for size in sizes {
            let label = number(size);
            let half = width(&label, FONT) / 2.0;
            if x(size) - half < free {
                continue;
            }
            free = x(size) + half + 6.0;
            stroke(out, "axis", (x(size), BOTTOM), (x(size), BOTTOM + 4.0));
            text(out, "mark middle", (x(size), BOTTOM + 19.0), &label);
        }
        stroke(out, "axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    }
}

/// The smallest and the largest value.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)))
}

/// Distributions below each other on one axis, each given by its name and its percentiles from 0 to 100.
pub(crate) fn ridges(title: &str, axis: &str, rows: &[(String, &[f64])], limit: Option<f64>) -> String {
    let rows: Vec<_> = rows.iter().filter(|(_, percentiles)| percentiles.len() > 1).collect();
    let last = rows.iter().filter_map(|(_, percentiles)| percentiles.last().copied());
    let (_, to) = ends(last.chain(limit));
    let (from, _) = ends(rows.iter().filter_map(|(_, percentiles)| percentiles.first().copied()));
    let (from, left) = (from.min(0.0), 116.0);
    if rows.is_empty() || to <= from {
        return String::new();
    }
    let right = WIDTH - 24.0;
    let x = |ms: f64| left + (ms - from) / (to - from) * (right - left);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut out = open(title, bottom + 44.0);
    for mark in marks(from, to, 8.0) {
        stroke(&mut out, "grid", (x(mark), TOP), (x(mark), bottom));
        text(&mut out, "mark middle", (x(mark), bottom + 19.0), &number(mark));
    }
    text(&mut out, "name end", (right, bottom + 40.0), axis);
    let bars: Vec<Vec<f64>> = rows.iter().map(|(_, values)| histogram(values, from, to)).collect();
    // Labels at the marks of the first row, where there is room.
    let mut free = f64::MIN;
    let mut label = |out: &mut String, class: &str, ms: f64, name: &str| {
        if x(ms) > free {
            free = x(ms) + width(name, FONT) + 10.0;
            text(out, class, (x(ms) + 4.0, TOP + 6.0), name);
        }
    };
    for (row, ((name, percentiles), bars)) in rows.iter().zip(&bars).enumerate() {
        let base = TOP + ROW * (row + 1) as f64;
        // Each is as high as the others: what counts is where it lies.
        let (_, highest) = ends(bars.iter().copied());
        let wide = (right - left) / BARS as f64;
        let mut path = format!("M{} {}", number(left), number(base));
        for (n, bar) in bars.iter().enumerate() {
            let (at, up) = (left + n as f64 * wide, base - bar / highest * RIDGE);
            let _ = write!(path, "L{} {1}L{2} {1}", number(at), number(up), number(at + wide));
        }
        let _ = writeln!(out, "<path class=\"ridge\" d=\"{path}L{} {}Z\"/>", number(right), number(base));
        stroke(&mut out, "axis", (left, base), (right, base));
        text(&mut out, "label ink end", (left - 10.0, base - 4.0), name);
        for (percent, class, name) in [(50, "a", "median"), (95, "b", "p95")] {
            if let Some(&ms) = percentiles.get(percent * (percentiles.len() - 1) / 100) {
                stroke(&mut out, &format!("line {class}"), (x(ms), base), (x(ms), base - RIDGE));
                if row == 0 {
                    label(&mut out, &format!("label {class}"), ms, name);
                }
            }
        }
    }
    if let Some(limit) = limit {
        stroke(&mut out, "limit", (x(limit), TOP), (x(limit), bottom));
        label(&mut out, "mark", limit, "limit");
    }
    out.push_str("</svg>\n");
    out
}

/// The share of the values in each of the bars: between two neighbouring percentiles lie equally many.
fn histogram(percentiles: &[f64], from: f64, to: f64) -> Vec<f64> {
    let mut bars = vec![0.0; BARS];
    let wide = (to - from) / BARS as f64;
    for pair in percentiles.windows(2) {
        let (first, last) = (pair[0].clamp(from, to), pair[1].clamp(from, to));
        let bar = |ms: f64| (((ms - from) / wide) as usize).min(BARS - 1);
        for (n, height) in bars.iter_mut().enumerate().take(bar(last) + 1).skip(bar(first)) {
            let (begin, end) = (from + n as f64 * wide, from + (n + 1) as f64 * wide);
            let share =
                if last > first { (last.min(end) - first.max(begin)).max(0.0) / (last - first) } else { 1.0 };
            *height += share;
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_an_axis_are_round_and_few() {
        assert_eq!(marks(0.0, 950.0, 5.0), [0.0, 200.0, 400.0, 600.0, 800.0]);
        assert_eq!(marks(99.0, 100.0, 5.0).len(), 6);
        assert_eq!(marks(0.0, 0.0, 5.0), [0.0]);
        for broken in [f64::NAN, f64::INFINITY] {
            assert!(marks(0.0, broken, 5.0).len() <= 50);
        }
    }

    #[test]
    fn labels_do_not_lie_on_each_other() {
        let places = spread_out(&[100.0, 100.0, 104.0, 240.0, 246.0]);
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= APART - 1e-9), "{places:?}");
        assert!(sorted[4] <= BOTTOM + FONT / 2.0);
    }

    #[test]
    fn a_histogram_holds_all_values_once() {
        let percentiles: Vec<f64> = (0..=100).map(|n| f64::from(n).powi(2) / 7.0 - 30.0).collect();
        let bars = histogram(&percentiles, -30.0, 2000.0);
        assert!((bars.iter().sum::<f64>() - 100.0).abs() < 1e-6);
        assert!((histogram(&[500.0; 101], 0.0, 2000.0).iter().sum::<f64>() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_to_show_is_no_plot() {
        let lines = Lines {
            title: "t",
            axes: ("x", "y"),
            range: (0.0, 1.0),
            decimals: 0,
            series: Vec::new(),
            limit: Some(3.0),
        };
        assert_eq!(lines.draw(), "");
        assert_eq!(ridges("t", "ms", &[("none".into(), &[])], Some(100.0)), "");
    }
}
