//! What the page of a load holds: words for people, plots, and nothing that comes from elsewhere.

use super::super::measures::{Calls, ServerUse};
use super::*;

const ABOUT: About<'static> = About {
    what: "offhook, shipped models, native protocol",
    machine: "2 cores of a server\n8 GiB of memory",
    when: "2026-01-01",
    p95_limit_ms: 1500.0,
    verdict: None,
};

fn step(callers: u32, p50: f64) -> StepResult {
    let at = |percent: u32| p50 * (0.7 + f64::from(percent).powi(2) / 8000.0);
    StepResult {
        callers,
        seconds: 60.0,
        mean_at_once: f64::from(callers),
        calls: Calls { begun: 9, completed: 9, ..Calls::default() },
        turns: 72,
        v2v_ms: Some(Spread { count: 72, p50, p95: at(95), p99: at(99), max: at(100) }),
        v2v_percentiles_ms: (0..=100).map(at).collect(),
        frames: 30_000,
        late_frames: u64::from(callers),
        on_time: Some(1.0 - f64::from(callers) / 30_000.0),
        server: Some(ServerUse {
            cores: 0.2 * f64::from(callers),
            peak_rss_mb: 900.0,
            ..ServerUse::default()
        }),
        ..StepResult::default()
    }
}

fn steps() -> Vec<StepResult> {
    [(1, 520.0), (2, 560.0), (4, 640.0), (8, 1100.0), (16, 2500.0)].map(|(n, ms)| step(n, ms)).to_vec()
}

/// The names of the elements in order; a closing one begins with a slash.
fn elements(html: &str) -> Vec<String> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| c != '/' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let closed = rest.split('>').next().is_some_and(|tag| tag.ends_with('/'));
        (!closed).then(|| rest[..end].to_owned())
    };
    html.split('<').skip(1).filter_map(name).collect()
}

#[test]
fn the_page_tells_the_capacity_first() {
    let page = html(&ABOUT, &steps());
    let headline = page.find("<h1>4 callers at once are held</h1>").unwrap();
    assert!(headline < page.find("<svg").unwrap());
    assert!(page.contains("With 8 callers: 5 of 100 answers took longer than"));
    assert!(page.contains("2 cores of a server<br>8 GiB of memory"));
    assert_eq!(page.matches("<svg").count(), 4);
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = html(&ABOUT, &steps());
    for foreign in ["http://", "https://", "<script", "@import", "url(", "<link"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
}

#[test]
fn every_element_is_closed_whatever_was_measured() {
    let nothing = StepResult::default();
    let endless = StepResult {
        v2v_ms: Some(Spread { p50: f64::NAN, p95: f64::INFINITY, ..Spread::default() }),
        v2v_percentiles_ms: vec![f64::NAN, f64::INFINITY],
        on_time: Some(f64::NAN),
        ..StepResult::default()
    };
    for steps in [vec![], vec![nothing], vec![endless], steps(), vec![step(3, 600.0)]] {
        let mut open = Vec::new();
        for name in elements(&html(&ABOUT, &steps)) {
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
                None if ["meta", "br", ""].contains(&name.as_str()) => {}
                None => open.push(name),
            }
        }
        assert_eq!(open, [""; 0]);
    }
}

#[test]
fn foreign_text_stays_text() {
    let evil = "<script>alert('x')</script>";
    let step =
        StepResult { errors: vec![evil.to_owned()], refusals: vec![evil.to_owned()], ..step(1, 500.0) };
    let about = About { what: evil, machine: evil, when: evil, verdict: Some((evil, evil)), ..ABOUT };
    let page = html(&about, &[step]);
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn figures_that_nobody_has_are_left_out_of_the_table() {
    let bare = StepResult { server: None, ..step(1, 500.0) };
    let page = html(&ABOUT, &[bare]);
    assert!(!page.contains("peak memory") && !page.contains(">Cores<"));
    assert!(html(&ABOUT, &steps()).contains("peak memory"));
}

#[test]
fn callers_who_come_at_random_are_named_by_their_rate() {
    let random = StepResult { calls_a_minute: Some(12.5), ..step(16, 600.0) };
    let page = html(&ABOUT, &[random]);
    assert!(page.contains("12.5 calls a minute are held") && page.contains(">calls a minute</text>"));
}

#[test]
fn a_load_that_is_no_question_of_capacity_has_a_verdict_of_its_own() {
    let about = About { verdict: Some(("99 % were answered", "Engines failed.")), ..ABOUT };
    let page = html(&about, &[StepResult { callers: 4, ..StepResult::default() }]);
    assert!(page.contains("<h1>99 % were answered</h1>") && page.contains("Engines failed."), "{page}");
    assert!(!page.contains("No load was held"), "{page}");
}
