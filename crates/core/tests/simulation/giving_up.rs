//! Engines that are dead for the rest of a call: nobody sits in silence, nobody is asked the same for ever,
//! and the call ends with a goodbye.

use offhook_core::call::Ending;
use offhook_core::turns::{Event, Farewell, Settings};

use crate::support::settings::lively;
use crate::support::simulation::{AT, Broken, MS, Simulation, settings, without_speculation};
use crate::support::whole_call::{Engines, Peer, WholeCall};

/// The faults after which no turn can be answered, with the time from the end of a turn's speech until the
/// fault is known. The phrases of the configuration can still be spoken.
const DEAD: [(Broken, u64); 6] = [
    (Broken::Recognizer, 500),
    (Broken::SilentRecognizer, 5250),
    (Broken::Generator, 300),
    (Broken::SilentGenerator, 4250),
    (Broken::SynthesizerOfNewTexts, 400),
    (Broken::SilentSynthesizerOfNewTexts, 5300),
];

/// When the question of a turn begins; it takes a second.
fn asked(turn: u64) -> u64 {
    5000 + turn * 20_000
}

/// A call in which engines break after the greeting, and the caller asks every 20 seconds.
fn call(settings: Settings, broken: Broken, turns: u64) -> Simulation {
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.broken = Some(broken);
    for turn in 0..turns {
        call.caller_says(AT(asked(turn)), MS(1000), "When do you open?");
    }
    call.run(AT(asked(turns)));
    call
}

/// What the agent said after its greeting, turn by turn.
fn said(call: &Simulation) -> Vec<String> {
    call.reports().into_iter().skip(1).map(|report| report.reply).collect()
}

/// The fallback phrase, the hold phrase and the goodbye.
fn phrases() -> [String; 3] {
    let phrases = settings().phrases;
    [phrases.fallback, phrases.hold, phrases.give_up_goodbye]
}

/// Fault: a caller was asked to say it again in every turn, or heard nothing in any.
#[test]
fn a_caller_whose_engines_are_dead_is_asked_once_told_once_and_then_let_go() {
    for speculates in [true, false] {
        for (broken, _) in DEAD {
            let settings = if speculates { settings() } else { without_speculation() };
            let call = call(settings, broken, 3);
            assert_eq!(said(&call), phrases(), "{broken:?}");
            assert!(call.reports().iter().skip(1).all(|report| report.failed), "{broken:?}");
            let (at, why) = call.hung_up().expect("a hang-up");
            assert_eq!(why, Farewell::CannotAnswer, "{broken:?}");
            assert!(call.sounded(at).ends_with("Goodbye."), "{broken:?}");
        }
    }
}

#[test]
fn a_phrase_is_heard_within_a_second_of_the_failure() {
    for (broken, known) in DEAD {
        let call = call(settings(), broken, 3);
        let sounds = call.sounds();
        for turn in 0..3 {
            let end = AT(asked(turn) + 1000);
            let (first, _) = sounds.iter().find(|(from, _)| *from >= end).expect("a sound");
            let waited = *first - end;
            assert!(waited <= MS(known + 1000), "{broken:?}: {waited:?} in turn {turn}");
        }
    }
}

#[test]
fn a_turn_that_is_answered_ends_the_row() {
    let mut call = Simulation::new(settings());
    for (turn, broken) in [true, true, false, true].into_iter().enumerate() {
        let begins = asked(turn as u64);
        call.run(AT(begins));
        call.broken = broken.then_some(Broken::Generator);
        call.caller_says(AT(begins), MS(1000), "When do you open?");
    }
    call.run(AT(asked(4)));
    let [fallback, hold, _] = phrases();
    let answer = "You said 4 words. Is there anything else?".to_owned();
    assert_eq!(said(&call), [fallback.clone(), hold, answer, fallback]);
    assert_eq!(call.hung_up(), None);
}

#[test]
fn an_agent_that_never_gives_up_asks_its_caller_to_hold_on() {
    let mut settings = settings();
    settings.manners.give_up_after = 0;
    let call = call(settings, Broken::Generator, 5);
    let [fallback, hold, _] = phrases();
    assert_eq!(said(&call), [&fallback, &hold, &hold, &hold, &hold].map(String::clone));
    assert_eq!(call.hung_up(), None);
}

#[test]
fn an_agent_may_give_up_at_the_first_turn() {
    let mut settings = settings();
    settings.manners.give_up_after = 1;
    let call = call(settings, Broken::Recognizer, 1);
    assert_eq!(said(&call), [phrases()[2].clone()]);
    assert!(call.hung_up().is_some());
}

#[test]
fn a_phrase_that_is_empty_is_left_out() {
    let [fallback, hold, goodbye] = phrases();
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let call = call(settings, Broken::Generator, 3);
        assert!(matches!(call.hung_up(), Some((_, Farewell::CannotAnswer))));
        said(&call)
    };
    let nothing = String::new;
    assert_eq!(with(|s| s.phrases.hold.clear()), [fallback.clone(), fallback.clone(), goodbye.clone()]);
    assert_eq!(with(|s| s.phrases.give_up_goodbye.clear()), [fallback, hold.clone(), nothing()]);
    assert_eq!(with(|s| s.phrases.fallback.clear()), [nothing(), hold, goodbye]);
}

#[test]
fn a_voice_that_cannot_even_say_goodbye_does_not_keep_the_call_from_ending() {
    for broken in [Broken::Synthesizer, Broken::SilentSynthesizer] {
        let call = call(settings(), broken, 3);
        assert_eq!(said(&call), ["", "", ""], "{broken:?}");
        let (at, why) = call.hung_up().expect("a hang-up");
        assert_eq!(why, Farewell::CannotAnswer, "{broken:?}");
        assert!(at < AT(asked(2) + 13_000), "{broken:?}: {at}");
    }
}

#[test]
fn nobody_talks_the_agent_out_of_its_last_goodbye() {
    let mut call = call(settings(), Broken::Generator, 2);
    call.caller_says(AT(asked(2)), MS(1000), "When do you open?");
    call.caller_says(AT(asked(2) + 1500), MS(900), "Wait, stop!");
    call.at(AT(asked(2) + 1800), Event::Key { key: '5' });
    call.run(AT(asked(3)));
    let goodbye = &phrases()[2];
    assert_eq!(said(&call).last(), Some(goodbye));
    assert!(call.sounded(call.hung_up().expect("a hang-up").0).ends_with(goodbye));
}

/// Fault: a filler that was heard stood for an answer that no voice could speak.
#[test]
fn a_filler_does_not_stand_for_an_answer_without_a_voice() {
    for broken in [Broken::SynthesizerOfNewTexts, Broken::SilentSynthesizerOfNewTexts] {
        let mut settings = settings();
        settings.manners.filler_after = Some(MS(500));
        let mut call = Simulation::new(settings);
        call.delays.first_token = MS(1500);
        call.run(AT(5000));
        call.broken = Some(broken);
        call.caller_says(AT(5000), MS(1000), "When do you open?");
        call.run(AT(30_000));
        let [fallback, ..] = phrases();
        assert_eq!(said(&call), [format!("One moment, please. {fallback}")], "{broken:?}");
    }
}

/// Fault: an answer of which nothing could be spoken was written to its end before the caller heard a word.
#[test]
fn a_model_that_writes_for_long_is_not_waited_for_when_the_voice_is_dead() {
    let mut call = Simulation::new(without_speculation());
    call.delays.token = MS(300);
    call.answer = Some("We open at nine. ".repeat(20));
    call.run(AT(5000));
    call.broken = Some(Broken::SynthesizerOfNewTexts);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(14_000));
    assert_eq!(reports[1].reply, phrases()[0]);
}

#[test]
fn speech_without_words_is_no_failure() {
    let mut call = Simulation::after_the_greeting();
    for turn in 0..5 {
        call.caller_says(AT(asked(turn)), MS(1000), "");
    }
    call.run(AT(asked(5)));
    let phrase = settings().phrases.not_understood;
    assert_eq!(said(&call), [phrase.clone(), phrase]);
    assert_eq!(call.hung_up(), None);
}

#[test]
fn a_caller_who_goes_on_before_the_phrase_is_heard_has_one_turn() {
    let mut settings = without_speculation();
    settings.manners.give_up_after = 2;
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.broken = Some(Broken::Generator);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    // The turn is over at 6,250, and the generation has failed at 6,290.
    call.caller_says(AT(6200), MS(1000), "And on Sundays?");
    let reports = call.run(AT(20_000));
    assert_eq!(said(&call), [phrases()[0].clone()]);
    assert_eq!(reports[1].heard, "When do you open? And on Sundays?");
}

/// Fault: with a recogniser that fails, the agent answered its own echo, and so for ever.
#[test]
fn an_echo_is_not_asked_to_say_it_again() {
    let mut call = call(settings(), Broken::Recognizer, 1);
    let before = said(&call);
    call.at(AT(25_060), Event::SpeechStarted { at: AT(25_000) });
    call.at(AT(25_160), Event::SpeechSustained { level: -40.0, echo: Some(-30.0) });
    call.at(AT(26_120), Event::SpeechEnded { at: AT(26_000) });
    call.run(AT(40_000));
    assert_eq!(said(&call), before);
}

/// Fault: the caller's words came while the mark of the phrase was missing, and were lost.
#[test]
fn a_caller_who_answers_before_a_mark_is_back_is_heard() {
    let mut call = Simulation::new(settings());
    call.delays.marks = crate::support::simulation::Marks::None;
    call.run(AT(5000));
    call.broken = Some(Broken::Recognizer);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    // The phrase is over at about 8,700; without a mark, it counts as played 1.5 s later.
    call.caller_says(AT(8800), MS(400), "When?");
    call.run(AT(30_000));
    let [fallback, hold, _] = phrases();
    assert_eq!(said(&call), [fallback, hold]);
}

/// Fault: who spoke when an answer had broken off, and was not heard, sat in silence.
#[test]
fn a_caller_who_is_not_heard_after_half_an_answer_is_told_so() {
    let mut call = Simulation::new(without_speculation());
    call.run(AT(5000));
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call.run(AT(6292));
    // The first half of the answer is there, and sounds until about 7,400; the second half never comes.
    call.broken = Some(Broken::SilentSynthesizer);
    call.run(AT(6500));
    call.broken = Some(Broken::SilentRecognizer);
    call.caller_says(AT(8000), MS(1000), "When?");
    let reports = call.run(AT(30_000));
    let fallback = phrases()[0].clone();
    assert_eq!(reports.last().map(|report| &report.reply), Some(&fallback), "{reports:?}");
    let (from, _) = *call.sounds().last().expect("a sound");
    assert!(from <= AT(15_300), "{from}");
}

#[test]
fn a_whole_call_whose_engines_all_die_ends() {
    // The greeting is spoken by one job.
    let engines = Engines { fails: (2..1000).collect(), ..Engines::default() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), engines);
    call.expects_errors = true;
    for turn in 0..3 {
        call.says(AT(asked(turn)), "When do you open?");
    }
    call.run(AT(asked(3)));
    let (at, ending) = call.ended.clone().expect("an end");
    assert_eq!(ending, Ending::SaidGoodbye(Farewell::CannotAnswer));
    assert!(at < AT(asked(2) + 5000), "{at}");
}

/// Fault: the phrase waited in the call for the jobs of a voice that hung.
#[test]
fn a_whole_call_whose_voice_hangs_is_told_so_and_ends() {
    let mut settings = lively();
    settings.manners.idle_after = None;
    let known = settings.phrases.chunks(settings.language, &Default::default());
    let engines = Engines { speaks_only: Some(known), ..Engines::default() };
    let mut call = WholeCall::with(settings, Peer::Native(8000), engines);
    for turn in 0..3 {
        call.says(AT(asked(turn)), "When do you open?");
    }
    call.run(AT(asked(3)));
    let (_, ending) = call.ended.clone().expect("an end");
    assert_eq!(ending, Ending::SaidGoodbye(Farewell::CannotAnswer));
    let heard = call.heard_text();
    for phrase in phrases() {
        assert!(heard.contains(&phrase), "{heard}");
    }
}
