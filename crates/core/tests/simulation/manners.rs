//! The agent's behaviour of its own accord: prompts, goodbyes, fillers, requests to repeat.

use std::time::Duration;

use offhook_core::turns::{Action, Event, Farewell, Manners, Settings};

use crate::support::simulation::{AT, Broken, MS, Marks, Simulation, settings};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

fn with(change: impl FnOnce(&mut Manners)) -> Settings {
    let mut settings = settings();
    change(&mut settings.manners);
    settings
}

#[test]
fn a_silent_caller_is_asked_twice_and_then_the_call_ends_politely() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    let reports = call.run(AT(120_000));
    let said: Vec<&str> = reports.iter().map(|report| report.reply.as_str()).collect();
    let phrases = settings().phrases;
    let expected = [&phrases.greeting, &phrases.idle[0], &phrases.idle[1], &phrases.idle_goodbye];
    assert_eq!(said, expected);
    let (at, why) = call.hung_up().unwrap();
    assert_eq!(why, Farewell::NobodySpoke);
    // Greeting, prompts and goodbye take 1.6, 1.3, 1.0 and 1.6 s.
    assert!(at > AT(30_000) && at < AT(40_000), "{at}");
}

#[test]
fn a_caller_who_answers_a_prompt_is_asked_anew_later() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    call.run(AT(15_000));
    call.caller_says(AT(16_000), MS(800), "Yes, one moment.");
    call.run(AT(40_000));
    assert_eq!(call.hung_up(), None);
    let prompts = call.agent_lines().iter().filter(|l| l.contains("still there")).count();
    assert_eq!(prompts, 2);
}

#[test]
fn noise_does_not_keep_a_dead_call_up() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    for n in 0..20 {
        call.caller_says(AT(5000 + n * 9000), MS(120), "");
    }
    call.run(AT(100_000));
    assert!(call.hung_up().is_some());
}

/// Complaint 9: the hang-up cuts off the goodbye.
#[test]
fn complaint_9_the_goodbye_is_heard_to_its_end_before_the_hang_up() {
    let mut call = Simulation::new(with(|m| m.max_call = Some(SECONDS(120))));
    call.delays.marks = Marks::Late(MS(400));
    // The caller talks into the goodbye.
    call.caller_says(AT(120_500), MS(900), "But wait a moment");
    let reports = call.run(AT(200_000));
    let (at, why) = call.hung_up().unwrap();
    assert_eq!(why, Farewell::LongestCall);
    let last = reports.last().unwrap();
    assert_eq!((last.reply.as_str(), last.interrupted), ("Our time is over. Goodbye.", false));
    assert!(call.sounded(AT(200_000)).ends_with("Our time is over. Goodbye."));
    // 18 and 9 characters of 60 ms with a pause of 220 ms, and 400 ms for the mark.
    assert!(at >= AT(120_000 + 1840 + 400), "{at}");
}

/// Complaint 9: the hang-up cuts off the goodbye.
#[test]
fn complaint_9_a_goodbye_whose_mark_never_comes_ends_the_call_all_the_same() {
    let mut call = Simulation::new(with(|m| m.max_call = Some(SECONDS(60))));
    call.delays.marks = Marks::None;
    call.run(AT(200_000));
    let (at, _) = call.hung_up().unwrap();
    assert!(at > AT(61_800) && at < AT(64_000), "{at}");
}

#[test]
fn a_voice_that_hangs_does_not_keep_the_call_from_ending() {
    let mut call = Simulation::new(with(|m| m.max_call = Some(SECONDS(60))));
    call.run(AT(20_000));
    call.broken = Some(Broken::SilentSynthesizer);
    call.run(AT(200_000));
    assert!(call.hung_up().is_some());
}

#[test]
fn a_caller_is_warned_before_the_longest_call_is_over_but_not_interrupted() {
    let mut call = Simulation::new(with(|m| m.max_call = Some(SECONDS(120))));
    call.caller_says(AT(59_000), MS(2000), "When do you open?");
    let reports = call.run(AT(100_000));
    let said: Vec<&str> = reports.iter().map(|report| report.reply.as_str()).collect();
    assert_eq!(said[1..], ["You said 4 words. Is there anything else?", "We have one minute left."]);
}

#[test]
fn a_late_answer_is_preceded_by_a_filler_that_is_no_part_of_it() {
    let mut call = Simulation::answering_with(with(|m| m.filler_after = Some(MS(1500))));
    call.delays.first_token = MS(2500);
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "One moment, please. You said 4 words. Is there anything else?");
    assert_eq!(call.agent_lines()[1], "You said 4 words. Is there anything else?");
    let first = call.times(|a| matches!(a, Action::Send { .. }))[1];
    assert!(first < AT(8000), "{first}");
    // The wait for the answer differs from the wait for the filler.
    let (answer, filler) = (reports[1].answer_ms.unwrap(), reports[1].stages.unwrap().total_ms());
    assert!(answer > filler + 900.0, "{answer} {filler}");
}

#[test]
fn an_answer_in_time_needs_no_filler() {
    let mut call = Simulation::answering_with(with(|m| m.filler_after = Some(MS(1500))));
    assert!(!call.run(AT(30_000))[1].reply.contains("moment"));
}

#[test]
fn who_cannot_be_understood_is_asked_but_not_for_ever() {
    let mut call = Simulation::after_the_greeting();
    for n in 0..5 {
        call.caller_says(AT(5000 + n * 6000), MS(900), "");
    }
    call.run(AT(60_000));
    let asked = call.agent_lines().join(" ").matches("did not catch").count();
    assert_eq!(asked, 2);
}

#[test]
fn doubtful_words_are_asked_about_once_and_then_answered() {
    let mut call = Simulation::after_the_greeting();
    call.doubtful = true;
    call.caller_says(AT(5000), MS(900), "Wehn you oben?");
    call.caller_says(AT(12_000), MS(900), "Wehn you oben?");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "Sorry, I did not catch that.");
    assert_eq!(reports[2].heard, "Wehn you oben?");
}

#[test]
fn a_reply_that_grows_too_long_ends_with_a_sentence() {
    let mut call = Simulation::answering_with(Settings { max_reply_words: 20, ..settings() });
    call.answer = Some("This is a sentence of seven words. ".repeat(100));
    let reports = call.run(AT(60_000));
    assert_eq!(reports[1].reply, "This is a sentence of seven words. ".repeat(3).trim());
    assert_eq!(call.times(|a| matches!(a, Action::StopGenerating { .. })).len(), 1);
}

#[test]
fn replies_are_shorter_from_the_moment_at_which_they_are_to_be() {
    let mut call = Simulation::answering_with(Settings { max_reply_words: 20, ..settings() });
    call.answer = Some("This is a sentence of seven words. ".repeat(100));
    call.at(AT(1000), Event::ReplyWords { most: 5 });
    let reports = call.run(AT(60_000));
    assert_eq!(reports[1].reply, "This is a sentence of seven words.");
}

#[test]
fn a_key_before_the_last_goodbye_does_not_keep_the_call_from_ending() {
    let mut call = Simulation::new(with(|m| m.max_call = Some(SECONDS(60))));
    call.at(AT(59_500), Event::Key { key: '5' });
    call.run(AT(200_000));
    assert!(matches!(call.hung_up(), Some((at, Farewell::LongestCall)) if at < AT(64_000)));
}

#[test]
fn who_speaks_up_at_the_goodbye_for_silence_is_not_hung_up_on() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    // The goodbye begins at about 34 s.
    call.caller_says(AT(34_300), MS(900), "Wait, I am here!");
    call.run(AT(43_000));
    assert_eq!(call.hung_up(), None);
    assert!(call.agent_lines().last().unwrap().starts_with("You said"), "{:?}", call.agent_lines());
}

#[test]
fn a_yeah_to_are_you_still_there_is_an_answer() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    // The prompt begins at 11.6 s.
    call.caller_says(AT(12_000), MS(400), "Yeah.");
    let reports = call.run(AT(16_000));
    assert_eq!(reports.last().unwrap().heard, "Yeah.");
}

#[test]
fn without_a_phrase_for_it_doubtful_words_are_answered() {
    let mut settings = settings();
    settings.phrases.not_understood = String::new();
    let mut call = Simulation::new(settings);
    call.doubtful = true;
    call.caller_says(AT(5000), MS(900), "When do you open?");
    assert_eq!(call.run(AT(30_000))[1].heard, "When do you open?");
}

#[test]
fn the_waterfall_of_a_late_answer_ends_at_the_first_sound_which_is_the_filler() {
    let mut call = Simulation::answering_with(with(|m| m.filler_after = Some(MS(1500))));
    call.delays.first_token = MS(2500);
    let stages = call.run(AT(30_000))[1].stages.unwrap();
    let first = call.times(|a| matches!(a, Action::Send { .. }))[1];
    assert_eq!(stages.total_ms(), first.millis_after(AT(6000)));
    assert!(stages.first_frame_ms >= 0.0 && stages.tts_first_audio_ms >= 0.0, "{stages:?}");
}

#[test]
fn a_filler_does_not_stand_for_an_answer_that_never_comes() {
    let mut call = Simulation::answering_with(with(|m| m.filler_after = Some(MS(1500))));
    call.run(AT(5500));
    call.delays.first_token = MS(2500);
    call.broken = Some(Broken::EmptyGenerator);
    let reports = call.run(AT(40_000));
    assert!(reports[1].reply.ends_with("could you say that again?"), "{reports:?}");
}

fn with_goodbyes() -> Settings {
    let mut settings = settings();
    settings.phrases.goodbyes = vec!["goodbye".into(), "bye bye".into()];
    settings
}

/// Fault: the agent said goodbye, but the call stayed up for 37 s with "Are you still there?", twice.
#[test]
fn a_call_ends_when_the_agents_goodbye_was_heard() {
    let mut call = Simulation::answering_with(with_goodbyes());
    call.answer = Some("You are welcome. Thank you for calling, goodbye!".into());
    call.run(AT(60_000));
    let (at, why) = call.hung_up().expect("a hang-up");
    assert_eq!(why, Farewell::AllWasSaid);
    assert!(call.sounded(at).ends_with("Thank you for calling, goodbye!"));
}

#[test]
fn a_question_or_a_goodbye_in_the_middle_ends_no_call() {
    for answer in
        ["Did you say goodbye?", "Goodbye is what we say last. How can I help?", "We sell bye byes."]
    {
        let mut call = Simulation::answering_with(with_goodbyes());
        call.answer = Some(answer.into());
        call.run(AT(14_000));
        assert_eq!(call.hung_up(), None, "{answer}");
    }
}

#[test]
fn a_caller_who_speaks_into_the_goodbye_is_answered() {
    let mut call = Simulation::answering_with(with_goodbyes());
    call.answer = Some("Thank you very much for calling us today, and goodbye.".into());
    call.caller_says(AT(8000), MS(900), "Wait, one more thing");
    call.run(AT(9500));
    assert_eq!(call.hung_up(), None);
    let reports = call.run(AT(30_000));
    assert!(reports.iter().any(|report| report.heard.contains("one more thing")), "{reports:?}");
    assert!(call.hung_up().is_some(), "the second goodbye was heard");
}

/// Fault: with hold music from the first moment, no greeting came for 60 s, there was no prompt and no
/// goodbye, and the call stayed up for 30 minutes.
#[test]
fn music_from_the_first_moment_is_nobody() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    call.caller_says(AT(0), SECONDS(600), "");
    let reports = call.run(AT(50_000));
    let said: Vec<&str> = reports.iter().map(|report| report.reply.as_str()).collect();
    let phrases = settings().phrases;
    assert_eq!(said, [&phrases.greeting, &phrases.idle[0], &phrases.idle[1], &phrases.idle_goodbye]);
    let first = call.times(|a| matches!(a, Action::Send { .. }))[0];
    assert!(first <= AT(3000), "{first}");
    assert!(call.hung_up().unwrap().0 < AT(45_000));
}

#[test]
fn a_question_after_the_music_is_answered() {
    let mut call = Simulation::new(with(|m| m.idle_after = Some(MS(10_000))));
    call.caller_says(AT(0), SECONDS(18), "");
    call.caller_says(AT(18_500), MS(1500), "Hello, when do you open?");
    let reports = call.run(AT(24_000));
    assert!(reports.iter().any(|report| report.heard == "Hello, when do you open?"), "{reports:?}");
    assert_eq!(call.hung_up(), None);
}
