//! Two lines: the work that was not done twice, and what was lost or refused. Must not know why.

use crate::figures::{count, counted, percent};
use crate::head::{INDENT, named};
use crate::line::{Ink, Line};
use crate::state::{State, Thrift};

/// What there is to tell; a line with nothing in it is left out.
pub(crate) fn lines(state: &State, width: usize) -> Vec<Line> {
    let line = |name, parts: Vec<String>, ink| {
        (!parts.is_empty()).then(|| named(name).with(parts.join(", "), ink).wrap(width, INDENT))
    };
    let saved = line("SAVED", saved(&state.thrift), Ink::Quiet);
    let lost = line("LOST", lost(state), Ink::Plain);
    saved.into_iter().chain(lost).flatten().collect()
}

fn saved(thrift: &Thrift) -> Vec<String> {
    let mut parts = Vec::new();
    if thrift.prompt_tokens > 0 {
        let share = percent(thrift.reused_tokens, thrift.prompt_tokens);
        parts.push(format!("{share} of {} prompt tokens", count(thrift.prompt_tokens)));
    }
    let phrases = thrift.phrase_hits.saturating_add(thrift.phrase_misses);
    if phrases > 0 {
        parts.push(format!("{} of {} phrases", percent(thrift.phrase_hits, phrases), count(phrases)));
    }
    let pages = thrift.pages_reused.saturating_add(thrift.pages_made);
    if pages > 0 {
        parts.push(format!("{} of {} pages", percent(thrift.pages_reused, pages), count(pages)));
    }
    if thrift.shared_generations > 0 {
        parts.push(counted(thrift.shared_generations, "shared answer", "shared answers"));
    }
    parts
}

fn lost(state: &State) -> Vec<String> {
    let refused = state.refused.iter().filter(|(_, times)| **times > 0);
    let mut parts: Vec<String> = refused
        .map(|(reason, times)| format!("{} refused ({})", count(*times), reason.replace('_', " ")))
        .collect();
    if state.dropped_log_lines > 0 {
        parts.push(counted(state.dropped_log_lines, "line of the log", "lines of the log"));
    }
    let records = state.records.map_or(0, |records| records.dropped.saturating_add(records.lost));
    if records > 0 {
        parts.push(counted(records, "event for the records", "events for the records"));
    }
    parts
}
