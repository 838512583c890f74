//! A trace as a conversation to read: who said what and when, how soon each answer came, and what happened in
//! between. PURE. Must not know how decisions are made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::ids::{ChunkId, TurnId};
use crate::report::TurnReport;
use crate::turns::trace::{Line, What};
use crate::turns::{Action, Event};
use crate::units::CallTime;

/// A line of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    at: CallTime,
    who: &'static str,
    what: String,
}

const CALLER: &str = "caller";
const AGENT: &str = "agent";
/// An event that nobody said.
const CALL: &str = "";

/// The sounds before a turn is reported.
#[derive(Debug, Default)]
struct Sounds {
    /// Starts of the caller's speech that belong to no turn yet.
    caller: Vec<CallTime>,
    /// The turn of each chunk, and the time at which the first chunk of each turn played.
    turn_of: BTreeMap<ChunkId, TurnId>,
    agent: BTreeMap<TurnId, CallTime>,
}

/// Draws a trace: a line for everything that was said or happened, in order of its start.
pub(super) fn draw(lines: &[Line]) -> String {
    let mut entries = entries(lines);
    entries.sort_by_key(|entry| entry.at);
    let mut out = String::new();
    for Entry { at, who, what } in entries {
        let _ = writeln!(out, "{:>9.2} s  {who:<6}  {what}", at.millis_after(CallTime::ZERO) / 1000.0);
    }
    out
}

fn entries(lines: &[Line]) -> Vec<Entry> {
    let mut sounds = Sounds::default();
    let mut entries = Vec::new();
    for Line { at, what } in lines {
        let mut tell = |what: &str| entries.push(Entry { at: *at, who: CALL, what: what.to_owned() });
        match what {
            What::Event(event) => match event {
                Event::SpeechStarted { at } => sounds.caller.push(*at),
                Event::ChunkStarted { chunk, plays_at } => {
                    if let Some(turn) = sounds.turn_of.get(chunk) {
                        sounds.agent.entry(*turn).or_insert(*plays_at);
                    }
                }
                Event::Key { key } => tell(&format!("the caller presses {key}")),
                Event::LineStalled => tell("the caller's audio has stalled"),
                Event::LineCaughtUp => tell("the caller's audio has caught up"),
                Event::TranscriptionFailed { .. } => tell("a transcription was cancelled, or failed"),
                Event::GenerationFailed { .. } => tell("the language model failed"),
                Event::SynthesisFailed { .. } => tell("the voice failed"),
                Event::ChunkStalled { lasting, .. } => {
                    tell(&format!("the voice stood still for {} ms", lasting.as_millis()));
                }
                Event::InterruptRequested => tell("the client asks the agent to be quiet"),
                Event::Remembered { role, text } => {
                    tell(&format!("a line that nobody says now, {role:?}: {text}"))
                }
                Event::AnswerRequested { instructions } if instructions.is_empty() => {
                    tell("the client asks for an answer");
                }
                Event::AnswerRequested { instructions } => {
                    tell(&format!("the client asks for an answer: {instructions}"));
                }
                Event::Instructed { .. } => tell("the agent gets other instructions"),
                Event::ToolsGiven { tools, system_prompt: _ } => {
                    tell(&format!("the agent has {} tools", tools.all.len()))
                }
                Event::ToolsRefused { .. } => tell("the language model cannot be held to the tools"),
                Event::ToolReturned { call, output } | Event::ToolDone { call, output, .. } => {
                    tell(&format!("{call} brought: {output}"))
                }
                Event::Informed { text } => tell(&format!("the agent learns: {text}")),
                Event::SayRequested { text } => tell(&format!("the agent is to say: {text}")),
                Event::HeardNoMoreThan { lasting } => {
                    tell(&format!("the client says that {} ms of the reply were heard", lasting.as_millis()));
                }
                Event::AgentChanged { .. } => tell("another agent goes on"),
                Event::ModelsSwitched => tell("another language model is in use"),
                Event::ReplyWords { most } => tell(&format!("replies have {most} words at most")),
                Event::CallStarted
                | Event::SpeechSustained { .. }
                | Event::SpeechEnded { .. }
                | Event::Transcribed { .. }
                | Event::EndOfTurnScore { .. }
                | Event::ReadAhead { .. }
                | Event::Token { .. }
                | Event::GenerationDone { .. }
                | Event::ChunkReady { .. }
                | Event::MarkSent { .. }
                | Event::MarkPlayed { .. } => {}
            },
            What::Action(action) => match action {
                Action::Speak { turn, chunk, .. } => {
                    sounds.turn_of.insert(*chunk, *turn);
                }
                Action::Pause => tell("the agent pauses for a sound"),
                Action::HangUp { why } => tell(&format!("hung up: {why}")),
                Action::TimedOut { on } => tell(on.message()),
                Action::PromptTooLong { .. } => tell("the instructions are too long, and the old ones stay"),
                Action::CallTools { calls, .. } => calls.iter().for_each(|called| {
                    tell(&format!(
                        "the agent calls {} as {}: {}",
                        called.call.name, called.id, called.call.arguments
                    ));
                }),
                Action::RunTool { call, .. } => tell(&format!(
                    "the agent calls its tool {} as {}: {}",
                    call.call.name, call.id, call.call.arguments
                )),
                Action::CancelTool { call } => tell(&format!("{call} is cancelled: the caller has the turn")),
                Action::NotSaid { text } => tell(&format!("not said, because too much waits: {text}")),
                Action::TurnReport(report) => entries.extend(turn(report, *at, &mut sounds)),
                Action::OpenUtterance { .. }
                | Action::CommitUtterance { .. }
                | Action::Transcribe { .. }
                | Action::TranscribePiece { .. }
                | Action::Hearing { .. }
                | Action::CloseUtterance { .. }
                | Action::Generate { .. }
                | Action::Release { .. }
                | Action::StopGenerating { .. }
                | Action::Cancel { .. }
                | Action::Prefill { .. }
                | Action::Rebuild { .. }
                | Action::Send { .. }
                | Action::ClearPlayback => {}
            },
            What::Ended => tell("the call is over"),
            What::Missing(lines) => tell(&format!("{lines} lines of the trace are missing")),
            What::Trace(_) | What::Deadline(_) | What::Counted(_) => {}
        }
    }
    entries
}

/// The caller's words and the agent's answer. `now` is the end of the turn.
fn turn(report: &TurnReport, now: CallTime, sounds: &mut Sounds) -> Vec<Entry> {
    let mut said = Vec::new();
    let end = report.speech_end.unwrap_or(now);
    let began = sounds.caller.iter().copied().find(|at| *at <= end).unwrap_or(end);
    sounds.caller.retain(|at| *at > end);
    if !report.heard.is_empty() {
        said.push(Entry { at: began, who: CALLER, what: report.heard.clone() });
    }
    if !report.reply.is_empty() {
        let at = sounds.agent.get(&report.turn).copied().unwrap_or(now);
        let mut notes = Vec::new();
        if let Some(stages) = report.stages {
            notes.push(format!("after {:.0} ms", stages.total_ms()));
        }
        if report.interrupted {
            notes.push("cut off".to_owned());
        }
        if report.failed {
            notes.push("an engine failed".to_owned());
        }
        let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        said.push(Entry { at, who: AGENT, what: format!("{}{notes}", report.reply) });
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Stages;

    fn at(ms: u64) -> CallTime {
        CallTime::from_millis(ms)
    }

    fn event(ms: u64, event: Event) -> Line {
        Line { at: at(ms), what: What::Event(event) }
    }

    fn action(ms: u64, action: Action) -> Line {
        Line { at: at(ms), what: What::Action(action) }
    }

    /// Fault: a trace could be replayed, but not read.
    #[test]
    fn a_trace_is_drawn_as_a_conversation_with_times() {
        let (turn, chunk) = (TurnId(1), ChunkId(1));
        let greeting = TurnReport { reply: "Hello.".into(), ..TurnReport::default() };
        let answer = TurnReport {
            turn,
            heard: "When do you open?".into(),
            reply: "At nine.".into(),
            speech_end: Some(at(3000)),
            stages: Some(Stages { endpoint_ms: 250.0, first_frame_ms: 5.0, ..Stages::default() }),
            interrupted: true,
            ..TurnReport::default()
        };
        let lines = [
            action(
                0,
                Action::Speak { turn: TurnId(0), chunk: ChunkId(0), text: "Hello.".into(), urgent: false },
            ),
            event(20, Event::ChunkStarted { chunk: ChunkId(0), plays_at: at(40) }),
            action(900, Action::TurnReport(Box::new(greeting))),
            event(2060, Event::SpeechStarted { at: at(2000) }),
            action(3200, Action::Speak { turn, chunk, text: "At nine.".into(), urgent: false }),
            event(3250, Event::ChunkStarted { chunk, plays_at: at(3260) }),
            event(3700, Event::SpeechStarted { at: at(3600) }),
            action(3800, Action::Pause),
            action(4200, Action::TurnReport(Box::new(answer))),
            event(5000, Event::Key { key: '1' }),
            Line { at: at(6000), what: What::Ended },
        ];
        let drawn = draw(&lines);
        let expected = [
            "     0.04 s  agent   Hello.",
            "     2.00 s  caller  When do you open?",
            "     3.26 s  agent   At nine.  (after 255 ms, cut off)",
            "     3.80 s          the agent pauses for a sound",
            "     5.00 s          the caller presses 1",
            "     6.00 s          the call is over",
        ];
        assert_eq!(drawn.lines().collect::<Vec<_>>(), expected);
    }
}
