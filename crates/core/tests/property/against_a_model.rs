//! The ledger and the history against a model that knows the truth: the scripted gateway, which plays the
//! audio it receives and knows every word that sounded to its end. Whatever a caller does, the agent reports
//! exactly these words as spoken.

use offhook_core::dialogue::Role;
use offhook_core::turns::{Action, BargeInPolicy, Event, Settings, SpeculationPolicy};
use proptest::prelude::*;

use crate::support::cases::cases;
use crate::support::settings::everything;
use crate::support::simulation::{AT, Broken, FirstModel, MS, Marks, Script, Simulation, settings};

/// One sound of the caller: the silence before the sound, its length, its words.
type Sound = (u64, u64, &'static str);

fn any_sound() -> impl Strategy<Value = Sound> {
    let words = prop_oneof![
        Just(""),
        Just("mm-hm"),
        Just("Yeah."),
        Just("No."),
        Just("Wait, what about Sunday?"),
        Just("When do you open?"),
        Just("My number is"),
        Just("five five five"),
        Just("and then I would like to book an appointment on Friday."),
    ];
    (60..6000u64, 60..2500u64, words)
}

pub(super) fn any_marks() -> impl Strategy<Value = Marks> {
    prop_oneof![
        Just(Marks::Right),
        (0..900u64).prop_map(|ms| Marks::Late(MS(ms))),
        Just(Marks::None),
        Just(Marks::Twice),
        Just(Marks::OutOfOrder),
    ]
}

fn any_break() -> impl Strategy<Value = Option<Broken>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Broken::GeneratorOnce)),
        1 => Just(Some(Broken::RecognizerOnce)),
        1 => Just(Some(Broken::SynthesizerOnce)),
    ]
}

/// The language model's end-of-turn scores.
fn any_scores() -> impl Strategy<Value = Vec<(&'static str, f32)>> {
    let words = prop_oneof![
        Just("Yeah."),
        Just("No."),
        Just("When do you open?"),
        Just("My number is"),
        Just("five five five"),
        Just("When do you open? Yeah."),
    ];
    prop::collection::vec((words, 0.0..1.0f32), 0..4)
}

fn any_first_model() -> impl Strategy<Value = FirstModel> {
    prop_oneof![
        2 => Just(FirstModel::Same),
        1 => Just(FirstModel::Silent),
        1 => Just(FirstModel::Fails),
        1 => (0..3000u64).prop_map(|ms| FirstModel::Slow(MS(ms))),
    ]
}

/// A call with these sounds, run until long after the last one.
fn call(sounds: &[Sound], marks: Marks, broken: Option<Broken>, tries: u32, min_words: usize) -> Simulation {
    let settings = Settings {
        speculation: SpeculationPolicy { max_tries: tries, ..settings().speculation },
        barge_in: BargeInPolicy { min_words, ..BargeInPolicy::default() },
        ..settings()
    };
    let mut call = Simulation::new(settings);
    call.delays.marks = marks;
    call.broken = broken;
    let mut at = 300;
    for (silence, length, words) in sounds {
        at += silence;
        call.caller_says(AT(at), MS(*length), words);
        at += length;
    }
    call.run(AT(at + 60_000));
    call
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_the_agent_is_said_to_have_said_is_what_sounded(
        sounds in prop::collection::vec(any_sound(), 0..8),
        marks in any_marks(),
        broken in any_break(),
        tries in 0..3u32,
        min_words in 1..3usize,
    ) {
        let call = call(&sounds, marks, broken, tries, min_words);
        let said: Vec<String> = call.reports().into_iter().map(|r| r.reply).filter(|r| !r.is_empty()).collect();
        prop_assert_eq!(said.join(" "), call.sounded(AT(10_000_000)));
        let history: Vec<&str> = call.agent_lines();
        prop_assert_eq!(history.join(" "), said.join(" "));
    }

    #[test]
    fn nobody_is_left_without_an_answer_and_nobody_is_answered_twice(
        sounds in prop::collection::vec(any_sound(), 0..8),
        marks in any_marks(),
        tries in 0..3u32,
        scores in any_scores(),
        late in 0..600u64,
        first in any_first_model(),
    ) {
        let mut call = Simulation::new(Settings {
            speculation: SpeculationPolicy { max_tries: tries, ..settings().speculation },
            ..everything()
        });
        call.delays.marks = marks;
        call.delays.score = MS(late);
        call.script = Script { scores, first, ..Script::default() };
        let end = sounds.iter().fold(300, |at, (silence, length, words)| {
            call.caller_says(AT(at + silence), MS(*length), words);
            at + silence + length
        });
        call.run(AT(end + 60_000));
        let roles: Vec<Role> = call.conversation.history().lines().map(|line| line.role).collect();
        prop_assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{roles:?}");
        prop_assert_ne!(roles.last(), Some(&Role::User), "the caller waits for ever");
    }

    #[test]
    fn every_pause_ends_within_two_deadlines(
        sounds in prop::collection::vec(any_sound(), 0..8),
        tries in 0..3u32,
    ) {
        let call = call(&sounds, Marks::Right, None, tries, 1);
        let mut paused = None;
        for (at, action) in &call.done {
            match action {
                Action::Pause => paused = Some(*at),
                Action::ClearPlayback => paused = None,
                // The next chunk is the rest of the chunk that was cut, or of its reply.
                Action::Send { from, .. } => {
                    if let Some(since) = paused.take() {
                        prop_assert!(*at >= since);
                        prop_assert!(*at - since <= MS(1800), "a pause of {:?}, from {from:?}", *at - since);
                    }
                }
                _ => {}
            }
        }
        prop_assert_eq!(paused, None, "paused for ever");
    }

    #[test]
    fn whatever_happens_the_call_ends_and_is_never_silent_for_long(
        sounds in prop::collection::vec(any_sound(), 0..6),
        keys in prop::collection::vec((0..40_000u64, prop_oneof![Just('1'), Just('#')]), 0..4),
        broken in any_break(),
        doubtful in any::<bool>(),
        protect_greeting in any::<bool>(),
        marks in any_marks(),
    ) {
        let mut settings = settings();
        settings.barge_in.protect_greeting = protect_greeting;
        settings.manners.idle_after = Some(MS(10_000));
        settings.manners.filler_after = Some(MS(1500));
        settings.manners.max_call = Some(MS(55_000));
        settings.manners.warn_before = MS(10_000);
        let mut call = Simulation::new(settings);
        call.delays.marks = marks;
        call.broken = broken;
        call.doubtful = doubtful;
        let mut at = 300;
        for (silence, length, words) in &sounds {
            at += silence;
            call.caller_says(AT(at), MS(*length), words);
            at += length;
        }
        for (at, key) in keys {
            call.at(AT(at), Event::Key { key });
        }
        call.run(AT(90_000));
        prop_assert!(call.hung_up().is_some_and(|(at, _)| at < AT(70_000)), "{:?}", call.hung_up());
        let roles: Vec<Role> = call.conversation.history().lines().map(|line| line.role).collect();
        prop_assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{roles:?}");
    }
}
