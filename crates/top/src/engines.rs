//! The table of engines: how each does, and how much it has to do. Must not know what an engine is.

use crate::figures::{count, maybe_ms, small, time};
use crate::line::{Ink, Line, Piece};
use crate::state::{Engine, Health, State};
use crate::table::{figures, table, texts};

/// The table in at most this many lines. If some engines have no room, those that are well go first.
pub(crate) fn lines(state: &State, width: usize, height: usize) -> Vec<Line> {
    let all = state.engines.len();
    if all == 0 || height < 2 {
        return Vec::new();
    }
    let mut shown: Vec<&Engine> = state.engines.iter().collect();
    let title = if all < height {
        "ENGINES".to_owned()
    } else {
        shown.sort_by_key(|engine| engine.health == Health::Ok);
        shown.truncate(height - 1);
        format!("ENGINES {} of {}", shown.len(), count(all as u64))
    };
    let columns = [
        texts(title, 0, 12),
        texts("health", 0, 10),
        figures("run", 3),
        figures("wait", 2),
        figures("done", 5),
        figures("failed", 4),
        figures("p95 ms", 1),
        figures("rtf", 6),
        texts("note", 7, 8),
    ];
    let rows: Vec<Vec<Piece>> = shown.into_iter().map(row).collect();
    table(&columns, &rows, width)
}

fn row(engine: &Engine) -> Vec<Piece> {
    let (health, ink) = match engine.health {
        Health::Ok => ("ok", Ink::Good),
        Health::Degraded => ("degraded", Ink::Warning),
        Health::Open => ("open", Ink::Bad),
        Health::HalfOpen => ("half open", Ink::Warning),
        Health::Unknown => ("?", Ink::Quiet),
    };
    let retry = engine.retry_in_s.map(|seconds| format!(" {}", time(seconds)));
    let health = format!("{health}{}", retry.unwrap_or_default());
    let factor = engine.real_time_factor.map_or_else(|| "-".to_owned(), |factor| small(factor, 2));
    vec![
        Piece::new(&engine.name, Ink::Plain),
        Piece::new(health, ink),
        Piece::new(count(engine.running), Ink::Plain),
        Piece::new(count(engine.waiting), if engine.waiting > 0 { Ink::Strong } else { Ink::Plain }),
        Piece::new(count(engine.done), Ink::Plain),
        Piece::new(count(engine.failed), ink_of_failures(engine)),
        Piece::new(maybe_ms(engine.p95_ms), Ink::Plain),
        Piece::new(factor, Ink::Plain),
        Piece::new(&engine.note, Ink::Quiet),
    ]
}

/// Failures of long ago are no warning.
fn ink_of_failures(engine: &Engine) -> Ink {
    if engine.failed > 0 && engine.health != Health::Ok { Ink::Warning } else { Ink::Plain }
}
