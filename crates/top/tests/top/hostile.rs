//! Names and notes that want more than to be read.

use offhook_top::{Advice, State, text};

use super::{realistic, screen, view};

/// What a gateway, or somebody who can reach its socket, may call a call.
const HOSTILE: [&str; 7] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "a\r\nFAKE READY line\n",
    "\u{202e}desrever\u{2066}",
    "料理長料理長料理長料理長料理長料理長",
    "z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}algo",
    "👨\u{200d}👩\u{200d}👧",
    "\u{fdd0}\u{e0041}\u{feff}\u{ad}",
];

fn hostile() -> State {
    let mut state = realistic();
    let call = state.calls[0].clone();
    state.calls = HOSTILE.map(|id| offhook_top::Call { id: id.to_owned(), ..call.clone() }).to_vec();
    for (engine, text) in state.engines.iter_mut().zip(HOSTILE) {
        (engine.name, engine.note) = (text.to_owned(), text.to_owned());
    }
    state.quality.because = HOSTILE[0].to_owned();
    state.quality.measures = HOSTILE.map(str::to_owned).to_vec();
    let advice = |text: &str| Advice { key: text.into(), because: text.into(), change: text.into() };
    state.advice = HOSTILE.map(advice).to_vec();
    state.model_in_use = HOSTILE[0].to_owned();
    state.not_ready = Some(HOSTILE[2].to_owned());
    state.faults = HOSTILE.map(str::to_owned).to_vec();
    state.refused = HOSTILE.map(|text| (text.to_owned(), 3)).into();
    let figures = state.latency_lately.values().next().copied().unwrap();
    state.latency_lately.extend(HOSTILE.map(|text| (text.to_owned(), figures)));
    state
}

fn harmless(shown: &str) {
    let harmful = |c: &char| {
        (c.is_control() && *c != '\n')
            || ('\u{200b}'..='\u{200f}').contains(c)
            || ('\u{202a}'..='\u{202e}').contains(c)
            || ['\u{2066}', '\u{feff}', '\u{e0041}'].contains(c)
    };
    assert_eq!(shown.chars().find(harmful), None, "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("FAKE")), "{shown}");
}

#[test]
fn nothing_in_a_name_moves_the_cursor_or_turns_the_writing() {
    for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
        harmless(&screen(&view(hostile()), width, height));
    }
    harmless(&text(&hostile(), 80));
}

#[test]
fn columns_stay_aligned_behind_wide_and_narrow_letters() {
    let shown = text(&hostile(), 100);
    let rows: Vec<&str> = shown.lines().filter(|line| line.contains("  twilio  ")).collect();
    assert_eq!(rows.len(), HOSTILE.len());
    let width = |text: &str| ratatui::text::Span::raw(text.to_owned()).width();
    let ends: Vec<usize> = rows.iter().map(|row| width(row)).collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}\n{shown}");
}
