//! How a caller is listened to while they speak: what is looked at, what settles, what is given up.

use offhook::conversation::Action;

use crate::support::simulation::{AT, MS, Simulation, settings};

fn after_the_greeting() -> Simulation {
    let mut call = Simulation::new(settings());
    call.run(AT(5000));
    call
}

/// What was heard, look by look: words that stay and words that may not.
fn hearings(call: &Simulation) -> Vec<(String, String)> {
    let hearing = |action: &Action| match action {
        Action::Hearing { stable, unstable, .. } => Some((stable.clone(), unstable.clone())),
        _ => None,
    };
    call.done.iter().filter_map(|(_, action)| hearing(action)).collect()
}

fn finals(call: &Simulation) -> usize {
    call.times(|a| matches!(a, Action::Transcribe { partial: false, .. })).len()
}

fn numbers(to: u32) -> String {
    (1..=to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_known_before_the_sentence_is_over_and_settle() {
    let mut call = after_the_greeting();
    call.caller_says(AT(5000), MS(2000), "one two three four");
    call.run(AT(20_000));
    let pair = |stable: &str, unstable: &str| (stable.to_owned(), unstable.to_owned());
    let expected = [
        pair("", ""),
        pair("", "one"),
        pair("one", "two"),
        pair("one two", "three"),
        pair("one two three", "four"),
    ];
    assert_eq!(hearings(&call), expected);
}

#[test]
fn a_look_that_heard_everything_is_the_transcript_and_nothing_is_transcribed_twice() {
    let mut call = after_the_greeting();
    // The fifth look comes at 7,000, when all was said; the pause is seen at 7,120.
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert_eq!(finals(&call), 0);
}

#[test]
fn a_busy_machine_skips_looks_and_hears_the_same() {
    let mut call = after_the_greeting();
    call.busy = true;
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert!(hearings(&call).is_empty());
    let looks = call.times(|a| matches!(a, Action::Transcribe { partial: true, .. }));
    assert!(looks.len() >= 4, "it does not give up looking: {looks:?}");
}

#[test]
fn without_partials_the_caller_is_heard_at_the_pause() {
    let mut settings = settings();
    settings.listening.partial_pace = None;
    let mut call = Simulation::new(settings);
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert_eq!((hearings(&call).len(), finals(&call)), (0, 1));
}

#[test]
fn a_story_with_pauses_is_committed_piece_by_piece_and_keeps_every_word_once() {
    let mut call = after_the_greeting();
    call.caller_says(AT(5000), MS(7000), "one two three four five six seven and");
    call.caller_says(AT(12_600), MS(7000), "eight nine ten and");
    call.caller_says(AT(20_200), MS(1000), "eleven.");
    let reports = call.run(AT(40_000));
    assert_eq!(reports[1].heard, "one two three four five six seven and eight nine ten and eleven.");
    let commits = call.times(|a| matches!(a, Action::CommitUtterance { .. }));
    assert_eq!(commits, [AT(12_660), AT(20_260)]);
}

#[test]
fn a_caller_who_never_stops_is_cut_in_pieces_and_answered_at_the_cap_with_every_word_once() {
    let mut call = after_the_greeting();
    call.caller_says(AT(5000), MS(200_000), &numbers(200));
    let reports = call.run(AT(66_000));
    assert_eq!(call.times(|a| matches!(a, Action::TranscribePiece { .. })), [AT(25_000), AT(45_000)]);
    assert_eq!(call.times(|a| matches!(a, Action::Generate { .. })), [AT(65_040)]);
    let heard = call.conversation.history().lines()[1].text.clone();
    assert_eq!(heard, numbers(60), "{reports:?}");
}

#[test]
fn a_piece_that_is_slow_is_waited_for() {
    let mut call = after_the_greeting();
    call.caller_says(AT(5000), MS(21_000), &format!("{}.", numbers(21)));
    call.run(AT(24_999));
    call.delays.transcript = MS(1600);
    call.run(AT(25_001));
    call.delays.transcript = MS(40);
    let reports = call.run(AT(60_000));
    assert_eq!(reports[1].heard, format!("{}.", numbers(21)));
}
