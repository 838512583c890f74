//! The screen as plain text, for a pipe: the same parts, all of each, without any escape. Must not know what
//! a part says.

use crate::state::State;
use crate::view::Sort;
use crate::{advice, calls, engines, head, latency, quality, sparks, tally};

/// The narrowest text: what is narrower could not be read.
const LEAST: usize = 40;

/// A server's state in lines of at most `width` columns, but of at least 40.
#[must_use]
pub fn text(state: &State, width: usize) -> String {
    let width = width.max(LEAST);
    let mut first = vec![head::figures(state, true, width)];
    first.extend(head::troubles(state, width));
    let parts = [
        first,
        sparks::lines(state, width, 2),
        latency::lines(state, width),
        engines::lines(state, width, usize::MAX),
        [quality::lines(state, width), quality::room(state, width)].concat(),
        calls::lines(state, Sort::Age, None, width, usize::MAX),
        advice::lines(state, width),
        tally::lines(state, width),
    ];
    let parts = parts.iter().filter(|lines| !lines.is_empty());
    let parts = parts.map(|lines| lines.iter().map(|line| line.plain() + "\n").collect::<String>());
    parts.collect::<Vec<String>>().join("\n")
}
