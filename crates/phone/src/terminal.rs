//! Shows a call in a terminal, or without colours in a pipe: the conversation, a waterfall per turn, a
//! summary. Must not know how anything was measured.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Stream, Style};

use super::dial::Outcome;
use super::result::{CallResult, TurnResult};
use offhook_core::streams::native::HiddenWire;

/// The greatest width of a waterfall, in characters.
const BAR: f64 = 40.0;

/// The least milliseconds per character of a bar, so that turns can be compared by eye.
const SCALE_MS: f64 = 20.0;

/// The summary warns if the caller's own frames were later than this.
pub const LATE_MS: f64 = 20.0;

/// A number with its noun.
fn count(number: usize, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

fn paint(text: &str, style: Style) -> String {
    text.if_supports_color(Stream::Stdout, |text| text.style(style)).to_string()
}

/// The agent's greeting.
pub fn greeting(text: &str) -> String {
    format!("{}  {text}\n", paint("agent ", Style::new().green().bold()))
}

/// One turn: its words, and where the time went. `name` is the line's, shown if the server reports no
/// transcript; `before` is the turn before it, whose answer it may have cut.
pub fn turn(turn: &TurnResult, name: &str, before: Option<&TurnResult>) -> String {
    let mut out = String::from("\n");
    let heard = if turn.heard.is_empty() { &format!("({name})") } else { &turn.heard };
    let _ = writeln!(out, "{}  {heard}", paint("caller", Style::new().cyan().bold()));
    if !turn.reply.is_empty() {
        let cut = if turn.interrupted { " (cut)" } else { "" };
        let _ = writeln!(out, "{}  {}{cut}", paint("agent ", Style::new().green().bold()), turn.reply);
    }
    out.push_str(&waterfall(turn));
    if let Some(ms) = turn.silent_after_ms {
        let heard = before.map(|before| before.heard_by_caller.as_str()).filter(|heard| !heard.is_empty());
        let heard = heard.map_or_else(String::new, |heard| format!("; heard: \"{heard}\""));
        let _ = writeln!(out, "  cut in: silent after {ms:.0} ms{heard}");
    }
    if turn.hiccups > 0 {
        let times = if turn.hiccups == 1 { "once" } else { &format!("{} times", turn.hiccups) };
        let _ = writeln!(out, "  the agent stopped {times} for a sound and went on");
    }
    out
}

/// One row per stage, each beginning where the one before ended.
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
    if let Some(hidden) = hidden(&turn.hidden) {
        let _ = writeln!(out, "  {}", paint(&hidden, Style::new().dimmed()));
    }
    match turn.v2v_ms {
        Some(ms) => out.push_str(&row("stopwatch", ms, &"━".repeat(cells(ms, scale)), Style::new().yellow())),
        None => out.push_str(&format!("  {}\n", paint("no answer", Style::new().red().bold()))),
    }
    out
}

/// The work that the stages do not count, if there was any of at least half a millisecond.
fn hidden(work: &HiddenWire) -> Option<String> {
    let parts = [("stt", work.stt_ms), ("llm", work.llm_ms), ("tts", work.tts_ms)];
    let parts = parts.into_iter().filter_map(|(name, ms)| Some((name, ms.filter(|ms| *ms >= 0.5)?)));
    let parts: Vec<String> = parts.map(|(name, ms)| format!("{name} {ms:.0}")).collect();
    (!parts.is_empty()).then(|| format!("(hidden: {} ms)", parts.join(", ")))
}

fn row(label: &str, ms: f64, bar: &str, style: Style) -> String {
    format!("  {label:<14}{ms:>7.0} ms  {}\n", paint(bar, style))
}

fn cells(ms: f64, scale: f64) -> usize {
    (ms.max(0.0) / scale).round() as usize
}

/// The name of a stage for people.
pub fn label(stage: &str) -> &str {
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
pub fn summary(result: &CallResult, outcome: &Outcome) -> String {
    let mut out = String::from("\n");
    let answered = result.turns.len() - result.unanswered();
    let _ = write!(out, "{answered} of {} answered", count(result.turns.len(), "turn", "turns"));
    if outcome.stopped {
        out.push_str(" before the caller hung up");
    }
    if let Some((median, max)) = result.v2v() {
        let figures = format!("median {median:.0} ms, longest {max:.0} ms");
        let _ = write!(out, "; end of speech to answer: {}", paint(&figures, Style::new().bold()));
    }
    let told = outcome.summary.as_ref();
    if let Some(spread) = told.and_then(|told| told.latency.get("v2v_ms")) {
        let _ = write!(out, " (the server says {:.0} and {:.0})", spread.p50, spread.max);
    }
    let _ = write!(out, "; {}", count(result.glitches, "glitch", "glitches"));
    if let Some(slack) = result.frame_slack_ms {
        let _ = write!(
            out,
            ", the next frame came with {:.0} ms left to play (least {:.0})",
            slack.median, slack.least
        );
    }
    out.push('\n');
    if let Some((times, median, max)) = result.silent_after() {
        let figures = format!("median {median:.0} ms, longest {max:.0} ms");
        let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        let _ = writeln!(out, "cut in {times}; silent after: {}", paint(&figures, Style::new().bold()));
    }
    let (used, wasted) = result.speculation();
    if used + wasted > 0 {
        let _ = writeln!(out, "answers prepared ahead: {used} used, {wasted} wasted");
    }
    if let Some(reading) = result.reading() {
        let _ = writeln!(
            out,
            "prompt tokens left to read at the end of a turn: median {:.0}, most {:.0}; prefilled while the \
             caller spoke: {}, {} of them wasted",
            reading.left.0, reading.left.1, reading.ahead, reading.in_vain
        );
    }
    // The stopwatch is no more accurate than the caller's own frames.
    if outcome.late_ms > LATE_MS {
        let warning = format!(
            "one of the caller's own frames was {:.0} ms late while the stopwatch ran: times may be off by \
             this much",
            outcome.late_ms
        );
        let _ = writeln!(out, "{}", paint(&warning, Style::new().yellow()));
    }
    if !outcome.reported {
        let _ = writeln!(
            out,
            "{} carries no reports from a server that runs elsewhere: the words are in the recording",
            result.gateway
        );
    }
    let violations = result.violations.iter().map(|way| format!("the server broke the protocol: {way}"));
    for error in result.errors.iter().cloned().chain(violations) {
        let _ = writeln!(out, "{}", paint(&error, Style::new().red()));
    }
    let _ = writeln!(out, "recording: {} (left: caller, right: agent)", result.recording);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_core::streams::native::{SpeculationWire, SpreadWire, StagesWire, SummaryWire};

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
            ..TurnResult::default()
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
        assert!(turn(&silent, "1.wav", None).contains("no answer"));
    }

    #[test]
    fn a_turn_that_cut_in_tells_how_soon_the_agent_was_silent_and_what_was_heard() {
        let before = TurnResult { heard_by_caller: "We are open".into(), ..answered() };
        let cutting = TurnResult { silent_after_ms: Some(231.6), ..answered() };
        let text = turn(&cutting, "1.wav", Some(&before));
        assert!(text.contains("  cut in: silent after 232 ms; heard: \"We are open\"\n"), "{text}");
        assert!(turn(&cutting, "1.wav", None).ends_with("  cut in: silent after 232 ms\n"));
        assert!(!turn(&answered(), "1.wav", Some(&before)).contains("cut in"));
    }

    #[test]
    fn hidden_work_and_hiccups_are_told_if_there_are_any() {
        let hidden = HiddenWire { stt_ms: Some(45.2), llm_ms: Some(0.0), tts_ms: Some(28.0) };
        let text = turn(&TurnResult { hidden, hiccups: 2, ..answered() }, "1.wav", None);
        assert!(text.contains("  (hidden: stt 45, tts 28 ms)\n"), "{text}");
        assert!(text.contains("stopped 2 times for a sound"), "{text}");
        let text = turn(&answered(), "1.wav", None);
        assert!(!text.contains("hidden") && !text.contains("stopped"), "{text}");
    }

    #[test]
    fn the_summary_tells_what_counts() {
        let silent = TurnResult {
            turn: 2,
            v2v_ms: None,
            silent_after_ms: Some(240.0),
            speculation: SpeculationWire::Used,
            ..answered()
        };
        let result = CallResult {
            gateway: "vonage",
            turns: vec![answered(), silent],
            glitches: 1,
            errors: vec!["tts_failed: no voice".into()],
            violations: vec!["short audio".into()],
            ..CallResult::default()
        };
        let spread = SpreadWire { p50: 480.0, max: 480.0, ..SpreadWire::default() };
        let told = SummaryWire { latency: [("v2v_ms".to_owned(), spread)].into(), ..SummaryWire::default() };
        let outcome = Outcome { late_ms: 3.0, reported: true, summary: Some(told), ..Outcome::default() };
        let text = summary(&result, &outcome);
        assert!(text.contains("1 of 2 turns answered"), "{text}");
        assert!(text.contains("median 490 ms") && text.contains("the server says 480 and 480"), "{text}");
        assert!(text.contains("; 1 glitch\n") && text.contains("tts_failed: no voice"), "{text}");
        assert!(text.contains("cut in once; silent after: median 240 ms, longest 240 ms"), "{text}");
        assert!(text.contains("answers prepared ahead: 1 used, 0 wasted"), "{text}");
        assert!(text.contains("the server broke the protocol: short audio"), "{text}");
        assert!(!text.contains("late") && !text.contains("no reports"));
    }

    #[test]
    fn a_line_without_reports_shows_what_the_caller_measured_and_nothing_else() {
        let heard = TurnResult { turn: 1, v2v_ms: Some(400.0), ..TurnResult::default() };
        let text = turn(&heard, "2.wav", None);
        assert_eq!(text, format!("\ncaller  (2.wav)\n  stopwatch         400 ms  {}\n", "━".repeat(20)));
        let result = CallResult { gateway: "vonage", turns: vec![heard], ..CallResult::default() };
        let text = summary(&result, &Outcome::default());
        assert!(text.contains("vonage carries no reports"), "{text}");
        assert!(!text.contains("the server says") && !text.contains("prepared"), "{text}");
    }
}
