//! The first lines: which server this is, whether it takes calls, and how full it is; and what is wrong with
//! it. Must not know how figures are fetched.

use crate::figures::{count, memory, small, time};
use crate::line::{Ink, Line};
use crate::state::{Admission, State};

/// The column in which sentences begin.
pub(crate) const INDENT: usize = 9;

/// A name in the column before sentences.
pub(crate) fn named(name: &str) -> Line {
    let mut line = Line::of(name, Ink::Title);
    line.pad(INDENT);
    line
}

/// The line of figures. What does not fit is left out, the least important first. A server that cannot be
/// reached is not said to be ready.
pub(crate) fn figures(state: &State, reached: bool, width: usize) -> Line {
    let taken = state.calls.len();
    let busy = state.history.cpu.last().map(|busy| small(*busy, 1));
    let busy = busy.unwrap_or_else(|| "-".to_owned());
    // The second is the rank: what has the highest is left out first.
    let parts = [
        (Line::of("offhook", Ink::Title), 3),
        (Line::of(&state.version, Ink::Quiet), 6),
        (pair("up", &time(state.uptime_s as f64), Ink::Plain), 5),
        (readiness(state, reached), 0),
        (
            pair("calls", &format!("{}/{}", count(taken as u64), count(state.max_calls as u64)), Ink::Strong),
            0,
        ),
        (room(state), 1),
        (pair("cpu", &format!("{busy}/{}", count(state.cores as u64)), Ink::Strong), 2),
        (pair("mem", &memory(state.resident_mb as f64), Ink::Plain), 4),
        (pair("threads", &count(state.threads), Ink::Plain), 8),
        (pair("model", &state.model_in_use, Ink::Plain), 7),
    ];
    let mut most = u8::MAX;
    loop {
        let mut line = Line::default();
        for (part, _) in parts.iter().filter(|(part, rank)| *rank <= most && part.width() > 0) {
            if line.width() > 0 {
                line.pad(line.width() + 2);
            }
            line.append(part.clone());
        }
        let next = parts.iter().map(|(_, rank)| *rank).filter(|rank| *rank <= most).max();
        match next {
            Some(rank) if rank > 0 && line.width() > width => most = rank - 1,
            Some(_) | None => return line.fit(width),
        }
    }
}

/// A quiet word and its figure; nothing without a figure.
fn pair(word: &str, figure: &str, ink: Ink) -> Line {
    if figure.is_empty() {
        return Line::default();
    }
    Line::of(word, Ink::Quiet).with(" ", Ink::Plain).with(figure, ink)
}

fn readiness(state: &State, reached: bool) -> Line {
    match (state.draining, state.ready) {
        _ if !reached => Line::of("NO REPLY", Ink::Bad),
        (true, _) => Line::of("DRAINING", Ink::Warning),
        (false, true) => Line::of("READY", Ink::Good),
        (false, false) => Line::of("NOT READY", Ink::Bad),
    }
}

/// For how many more calls there is room; nothing if the server does not say.
fn room(state: &State) -> Line {
    let admission = &state.admission;
    if *admission == Admission::default() {
        return Line::default();
    }
    let ink = if admission.room == 0 { Ink::Warning } else { Ink::Plain };
    pair("room", &count(admission.room), ink)
}

/// What is wrong with the server as a whole, each in at most two lines.
pub(crate) fn troubles(state: &State, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(why) = &state.not_ready {
        lines.push(named("REFUSES").with("new calls, because ", Ink::Plain).with(why, Ink::Bad));
    }
    if !state.faults.is_empty() {
        lines.push(named("FAULTS").with(state.faults.join("; "), Ink::Bad));
    }
    lines.into_iter().map(|line| line.fit(width)).collect()
}
