//! A filler bridges every wait for an answer: for the caller's words, for the model, for the voice.

use offhook_core::report::TurnReport;
use offhook_core::turns::{Action, Event};

use crate::support::settings::without_speculation;
use crate::support::simulation::{AT, Broken, MS, Simulation, settings};
use crate::support::whole_call::{Engines, Peer, WholeCall};

/// A call whose agent says a filler 700 ms after the end of a turn. Its caller asks until 6,000, while an
/// engine does not answer.
fn with_a_filler(broken: Broken) -> Simulation {
    let mut settings = without_speculation();
    settings.manners.filler_after = Some(MS(700));
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.broken = Some(broken);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call
}

#[test]
fn whichever_engine_hangs_the_caller_hears_something_within_a_second() {
    for broken in [Broken::SilentRecognizer, Broken::SilentGenerator, Broken::SilentSynthesizerOfNewTexts] {
        let mut call = with_a_filler(broken);
        let reports = call.run(AT(30_000));
        let sounds = call.sounds();
        let (from, _) = sounds.iter().find(|(from, _)| *from > AT(6000)).expect("a sound");
        assert!(*from <= AT(7000), "{broken:?}: {from}");
        // The silence that ends the turn, and the patience, to the millisecond.
        let stages = reports[1].stages.expect("a waterfall");
        assert_eq!(stages.total_ms(), from.millis_after(AT(6000)), "{broken:?}");
        assert!(stages.stt_ms >= 0.0 && stages.first_frame_ms >= 0.0, "{broken:?}: {stages:?}");
        // Then comes the apology, in the same turn.
        assert_eq!(reports.len(), 2, "{broken:?}: {reports:?}");
        let expected = format!("One moment, please. {}", settings().phrases.fallback);
        assert_eq!((reports[1].reply.as_str(), reports[1].failed), (expected.as_str(), true), "{broken:?}");
    }
}

#[test]
fn words_that_are_late_are_answered_after_a_filler_in_the_same_turn() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    call.delays.transcript = MS(2500);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    let TurnReport { heard, reply, stages, answer_stages, .. } = &reports[1];
    assert_eq!(heard, "When do you open?");
    assert_eq!(reply, "One moment, please. You said 4 words. Is there anything else?");
    assert_eq!(call.agent_lines()[1], "You said 4 words. Is there anything else?");
    // Both waits were the recogniser's.
    assert!(stages.expect("a filler").stt_ms >= 700.0, "{stages:?}");
    assert!(answer_stages.expect("an answer").stt_ms >= 2000.0, "{answer_stages:?}");
}

#[test]
fn a_caller_who_goes_on_over_the_filler_is_answered_once_and_whole() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    call.delays.transcript = MS(1800);
    // The filler begins about 950 ms after the question.
    call.caller_says(AT(7200), MS(1500), "I mean on Sundays, please.");
    let reports = call.run(AT(40_000));
    assert_eq!(reports.last().unwrap().heard, "When do you open? I mean on Sundays, please.");
    assert_eq!(call.agent_lines().iter().filter(|line| line.starts_with("You said")).count(), 1);
}

#[test]
fn a_filler_before_words_that_turn_out_to_be_none_ends_in_silence_or_a_question() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    call.delays.transcript = MS(2000);
    call.caller_says(AT(15_000), MS(1000), "");
    let reports = call.run(AT(40_000));
    let replies: Vec<&str> = reports.iter().map(|report| report.reply.as_str()).collect();
    assert!(replies[2].ends_with("Sorry, I did not catch that."), "{replies:?}");
    assert!(call.hung_up().is_none());
}

#[test]
fn a_voice_that_is_about_to_begin_is_given_a_moment_before_a_filler() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    // The text goes to the voice about 50 ms before the filler is due, and sounds 200 ms later.
    (call.delays.first_token, call.delays.synthesis) = (MS(600), MS(200));
    assert_eq!(call.run(AT(30_000))[1].reply, "You said 4 words. Is there anything else?");
}

/// Fault: words that were still to be completed counted as an interruption of the filler that they came
/// under.
#[test]
fn late_words_that_may_go_on_do_not_cut_the_filler() {
    let mut call = Simulation::new({
        let mut settings = without_speculation();
        settings.manners.filler_after = Some(MS(700));
        settings
    });
    call.delays.transcript = MS(1100);
    call.run(AT(5000));
    call.caller_says(AT(5000), MS(1000), "I would like a table for");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(!reports[1].interrupted && reports[1].reply.starts_with("One moment, please. You said"));
    assert!(call.times(|a| matches!(a, Action::ClearPlayback)).is_empty());
}

/// Fault: the echo of the filler began a sound of the caller, whose words were then asked for anew, again and
/// again.
#[test]
fn the_echo_of_a_filler_does_not_put_the_answer_off() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    call.delays.transcript = MS(1500);
    // The filler sounds from 6,965 on, and comes back.
    call.at(AT(7100), Event::SpeechStarted { at: AT(7040) });
    call.at(AT(7220), Event::SpeechSustained { level: -45.0, echo: Some(-40.0) });
    call.at(AT(8200), Event::SpeechEnded { at: AT(8080) });
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports[1].reply.starts_with("One moment, please. You said"), "{reports:?}");
}

#[test]
fn no_filler_begins_while_the_caller_speaks() {
    let mut settings = without_speculation();
    settings.manners.filler_after = Some(MS(700));
    settings.listening.max_utterance = MS(4000);
    let mut call = Simulation::new(settings);
    call.delays.transcript = MS(1500);
    call.run(AT(5000));
    // Cut off at 9,000, and still speaking until 13,000.
    call.caller_says(AT(5000), MS(8000), "one two three four five six seven eight");
    call.run(AT(12_900));
    assert!(call.sounds().iter().all(|(from, _)| *from < AT(5000)), "{:?}", call.sounds());
}

/// Fault: a filler waited behind two texts that the voice did not speak.
#[test]
fn a_voice_that_hangs_on_two_texts_still_speaks_the_filler() {
    let mut settings = without_speculation();
    settings.manners.filler_after = Some(MS(700));
    let filler = settings.phrases.fillers[0].clone();
    let greeting = settings.phrases.greeting.clone();
    let engines = Engines {
        speaks_only: Some(vec![filler.clone(), greeting]),
        answer: Some("We open at nine. We close at five. On Fridays we close at two.".into()),
        ..Engines::default()
    };
    let mut call = WholeCall::with(settings, Peer::Native(8000), engines);
    call.says(AT(5000), "When do you open?");
    call.run(AT(8500));
    assert!(call.heard_text().ends_with(&filler), "{}", call.heard_text());
}

#[test]
fn an_answer_that_is_ready_before_its_filler_is_not_kept_waiting_by_it() {
    let mut call = with_a_filler(Broken::SilentRecognizer);
    call.broken = None;
    // The text goes to the voice at 6,280, and its sound comes after the filler was asked for, but before
    // that.
    call.delays.synthesis = MS(900);
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
}
