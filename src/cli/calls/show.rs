//! A call as a picture in a terminal: who said what and when, and where the time of each answer went. In a
//! pipe the same without colours, with a letter for each stage. Must not know how calls are found.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Stream, Style};

use super::times::{length, told};
use super::words::{NOT_KEPT, plain};
use crate::records::{Call, Event, FullCall, Turn};
use crate::report::{AfterCall, AfterState};

/// The width of the longest waterfall, in characters.
const BAR: f64 = 48.0;

/// The stages in the order they happen: their key, their name, their letter.
const STAGES: [(&str, &str, char); 5] = [
    ("endpoint_ms", "endpoint", 'e'),
    ("stt_ms", "transcript", 's'),
    ("llm_first_token_ms", "first token", 'l'),
    ("tts_first_audio_ms", "first audio", 'v'),
    ("first_frame_ms", "first frame", 'f'),
];

fn style(stage: usize) -> Style {
    match stage {
        0 => Style::new().bright_black(),
        1 => Style::new().cyan(),
        2 => Style::new().blue(),
        3 => Style::new().magenta(),
        _ => Style::new().yellow(),
    }
}

fn paint(text: &str, style: Style) -> String {
    text.if_supports_color(Stream::Stdout, |text| text.style(style)).to_string()
}

fn dim(text: &str) -> String {
    paint(text, Style::new().dimmed())
}

/// Draws a call.
pub(super) fn draw(whole: &FullCall) -> String {
    let FullCall { call, turns, events } = whole;
    let mut out = head(call);
    let longest = turns.iter().filter_map(|turn| turn.answer_ms.or(turn.v2v_ms)).fold(0.0, f64::max);
    let scale = (longest / BAR).max(1.0);
    if longest > 0.0 {
        let legend = STAGES
            .iter()
            .enumerate()
            .map(|(i, (_, name, letter))| paint(&format!("{letter} {name}"), style(i)));
        let _ = writeln!(out, "{} {}", dim("where the time went:"), legend.collect::<Vec<_>>().join(", "));
    }
    let mut events = events.iter().peekable();
    for turn in turns {
        while let Some(event) = events.next_if(|event| event.at <= turn.at) {
            out.push_str(&happened(call, event));
        }
        out.push('\n');
        out.push_str(&drawn(turn, scale));
    }
    events.for_each(|event| out.push_str(&happened(call, event)));
    out.push_str(&foot(call));
    out
}

fn head(call: &Call) -> String {
    let mut out = String::new();
    let number = paint(&format!("#{}", call.id), Style::new().bold());
    let _ = writeln!(out, "{number}  {}", plain(&call.call_id));
    let parties = [("from", &call.caller), ("to", &call.called)];
    let parties =
        parties.into_iter().filter_map(|(word, who)| Some(format!(" {word} {}", plain(who.as_deref()?))));
    let _ = writeln!(out, "{}, {}{}", told(call.started_at), call.gateway, parties.collect::<String>());
    let lasted = call.duration_ms.map_or_else(|| "still running".to_owned(), length);
    let _ = writeln!(out, "{lasted}, {}", plain(call.end_reason.as_deref().unwrap_or("not over")));
    for (key, value) in &call.data {
        let _ = writeln!(out, "{} {}", dim(&format!("{}:", plain(key))), plain(value));
    }
    out.push_str(&after(&call.after_call));
    out
}

/// What was made of the call after its end.
fn after(made: &AfterCall) -> String {
    let mut out = String::new();
    match made.state {
        AfterState::None | AfterState::Done => {}
        AfterState::Pending => {
            let _ = writeln!(out, "{}", dim("its summary is still to be made"));
        }
        AfterState::Failed => {
            let reason = plain(made.reason.as_deref().unwrap_or("for an unknown reason"));
            let _ =
                writeln!(out, "{} {reason}", paint("not summarised, or not as a whole:", Style::new().red()));
        }
    }
    if let Some(summary) = &made.summary {
        let _ = writeln!(out, "{} {}", dim("summary:"), plain(summary));
    }
    for (name, value) in made.fields.iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(out, "{} {}", dim(&format!("{}:", plain(name))), plain(&value));
    }
    out
}

fn drawn(turn: &Turn, scale: f64) -> String {
    let mut out = String::new();
    let when = turn.speech_end_ms.map_or_else(String::new, length);
    let caller = paint("caller", Style::new().cyan().bold());
    let agent = paint("agent ", Style::new().green().bold());
    match turn.heard.as_deref() {
        Some("") => {}
        Some(heard) => {
            let _ = writeln!(out, "{when:>7}  {caller}  {}", plain(heard));
        }
        None if turn.turn > 0 => {
            let _ = writeln!(out, "{when:>7}  {caller}  {}", dim(NOT_KEPT));
        }
        None => {}
    }
    let mut notes = Vec::new();
    if turn.interrupted {
        notes.push("cut by the caller".to_owned());
    }
    if turn.failed {
        notes.push("an engine failed".to_owned());
    }
    if turn.rung > 0 {
        notes.push(format!("answered by the stand-in {}", plain(&turn.model)));
    }
    if let Some(by) = &turn.cached {
        notes.push(format!("given before: {} question", if by == "exact" { "the same" } else { "a like" }));
    }
    if !turn.sources.is_empty() {
        notes.push(format!("from {}", plain(&turn.sources.join(", "))));
    }
    if turn.hiccups > 0 {
        notes.push(format!("{} false interruptions", turn.hiccups));
    }
    let notes = if notes.is_empty() { String::new() } else { dim(&format!("  ({})", notes.join("; "))) };
    let reply = turn.reply.as_deref().map_or_else(|| dim(NOT_KEPT), plain);
    if !reply.is_empty() || !notes.is_empty() {
        let _ = writeln!(out, "{:>7}  {agent}  {reply}{notes}", "");
    }
    let answer = &turn.stages.answer;
    if let Some(v2v) = turn.v2v_ms {
        let sound = if answer.is_empty() { "" } else { " to the filler" };
        out.push_str(&waterfall(&turn.stages.first_sound, v2v, scale, sound));
    }
    if let Some(ms) = turn.answer_ms.filter(|_| !answer.is_empty()) {
        out.push_str(&waterfall(answer, ms, scale, " to the answer"));
    }
    out
}

/// The stages as one bar, and their milliseconds.
fn waterfall(stages: &std::collections::BTreeMap<String, f64>, total: f64, scale: f64, to: &str) -> String {
    let (mut bar, mut passed, mut drawn) = (String::new(), 0.0, 0);
    let mut told = Vec::new();
    for (i, (key, _, letter)) in STAGES.iter().enumerate() {
        let Some(ms) = stages.get(*key) else { continue };
        passed += ms;
        let until = (passed / scale).round() as usize;
        let width = until.saturating_sub(drawn);
        drawn = until.max(drawn);
        bar.push_str(&paint(&letter.to_string().repeat(width), style(i).bold()));
        if *ms >= 0.5 {
            told.push(format!("{letter} {ms:.0}"));
        }
    }
    format!("{:>7}  {:>4.0} ms{to}  {bar}  {}\n", "", total, dim(&told.join(" + ")))
}

fn happened(call: &Call, event: &Event) -> String {
    let since = length((event.at - call.started_at) as f64);
    let style = match event.kind.as_str() {
        "note" => Style::new().green(),
        "disclosed" | "tool" => Style::new().dimmed(),
        _ => Style::new().red(),
    };
    let what = format!("{} {}", event.kind, event.code);
    format!("{since:>7}  {}  {}\n", paint(&what, style), plain(&event.message))
}

fn foot(call: &Call) -> String {
    let mut out = String::from("\n");
    if let Some(v2v) = call.latency.get("v2v_ms") {
        let _ = writeln!(
            out,
            "{} turns, answered in {:.0} ms (median), {:.0} ms at most",
            call.turns, v2v.p50, v2v.max
        );
    } else {
        let _ = writeln!(out, "{} turns", call.turns);
    }
    let counted = [
        (call.interruptions, "interruption", "interruptions"),
        (call.hiccups, "false interruption", "false interruptions"),
        (call.drafts.used, "draft used", "drafts used"),
        (call.drafts.thrown_away, "draft thrown away", "drafts thrown away"),
        (call.fillers, "filler", "fillers"),
        (call.stand_ins, "answer of a stand-in", "answers of a stand-in"),
        (call.fallbacks, "fallback phrase", "fallback phrases"),
    ];
    let counted: Vec<String> = counted
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more)| format!("{count} {}", if *count == 1 { one } else { more }))
        .collect();
    if !counted.is_empty() {
        let _ = writeln!(out, "{}", counted.join(", "));
    }
    let (audio, tokens) =
        (call.caller_audio_s + call.agent_audio_s, call.tokens.prompt + call.tokens.generated);
    let _ = writeln!(out, "{audio:.0} s of audio, {tokens} tokens, {:.2} s of a core", call.cpu_s);
    if let Some(file) = &call.recording {
        let _ = writeln!(out, "recording: {file}");
    }
    if let Some(file) = &call.trace {
        let _ = writeln!(out, "trace: {file}");
    }
    out
}
