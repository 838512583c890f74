//! What holds for every call, whatever happens in it and in whatever order.

use std::collections::BTreeSet;
use std::time::Duration;

use offhook::conversation::{Action, Conversation, Event};
use offhook::engine::Role;
use offhook::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use offhook::units::CallTime;
use proptest::prelude::*;

use crate::support::simulation::{settings, words};

/// Any event, with ids that may be right, stale or invented.
fn any_event() -> impl Strategy<Value = Event> {
    let id = 0..6u32;
    let text = prop_oneof![
        Just(""),
        Just("Hello there. "),
        Just("my number is"),
        Just("No."),
        Just("mm-hm"),
        Just("**x, ")
    ];
    (0..18u8, id.clone(), 0..4u32, text, 0..3000u64).prop_map(|(kind, id, pass, text, ms)| {
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
            8 => Event::GenerationDone { turn: TurnId(id) },
            9 => Event::GenerationFailed { turn: TurnId(id) },
            10 => Event::ChunkReady {
                chunk: ChunkId(id),
                duration: Duration::from_millis(ms),
                words: Vec::new(),
            },
            11 => Event::ChunkStarted { chunk: ChunkId(id), plays_at: at },
            12 => Event::LineStalled,
            13 => Event::LineCaughtUp,
            14 => Event::InterruptRequested,
            15 => Event::Key { key: if ms % 4 == 0 { '#' } else { '5' } },
            _ => Event::MarkPlayed { mark: MarkId(id) },
        }
    })
}

/// Plays events 50 ms apart, letting deadlines happen in between; gives all actions.
fn play(events: &[Event]) -> Vec<Action> {
    let mut conversation = Conversation::new(settings(), words());
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

fn drain(conversation: &mut Conversation, actions: &mut Vec<Action>) {
    let before = actions.len();
    while let Some(action) = conversation.poll_action() {
        actions.push(action);
        assert!(actions.len() - before < 200, "actions do not end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_turn_is_sent_or_spoken_after_its_cancel(events in prop::collection::vec(any_event(), 0..80)) {
        let (mut cancelled, mut of_cancelled) = (BTreeSet::new(), BTreeSet::new());
        let mut spoken: Vec<(TurnId, ChunkId)> = Vec::new();
        let mut replaced = BTreeSet::new();
        for action in play(&events) {
            match action {
                // A fallback phrase is spoken in the turn whose generation was given up.
                Action::Cancel { turn } => { cancelled.insert(turn); }
                Action::ClearPlayback => {
                    replaced.extend(cancelled.iter().copied());
                    of_cancelled.extend(spoken.iter().filter(|(turn, _)| replaced.contains(turn)).map(|(_, c)| *c));
                }
                Action::Speak { turn, chunk, .. } => {
                    prop_assert!(!replaced.contains(&turn));
                    spoken.push((turn, chunk));
                }
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
        let mut conversation = Conversation::new(settings(), words());
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
            for word in line.text.split(' ') {
                prop_assert!(sent.contains(word), "{word} was never sent");
            }
        }
    }

    #[test]
    fn every_generation_that_is_replaced_was_cancelled_or_done(events in prop::collection::vec(any_event(), 0..80)) {
        let mut open: Option<TurnId> = None;
        for action in play(&events) {
            match action {
                Action::Generate { turn, .. } => {
                    prop_assert_eq!(open, None, "a second generation began beside another");
                    open = Some(turn);
                }
                Action::Cancel { turn } if open == Some(turn) => open = None,
                Action::TurnReport(report) if open == Some(report.turn) => open = None,
                _ => {}
            }
        }
    }
}
