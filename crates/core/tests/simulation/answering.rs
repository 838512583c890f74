//! When the agent answers, what it answers to, and the reported waiting time of the caller.

use offhook_core::ids::TurnId;
use offhook_core::turns::Action;

use crate::support::simulation::{AT, MS, Marks, Simulation, without_speculation};

#[test]
fn the_agent_greets_and_answers() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports.len(), 2);
    assert_eq!((reports[0].turn, reports[0].reply.as_str()), (TurnId(0), "Hello, this is the clinic."));
    assert_eq!(reports[1].heard, "When do you open?");
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
    assert!(!reports[1].interrupted && !reports[1].failed);
}

/// Complaint 7: the reported latency differs from a stopwatch, because it forgets the final silence.
#[test]
fn complaint_7_the_reported_latency_is_the_one_of_a_stopwatch() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(20_000));
    let stages = reports[1].stages.unwrap();
    // The caller's last sound is at 6,000; all work is done within the 250 ms of silence.
    assert_eq!((stages.endpoint_ms, stages.total_ms()), (250.0, 250.0));
    let hidden = reports[1].hidden.unwrap();
    // "You said 4 words." is complete with the space after its fourth word.
    assert_eq!((hidden.stt_ms, hidden.llm_ms, hidden.tts_ms), (40.0, 20.0, 3.0 * 4.0 + 15.0));
    let first_sound = call.times(|a| matches!(a, Action::Send { .. }))[1];
    assert_eq!(stages.total_ms(), first_sound.millis_after(AT(6000)));
}

/// Complaint 7: the reported latency differs from a stopwatch, because it forgets the final silence.
#[test]
fn complaint_7_and_so_it_is_without_speculation() {
    let mut call = Simulation::answering_with(without_speculation());
    let stages = call.run(AT(20_000))[1].stages.unwrap();
    assert_eq!((stages.endpoint_ms, stages.stt_ms), (250.0, 0.0));
    assert_eq!((stages.llm_first_token_ms, stages.tts_first_audio_ms), (20.0, 27.0));
    assert_eq!(stages.total_ms(), 297.0);
}

#[test]
fn the_waterfall_ends_at_the_return_of_the_mark() {
    let mut call = Simulation::answering();
    call.delays.marks = Marks::Late(MS(140));
    assert_eq!(call.run(AT(20_000))[1].mark_return_ms, Some(140.0));
}

#[test]
fn a_slow_transcript_shows_in_the_waterfall() {
    let mut call = Simulation::after_the_greeting();
    call.delays.transcript = MS(500);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let stages = call.run(AT(20_000))[1].stages.unwrap();
    assert_eq!((stages.endpoint_ms, stages.stt_ms), (250.0, 370.0));
}

#[test]
fn a_pause_inside_an_unfinished_sentence_is_not_its_end() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1500), "I would like to book an appointment on");
    call.caller_says(AT(7300), MS(800), "Tuesday at ten.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].heard, "I would like to book an appointment on Tuesday at ten.");
}

#[test]
fn a_sentence_that_stays_unfinished_is_answered_all_the_same() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "My number is");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].stages.unwrap().endpoint_ms, 1500.0);
}

#[test]
fn a_caller_who_goes_on_before_the_first_sound_is_answered_once_and_to_all_of_it() {
    let mut call = Simulation::after_the_greeting();
    call.delays.first_token = MS(400);
    call.caller_says(AT(5000), MS(1000), "I need an appointment.");
    call.caller_says(AT(6400), MS(900), "For my son.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "I need an appointment. For my son.");
    assert!(!reports[1].interrupted);
    assert_eq!(call.conversation.history().lines().count(), 3);
}

/// Complaint 12: Whisper says "Thank you" on silence.
#[test]
fn complaint_12_silence_taken_for_speech_is_no_turn() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(300), "");
    assert_eq!(call.run(AT(20_000)).len(), 1);
    assert!(call.times(|a| matches!(a, Action::Generate { .. })).is_empty());
}

#[test]
fn whoever_never_stops_talking_is_answered_in_the_end() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(600_000), "and so on");
    call.caller_says(AT(5000), MS(10), "I must tell you everything.");
    call.run(AT(60_000));
    assert!(!call.times(|a| matches!(a, Action::Generate { .. })).is_empty());
}
