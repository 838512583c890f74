//! The call is never silent: whatever breaks, the caller hears something.

use offhook_core::turns::{Action, Awaited};

use crate::support::simulation::{AT, Broken, MS, Simulation, settings, without_speculation};

fn with(broken: Broken) -> Simulation {
    let mut call = Simulation::new(settings());
    call.run(AT(5000));
    call.broken = Some(broken);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call
}

#[test]
fn a_recogniser_that_fails_is_met_with_a_question() {
    let reports = with(Broken::Recognizer).run(AT(30_000));
    assert_eq!(reports[1].reply, settings().phrases.fallback);
    assert!(reports[1].failed);
}

#[test]
fn a_recogniser_that_fails_in_a_pause_does_not_make_the_agent_talk_over_the_caller() {
    let mut call = Simulation::new(settings());
    call.run(AT(5000));
    call.broken = Some(Broken::Recognizer);
    call.caller_says(AT(5000), MS(1000), "I would like");
    call.run(AT(6250));
    call.broken = None;
    call.caller_says(AT(6200), MS(1000), "a cleaning.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "I would like a cleaning.");
}

#[test]
fn a_language_model_that_fails_is_met_with_a_question() {
    let reports = with(Broken::Generator).run(AT(30_000));
    assert_eq!(reports[1].reply, settings().phrases.fallback);
}

#[test]
fn a_language_model_that_says_nothing_is_given_up() {
    let mut call = with(Broken::SilentGenerator);
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, settings().phrases.fallback);
    assert_eq!(call.times(|a| matches!(a, Action::Cancel { .. })), [AT(6250 + 4000)]);
}

#[test]
fn a_recogniser_that_never_answers_is_given_up() {
    let reports = with(Broken::SilentRecognizer).run(AT(30_000));
    assert_eq!(reports[1].reply, settings().phrases.fallback);
}

#[test]
fn a_voice_that_fails_does_not_hold_the_next_turn_up() {
    let mut call = with(Broken::Synthesizer);
    call.run(AT(20_000));
    call.broken = None;
    call.caller_says(AT(20_000), MS(1000), "Hello?");
    let reports = call.run(AT(40_000));
    assert_eq!(reports.last().unwrap().heard, "When do you open? Hello?");
    assert!(reports.last().unwrap().reply.starts_with("You said"));
}

#[test]
fn an_engine_that_comes_back_is_used_again() {
    let mut call = with(Broken::Generator);
    call.run(AT(20_000));
    call.broken = None;
    call.caller_says(AT(20_000), MS(1000), "When do you open?");
    let reports = call.run(AT(40_000));
    assert!(!reports[2].failed);
}

#[test]
fn an_engine_that_fails_once_is_asked_again_and_nobody_notices() {
    for broken in [Broken::RecognizerOnce, Broken::GeneratorOnce, Broken::SynthesizerOnce] {
        let reports = with(broken).run(AT(30_000));
        assert_eq!(reports.len(), 2, "{broken:?}");
        assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?", "{broken:?}");
        assert!(!reports[1].failed, "{broken:?}");
    }
}

#[test]
fn a_voice_that_hangs_is_given_up_and_the_next_turn_is_answered() {
    let mut call = with(Broken::SilentSynthesizer);
    call.run(AT(25_000));
    call.broken = None;
    call.caller_says(AT(25_000), MS(1000), "Hello? Are you there?");
    let reports = call.run(AT(50_000));
    assert!(reports.last().unwrap().reply.starts_with("You said"), "{reports:?}");
}

#[test]
fn a_model_that_breaks_off_in_the_middle_leaves_no_half_sentence() {
    for (broken, expected) in [
        (Broken::GeneratorMidway, "You said 4 words. Is there anything else?".to_owned()),
        (Broken::GeneratorStops, settings().phrases.fallback),
        (Broken::EmptyGenerator, settings().phrases.fallback),
    ] {
        let mut call = Simulation::new(without_speculation());
        call.run(AT(5000));
        call.broken = Some(broken);
        call.caller_says(AT(5000), MS(1000), "When do you open?");
        let reports = call.run(AT(30_000));
        assert_eq!(reports[1].reply, expected, "{broken:?}");
        assert_eq!(reports.len(), 2, "{broken:?}");
    }
}

#[test]
fn a_voice_that_hangs_on_a_prepared_answer_does_not_end_all_talk() {
    let mut settings = settings();
    settings.manners.idle_after = Some(MS(10_000));
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.broken = Some(Broken::SilentSynthesizer);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call.run(AT(9000));
    call.broken = None;
    call.run(AT(120_000));
    assert!(call.hung_up().is_some(), "the call is silent for ever");
}

#[test]
fn keys_are_answered_though_the_words_beside_them_are_lost() {
    let mut call = Simulation::after_the_greeting();
    call.broken = Some(Broken::Recognizer);
    call.caller_says(AT(5000), MS(4000), "My number is this one.");
    call.at(AT(5500), offhook_core::turns::Event::Key { key: '7' });
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].heard, "I pressed 7.");
    assert!(!reports[1].failed);
}

fn timed_out(call: &Simulation) -> Vec<Awaited> {
    let of = |(_, action): &(_, Action)| match action {
        Action::TimedOut { on } => Some(*on),
        _ => None,
    };
    call.done.iter().filter_map(of).collect()
}

/// Fault: a late recogniser or language model was reported nowhere, and the waterfall blamed the wrong stage.
#[test]
fn an_engine_that_comes_too_late_is_named_and_blamed() {
    let mut call = with(Broken::SilentRecognizer);
    let reports = call.run(AT(30_000));
    assert_eq!(timed_out(&call), [Awaited::Transcript]);
    let stages = reports[1].stages.expect("the fallback phrase was heard");
    assert!(stages.stt_ms >= 5000.0 && stages.llm_first_token_ms < 1000.0, "{stages:?}");

    let mut call = with(Broken::SilentGenerator);
    let reports = call.run(AT(30_000));
    assert_eq!(timed_out(&call), [Awaited::Token]);
    let stages = reports[1].stages.expect("the fallback phrase was heard");
    assert!(stages.stt_ms < 1000.0 && stages.llm_first_token_ms >= 1000.0, "{stages:?}");

    let mut call = with(Broken::SilentSynthesizer);
    call.run(AT(60_000));
    assert!(timed_out(&call).contains(&Awaited::Voice));
}

/// Fault: a reply or a greeting in letters unknown to the voice was silence, and the turn did not count.
#[test]
fn what_no_voice_can_speak_is_the_fallback_phrase() {
    let mut settings = settings();
    settings.phrases.greeting = "Здравствуйте.".into();
    let fallback = settings.phrases.fallback.clone();
    let mut call = Simulation::new(settings);
    call.answer = Some("Мы открыты. До пяти.".into());
    call.run(AT(5000));
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(30_000));
    let told: Vec<(&str, &str, bool)> =
        reports.iter().map(|r| (r.heard.as_str(), r.reply.as_str(), r.failed)).collect();
    assert_eq!(told, [("", fallback.as_str(), true), ("When do you open?", fallback.as_str(), true)]);
}

#[test]
fn of_a_reply_that_can_be_spoken_in_part_that_part_is_said() {
    let mut call = Simulation::new(settings());
    call.answer = Some("Да. We are open until five.".into());
    call.run(AT(5000));
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    assert_eq!(call.run(AT(30_000))[1].reply, "We are open until five.");
}
