//! How a call looks in a terminal, and without colours in a pipe: the conversation, a waterfall per
//! turn, a summary. Must not know how anything was measured.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Stream, Style};

use super::dial::Outcome;
use super::result::{CallResult, TurnResult};

/// Width of a waterfall, in characters, at most.
const BAR: f64 = 40.0;

/// Milliseconds a character of a bar stands for, at least: so that turns can be compared by eye.
const SCALE_MS: f64 = 20.0;

/// A caller that is later than this says so.
pub(super) const LATE_MS: f64 = 20.0;

fn paint(text: &str, style: Style) -> String {
    text.if_supports_color(Stream::Stdout, |text| text.style(style)).to_string()
}

/// The agent's greeting.
pub(super) fn greeting(text: &str) -> String {
    format!("{}  {text}\n", paint("agent ", Style::new().green().bold()))
}

/// One turn: who said what, and where the time went.
pub(super) fn turn(turn: &TurnResult) -> String {
    let mut out = String::from("\n");
    let heard = if turn.heard.is_empty() { "(the server does not tell what it heard)" } else { &turn.heard };
    let _ = writeln!(out, "{}  {heard}", paint("caller", Style::new().cyan().bold()));
    if !turn.reply.is_empty() {
        let cut = if turn.interrupted { " (cut)" } else { "" };
        let _ = writeln!(out, "{}  {}{cut}", paint("agent ", Style::new().green().bold()), turn.reply);
    }
    out.push_str(&waterfall(turn));
    out
}

/// One row a stage, each beginning where the one before ended.
fn waterfall(turn: &TurnResult) -> String {
    let mut out = String::new();
    let total = turn.stages.total();
    let scale = SCALE_MS.max(total.unwrap_or(0.0).max(turn.v2v_ms.unwrap_or(0.0)) / BAR);
    let mut passed = 0.0;
    if total.is_some() {
        out.push_str(&row("end of speech", 0.0, "|", Style::new()));
    }
    for (name, ms) in turn.stages.named() {
        let Some(ms) = ms else { continue };
        let (from, to) = (cells(passed, scale), cells(passed + ms, scale));
        let bar = if to > from { "█".repeat(to - from) } else { "▏".to_owned() };
        out.push_str(&row(label(name), ms, &format!("{}{bar}", " ".repeat(from)), Style::new().blue()));
        passed += ms;
    }
    if let Some(total) = total {
        out.push_str(&row("server's sum", total, &"─".repeat(cells(total, scale)), Style::new().dimmed()));
    }
    match turn.v2v_ms {
        Some(ms) => out.push_str(&row("stopwatch", ms, &"━".repeat(cells(ms, scale)), Style::new().yellow())),
        None => out.push_str(&format!("  {}\n", paint("no answer", Style::new().red().bold()))),
    }
    out
}

fn row(label: &str, ms: f64, bar: &str, style: Style) -> String {
    format!("  {label:<14}{ms:>7.0} ms  {}\n", paint(bar, style))
}

fn cells(ms: f64, scale: f64) -> usize {
    (ms.max(0.0) / scale).round() as usize
}

/// What people call a stage.
pub(super) fn label(stage: &str) -> &str {
    match stage {
        "endpoint_ms" => "endpoint",
        "stt_ms" => "transcript",
        "llm_first_token_ms" => "first token",
        "tts_first_audio_ms" => "first audio",
        "first_frame_ms" => "first frame",
        other => other,
    }
}

/// The end of the call.
pub(super) fn summary(result: &CallResult, outcome: &Outcome) -> String {
    let mut out = String::from("\n");
    let answered = result.turns.len() - result.unanswered();
    let _ = write!(out, "{answered} of {} turns answered", result.turns.len());
    if let Some((median, max)) = result.v2v() {
        let figures = format!("median {median:.0} ms, longest {max:.0} ms");
        let _ = write!(out, "; end of speech to answer: {}", paint(&figures, Style::new().bold()));
    }
    let told = outcome.summary.as_ref();
    if let Some(spread) = told.and_then(|told| told.latency.get("v2v_ms")) {
        let _ = write!(out, " (the server says {:.0} and {:.0})", spread.p50, spread.max);
    }
    let _ = write!(out, "; {} glitches", result.glitches);
    if let Some(slack) = result.frame_slack_ms {
        let _ = write!(
            out,
            ", the next frame came with {:.0} ms left to play (least {:.0})",
            slack.median, slack.least
        );
    }
    out.push('\n');
    // The stopwatch is no better than the caller's own frames.
    if outcome.late_ms > LATE_MS {
        let warning = format!(
            "one of the caller's own frames was {:.0} ms late: times may be off by as much",
            outcome.late_ms
        );
        let _ = writeln!(out, "{}", paint(&warning, Style::new().yellow()));
    }
    let told_errors = told.map(|told| told.errors.as_slice()).unwrap_or_default();
    let told_errors = told_errors.iter().map(|error| format!("{}: {}", error.code, error.message));
    for error in outcome.errors.iter().cloned().chain(told_errors) {
        let _ = writeln!(out, "{}", paint(&error, Style::new().red()));
    }
    let _ = writeln!(out, "recording: {} (left: caller, right: agent)", result.recording);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::native::{ErrorWire, SpreadWire, StagesWire, SummaryWire};

    fn answered() -> TurnResult {
        TurnResult {
            turn: 1,
            heard: "when do you open".into(),
            reply: "At nine.".into(),
            v2v_ms: Some(490.0),
            stages: StagesWire {
                endpoint_ms: Some(320.0),
                stt_ms: Some(100.0),
                llm_first_token_ms: Some(0.0),
                tts_first_audio_ms: Some(40.0),
                first_frame_ms: Some(20.0),
            },
            interrupted: false,
        }
    }

    #[test]
    fn the_stages_are_aligned_and_follow_each_other() {
        let text = waterfall(&answered());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], format!("  endpoint          320 ms  {}", "█".repeat(16)));
        assert_eq!(lines[2], format!("  transcript        100 ms  {}{}", " ".repeat(16), "█".repeat(5)));
        assert_eq!(lines[3], format!("  first token         0 ms  {}▏", " ".repeat(21)));
        assert_eq!(lines[6], format!("  server's sum      480 ms  {}", "─".repeat(24)));
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn a_turn_without_an_answer_says_so() {
        let silent = TurnResult { v2v_ms: None, stages: StagesWire::default(), ..answered() };
        assert!(turn(&silent).contains("no answer"));
    }

    #[test]
    fn the_summary_tells_what_counts() {
        let silent = TurnResult { turn: 2, v2v_ms: None, ..answered() };
        let result = CallResult {
            call_id: "c".into(),
            turns: vec![answered(), silent],
            glitches: 1,
            frame_slack_ms: None,
            recording: "calls/c.wav".into(),
        };
        let spread = SpreadWire { p50: 480.0, max: 480.0, ..SpreadWire::default() };
        let told = SummaryWire {
            latency: [("v2v_ms".to_owned(), spread)].into(),
            errors: vec![ErrorWire { code: "tts_failed".into(), message: "no voice".into() }],
            ..SummaryWire::default()
        };
        let outcome = Outcome { late_ms: 3.0, summary: Some(told), ..Outcome::default() };
        let text = summary(&result, &outcome);
        assert!(text.contains("1 of 2 turns answered"), "{text}");
        assert!(text.contains("median 490 ms") && text.contains("the server says 480 and 480"), "{text}");
        assert!(text.contains("1 glitches") && text.contains("tts_failed: no voice"), "{text}");
        assert!(!text.contains("late"));
    }
}
