//! Properties of every call, whatever happens in it and in whatever order. The default is 10,000 cases each.
//! A longer run: `PROPTEST_CASES=1000000 cargo test -p offhook-core --release --test main property`.

mod against_a_model;
mod failing;
mod whole_calls;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_core::dialogue::tools::{ToolChoice, Tools};
use offhook_core::dialogue::{CountTokens, Role};
use offhook_core::ids::{Asked, ChunkId, MarkId, ReadingId, ToolCallId, TurnId, UtteranceId};
use offhook_core::turns::replay::Trace;
use offhook_core::turns::trace::{Counted, Head, Line, VERSION, What};
use offhook_core::turns::{Action, Conversation, Event, Settings};
use offhook_core::units::CallTime;
use proptest::prelude::*;

use crate::support::cases::cases;
use crate::support::settings::{everything, own_tools, tools};
use crate::support::simulation::words;

/// A call of a tool, as a model writes it.
const CALL: &str = "<tool_call>\n{\"name\": \"book\", \"arguments\": {}}\n</tool_call>";

/// Any event, with ids that may be right, stale or invented.
fn any_event() -> impl Strategy<Value = Event> {
    let id = 0..6u32;
    let text = prop_oneof![
        Just(""),
        Just("Hello there. "),
        Just("my number is"),
        Just("No."),
        Just("mm-hm"),
        Just("**x, "),
        Just("<tool_"),
        Just(CALL),
    ];
    (0..33u8, id.clone(), 0..4u32, text, 0..3000u64).prop_map(|(kind, id, pass, text, ms)| {
        let at = CallTime::from_millis(ms * 10);
        let text = text.to_owned();
        match kind {
            0 => Event::CallStarted,
            1 => Event::SpeechStarted { at },
            2 => Event::SpeechSustained { level: -20.0, echo: (ms % 5 == 0).then_some(-10.0) },
            3 | 4 => Event::SpeechEnded { at },
            5 => Event::Transcribed {
                utterance: UtteranceId(id),
                pass,
                heard_until: at,
                text,
                doubtful: ms % 3 == 0,
            },
            6 => Event::TranscriptionFailed { utterance: UtteranceId(id), pass },
            7 => Event::Token { turn: TurnId(id), text },
            8 => Event::GenerationDone { turn: TurnId(id), usage: None },
            9 => Event::GenerationFailed { turn: TurnId(id) },
            10 => Event::ChunkReady {
                chunk: ChunkId(id),
                duration: Duration::from_millis(ms),
                words: Vec::new(),
                more: ms % 3 == 0,
            },
            11 => Event::ChunkStarted { chunk: ChunkId(id), plays_at: at },
            12 => Event::LineStalled,
            13 => Event::LineCaughtUp,
            14 => Event::InterruptRequested,
            15 => Event::Key { key: if ms % 4 == 0 { '#' } else { '5' } },
            16 => Event::MarkSent { mark: MarkId(id), due: at },
            17 => Event::EndOfTurnScore {
                asked: if ms % 2 == 0 { Asked::Turn(TurnId(id)) } else { Asked::Reading(ReadingId(id)) },
                probability: ms as f32 / 3000.0,
            },
            18 => Event::ReadAhead { reading: ReadingId(id), done: ms % 3 != 0 },
            19 => Event::ModelsSwitched,
            20 => Event::ChunkStalled { chunk: ChunkId(id), lasting: Duration::from_millis(ms) },
            21 => Event::ReplyWords { most: 5 },
            // Lines of the agent's would be words that were never sent.
            22 => Event::Remembered { role: Role::User, text },
            23 => Event::AnswerRequested { instructions: text },
            24 => Event::Instructed { system_prompt: text.repeat((ms % 40) as usize) },
            25 => Event::Informed { text },
            26 => Event::SayRequested { text },
            28 => Event::ToolsGiven {
                tools: match ms % 4 {
                    0 => tools(ToolChoice::None),
                    1 => tools(ToolChoice::Auto),
                    _ => own_tools(),
                },
                system_prompt: (ms % 3 == 0).then(|| text.repeat((ms % 40) as usize)),
            },
            31 => Event::AgentChanged {
                settings: Box::new(Settings {
                    system_prompt: text.repeat((ms % 40) as usize),
                    tools: if ms % 2 == 0 { own_tools() } else { Tools::default() },
                    ..everything()
                }),
            },
            30 => Event::ToolDone { call: ToolCallId(id), output: text, failed: ms % 2 == 0 },
            29 => Event::ToolReturned { call: ToolCallId(id), output: text },
            27 => Event::HeardNoMoreThan { lasting: Duration::from_millis(ms) },
            _ => Event::MarkPlayed { mark: MarkId(id) },
        }
    })
}

/// Plays events 50 ms apart, with the deadlines in between. Returns all actions.
fn play(events: &[Event]) -> Vec<Action> {
    let mut conversation = Conversation::new(everything(), words());
    let mut actions = Vec::new();
    for (i, event) in events.iter().enumerate() {
        let now = CallTime::from_millis(i as u64 * 50);
        conversation.handle(now, event.clone());
        drain(&mut conversation, &mut actions);
        for _ in 0..10 {
            conversation.handle_timeout(now);
            drain(&mut conversation, &mut actions);
        }
    }
    actions
}

/// A counter that tells what it counted.
fn told(lines: &Arc<Mutex<Vec<Line>>>) -> CountTokens {
    let (lines, count) = (Arc::clone(lines), words());
    CountTokens::new(move |text| {
        let counted = Counted { text: text.to_owned(), tokens: count.of(text) };
        lines.lock().unwrap().push(Line { at: CallTime::ZERO, what: What::Counted(counted) });
        count.of(text)
    })
}

fn drain(conversation: &mut Conversation, actions: &mut Vec<Action>) {
    let before = actions.len();
    while let Some(action) = conversation.poll_action() {
        actions.push(action);
        assert!(actions.len() - before < 200, "actions do not end");
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn nothing_of_a_turn_is_sent_after_its_cancel(events in prop::collection::vec(any_event(), 0..80)) {
        let mut of_cancelled = BTreeSet::new();
        let mut spoken: Vec<(TurnId, ChunkId)> = Vec::new();
        for action in play(&events) {
            match action {
                // Chunks after the cancel are allowed: the fallback phrase is spoken in the cancelled turn.
                Action::Cancel { turn } => {
                    of_cancelled.extend(spoken.iter().filter(|(of, _)| *of == turn).map(|(_, chunk)| *chunk));
                }
                Action::Speak { turn, chunk, .. } => spoken.push((turn, chunk)),
                Action::Send { chunk, .. } => prop_assert!(!of_cancelled.contains(&chunk)),
                _ => {}
            }
        }
    }

    #[test]
    fn the_same_events_give_the_same_actions(events in prop::collection::vec(any_event(), 0..80)) {
        prop_assert_eq!(play(&events), play(&events));
    }

    #[test]
    fn the_history_never_holds_a_word_that_was_not_sent(events in prop::collection::vec(any_event(), 0..80)) {
        let mut conversation = Conversation::new(everything(), words());
        let mut sent = BTreeSet::new();
        let mut texts = std::collections::BTreeMap::new();
        for (i, event) in events.iter().enumerate() {
            let now = CallTime::from_millis(i as u64 * 50);
            conversation.handle(now, event.clone());
            conversation.handle_timeout(now);
            while let Some(action) = conversation.poll_action() {
                match action {
                    Action::Speak { chunk, text, .. } => { texts.insert(chunk, text); }
                    Action::Send { chunk, .. } => { sent.extend(texts[&chunk].split(' ').map(str::to_owned)); }
                    _ => {}
                }
            }
        }
        let lines = conversation.history().lines();
        for line in lines.filter(|line| line.role == Role::Assistant) {
            for word in line.text.split(CALL).flat_map(str::split_whitespace) {
                prop_assert!(sent.contains(word), "{word} was never sent");
            }
        }
    }

    #[test]
    fn every_generation_ends_before_another_begins(events in prop::collection::vec(any_event(), 0..80)) {
        let mut conversation = Conversation::new(everything(), words());
        let mut open: Option<TurnId> = None;
        for (i, event) in events.iter().enumerate() {
            let now = CallTime::from_millis(i as u64 * 50);
            if let Event::GenerationDone { turn, usage: _ } | Event::GenerationFailed { turn } = event
                && open == Some(*turn)
            {
                open = None;
            }
            conversation.handle(now, event.clone());
            conversation.handle_timeout(now);
            while let Some(action) = conversation.poll_action() {
                match action {
                    Action::Generate { turn, .. } => {
                        prop_assert_eq!(open, None, "a second generation began beside another");
                        open = Some(turn);
                    }
                    Action::Cancel { turn } | Action::StopGenerating { turn } if open == Some(turn) => open = None,
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn no_prompt_exceeds_the_budget(events in prop::collection::vec(any_event(), 0..80), budget in 20..120usize) {
        let mut conversation = Conversation::new(Settings { prompt_tokens: budget, ..everything() }, words());
        for (i, event) in events.iter().enumerate() {
            let now = CallTime::from_millis(i as u64 * 50);
            conversation.handle(now, event.clone());
            conversation.handle_timeout(now);
            while let Some(action) = conversation.poll_action() {
                if let Action::Generate { messages, .. }
                | Action::Prefill { messages, .. }
                | Action::Rebuild { messages, .. } = action {
                    let tokens: usize = messages.iter().map(|m| m.text.split_whitespace().count() + 8).sum();
                    prop_assert!(tokens <= budget, "{tokens} of {budget}");
                }
            }
        }
    }

    #[test]
    fn a_trace_that_is_played_again_gives_the_same_actions(events in prop::collection::vec(any_event(), 0..80)) {
        let counted = Arc::<Mutex<Vec<Line>>>::default();
        let mut conversation = Conversation::new(everything(), told(&counted));
        let mut lines = Vec::new();
        let head = Head { version: VERSION, call: "c".into(), settings: everything() };
        lines.push(Line { at: CallTime::ZERO, what: What::Trace(Box::new(head)) });
        for (i, event) in events.iter().enumerate() {
            let at = CallTime::from_millis(i as u64 * 50);
            lines.push(Line { at, what: What::Event(event.clone()) });
            conversation.handle(at, event.clone());
            while let Some(action) = conversation.poll_action() {
                lines.push(Line { at, what: What::Action(action) });
            }
            while let Some((_, timer)) = conversation.poll_timeout().filter(|(due, _)| *due <= at) {
                lines.push(Line { at, what: What::Deadline(timer) });
                conversation.handle_timeout(at);
                while let Some(action) = conversation.poll_action() {
                    lines.push(Line { at, what: What::Action(action) });
                }
            }
        }
        lines.extend(counted.lock().unwrap().drain(..));
        // Through the text form of a trace file.
        let read = lines.iter().map(|line| Line::read(&line.to_text()).unwrap()).collect();
        let replay = Trace::new(read).unwrap().replay();
        prop_assert_eq!(replay.difference, None);
    }
}
