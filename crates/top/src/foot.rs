//! The last line, and the page of help: keys, and what the words on the screen mean. Must not know the
//! figures.

use crate::line::{Ink, Line};
use crate::view::Sort;

/// The keys, and by what calls are sorted.
pub(crate) fn line(sort: Sort, width: usize) -> Line {
    let by = match sort {
        Sort::Age => "age",
        Sort::Latency => "latency",
        Sort::Turns => "turns",
    };
    let mut line = Line::default();
    for (key, does) in [("q", "quit"), ("↑↓", "select a call"), ("s", &format!("sort ({by})")), ("h", "help")]
    {
        line = line.with(key, Ink::Strong).with(format!(" {does}   "), Ink::Quiet);
    }
    line.fit(width)
}

/// Keys and words, and what they mean.
const HELP: [(&str, &str); 16] = [
    ("q  Esc  Ctrl-C", "quit"),
    ("up down  k j", "select a call: a line below the calls tells all of it"),
    ("s", "sort calls by age, by the latency of the last turn, by turns"),
    ("h  ?", "this page, and back"),
    ("", ""),
    ("voice to voice", "from the caller's last sound to the agent's first; v2v"),
    ("p50 p95 p99", "half, 95 % and 99 % of all values are at most this"),
    ("lately", "the last five to ten minutes"),
    ("degraded", "the engine works, but slowly or with failures"),
    ("open 8 s", "the engine failed too often: it is tried again in 8 s"),
    ("half open", "the engine is tried with one job"),
    ("rtf", "the real-time factor: seconds of work for a second of audio"),
    ("QUALITY", "what the server leaves out to stay fast; full is nothing"),
    ("ROOM", "the calls that the server would take besides those it has"),
    ("SAVED", "work that was not done twice, since the start"),
    ("LOST", "what was refused or dropped, since the start"),
];

/// The page of help.
pub(crate) fn help(width: usize) -> Vec<Line> {
    const WORDS: usize = 17;
    let line = |(word, means): &(&str, &str)| {
        let mut line = Line::of(word, Ink::Strong);
        line.pad(WORDS);
        line.with(means, Ink::Plain).fit(width)
    };
    HELP.iter().map(line).collect()
}
