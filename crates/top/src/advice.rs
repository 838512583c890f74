//! What an administrator should change, each as a sentence behind its key. Must not know how advice is found.

use crate::head::{INDENT, named};
use crate::line::{Ink, Line};
use crate::state::State;

/// The most pieces of advice; nobody follows more at once.
const MOST: usize = 20;

/// All advice, wrapped.
pub(crate) fn lines(state: &State, width: usize) -> Vec<Line> {
    let sentences = state.advice.iter().take(MOST).enumerate().map(|(i, advice)| {
        let line = named(if i == 0 { "ADVICE" } else { "" });
        let line = line
            .with(format!("{}:", advice.key), Ink::Strong)
            .with(format!(" {}", advice.change), Ink::Plain);
        if advice.because.is_empty() { line } else { line.with(format!(" ({})", advice.because), Ink::Quiet) }
    });
    sentences.flat_map(|line| line.wrap(width, INDENT)).collect()
}
