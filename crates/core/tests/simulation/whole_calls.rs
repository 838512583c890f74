//! Whole calls with audio: faults that only the glue between the conversation and the connection can have.

use offhook_core::call::{Ending, Input};
use offhook_core::report::Happened;
use offhook_core::speakable::Dictionary;
use offhook_core::turns::{Manners, Phrases, Settings};
use offhook_core::units::CallTime;
use serde_json::json;

use crate::support::settings::without_speculation;
use crate::support::simulation::{AT, MS, settings};
use crate::support::whole_call::{Engines, Peer, WholeCall};

const GREETING: &str = "Hello, this is the clinic.";
const ANSWER: &str = "You said 4 words. Is there anything else?";
/// The same in the ear.
const SPOKEN: &str = "You said four words. Is there anything else?";

/// A question from 5,000 to 6,080, after the greeting.
fn asks(call: &mut WholeCall) -> CallTime {
    call.says(AT(5000), "When do you open?")
}

#[test]
fn a_question_is_heard_and_answered_word_by_word() {
    for peer in [Peer::Native(8000), Peer::Native(16_000), Peer::Native(24_000), Peer::Asterisk(MS(15_000))] {
        let mut call = WholeCall::with(settings(), peer, Engines::default());
        let end = asks(&mut call);
        call.run(AT(12_000));
        assert_eq!(call.heard_text(), format!("{GREETING} {SPOKEN}"), "{peer:?}");
        let answer = call.heard()[5].0;
        // 250 ms of silence end the turn; the answer was prepared during the silence.
        assert!(answer - end < MS(400), "{peer:?}: {:?}", answer - end);
        let prompt = call.prompts.last().unwrap().last().unwrap();
        assert_eq!(prompt.text, "When do you open?", "{peer:?}");
        let summary = call.hangs_up();
        assert_eq!((summary.turns, summary.interruptions), (1, 0), "{peer:?}");
        let said: Vec<&str> = summary.transcript.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(said, [GREETING, "When do you open?", ANSWER], "{peer:?}");
        assert_eq!(call.unfinished(), 0, "{peer:?}");
    }
}

#[test]
fn who_watches_a_call_is_told_what_its_client_is_whatever_the_client_speaks() {
    let mut call = WholeCall::with(settings(), Peer::Native(8000), Engines::default());
    asks(&mut call);
    call.run(AT(12_000));
    let summary = call.hangs_up();
    let told: Vec<&String> = call.told.iter().map(|(_, text)| text).collect();
    let watched = call.watched();
    assert!(watched.iter().all(|text| told.contains(&text)) && watched.len() > 5, "{watched:#?}");
    assert!(watched.last().unwrap().contains("session.summary") && summary.turns == 1);

    let mut call = WholeCall::with(settings(), Peer::Asterisk(MS(15_000)), Engines::default());
    asks(&mut call);
    call.run(AT(12_000));
    call.hangs_up();
    for words in ["\"heard\":\"When do you open?\"", ANSWER, "session.summary"] {
        assert!(call.watched().iter().any(|text| text.contains(words)), "{words}");
    }
}

/// Complaint: "it talks over me".
#[test]
fn a_caller_who_cuts_in_hears_silence_within_a_frame() {
    let mut call = WholeCall::new(settings());
    asks(&mut call);
    let cut = AT(7000);
    call.says(cut, "No wait, I have another question.");
    call.run(AT(8500));
    let silent = call.cleared.first().copied().expect("a clear");
    assert!(silent - cut <= MS(180), "{:?}", silent - cut);
    // Audio sent before was played or thrown away; nothing leaves until the words are known.
    assert!(call.sent.iter().all(|(at, _)| *at <= silent || *at > cut + MS(1500)));
    call.run(AT(14_000));
    let summary = call.hangs_up();
    assert_eq!(summary.interruptions, 1);
    assert!(call.heard_text().starts_with(GREETING));
    // The words in the history sounded, and no others are reported.
    let first = &summary.transcript[2];
    assert!(ANSWER.starts_with(&first.text) && first.text.len() < ANSWER.len(), "{:?}", first.text);
    assert!(call.heard_text().contains(&first.text));
}

/// Fault: the samples of a filler were dropped when another model took over, so that a cough during the
/// filler cost the rest of the filler, which was still recorded as heard.
#[test]
fn a_cough_during_a_filler_costs_none_of_its_words() {
    let manners = Manners { filler_after: Some(MS(1500)), ..settings().manners };
    let stand_in = Settings { manners, models: 2, fallback_after: MS(1700), ..settings() };
    let mut stand_in = Settings { speculation: crate::support::simulation::tries(0), ..stand_in };
    stand_in.phrases.fillers = vec!["One moment please while I look that up for you.".into()];
    let engines = Engines { silent_answers: 1, first_token: MS(2000), ..Engines::default() };
    let mut call = WholeCall::with(stand_in, Peer::Native(8000), engines);
    let end = asks(&mut call);
    // The filler begins about 1.8 s after the question and lasts 2.9 s; the other model is asked at 2.0 s.
    call.coughs(end + MS(2900), MS(240));
    call.run(AT(16_000));
    let words = call.heard_text();
    assert_eq!(call.cleared.len(), 1, "the cough pauses the agent");
    let filler = "One moment please while I look that up for you.";
    // The word that was cut is repeated from its beginning, and all later words follow.
    assert_eq!(words, format!("{GREETING} {filler} {SPOKEN}"));
    let summary = call.hangs_up();
    assert_eq!((summary.interruptions, summary.hiccups), (0, 1));
    assert_eq!(summary.transcript.last().unwrap().text, format!("{filler} {ANSWER}"));
}

/// Complaint: "it goes silent and I do not know whether it is still there".
#[test]
fn where_the_line_holds_the_callers_audio_up_nobody_is_cut_off() {
    let mut call = WholeCall::new(settings());
    // In the middle of the question no audio comes for 700 ms, and then all of it at once.
    call.held_up.push((AT(5400), AT(6100)));
    call.says(AT(5000), "When do you open on Saturday mornings?");
    call.run(AT(14_000));
    let prompt = call.prompts.last().unwrap().last().unwrap();
    assert_eq!(prompt.text, "When do you open on Saturday mornings?");
    assert_eq!(call.hangs_up().turns, 1);
}

#[test]
fn frames_that_are_lost_cost_words_and_not_the_turn() {
    let mut call = WholeCall::new(settings());
    call.lost.push((AT(5300), AT(5500)));
    asks(&mut call);
    call.run(AT(14_000));
    let summary = call.hangs_up();
    assert_eq!(summary.turns, 1);
    assert!(call.heard_text().starts_with(GREETING), "{}", call.heard_text());
}

#[test]
fn a_line_whose_buffer_is_small_gets_all_words_and_nothing_while_it_is_full() {
    let mut call = WholeCall::with(settings(), Peer::Asterisk(MS(100)), Engines::default());
    asks(&mut call);
    call.run(AT(14_000));
    assert_eq!(call.heard_text(), format!("{GREETING} {SPOKEN}"));
}

#[test]
fn a_long_answer_is_synthesised_two_pieces_at_a_time_and_heard_whole() {
    let sentence = "We are open from eight until five on all days of the week.";
    let answer = [sentence; 6].join(" ");
    let engines = Engines { answer: Some(answer.clone()), ..Engines::default() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), engines);
    asks(&mut call);
    call.run(AT(40_000));
    assert_eq!(call.heard_text(), format!("{GREETING} {answer}"));
}

/// Complaint: "it reads prices and dates like a robot".
#[test]
fn numbers_are_spoken_in_words_and_told_as_they_are_written() {
    let answer = "It is $9.50 on Nov. 3, at 8:30. Is that all right?";
    let engines = Engines { answer: Some(answer.into()), ..Engines::default() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), engines);
    asks(&mut call);
    call.run(AT(18_000));
    let spoken = "It is nine dollars and fifty cents on November third, at eight thirty. Is that all right?";
    assert_eq!(call.heard_text(), format!("{GREETING} {spoken}"));
    assert_eq!(call.hangs_up().transcript.last().unwrap().text, answer);
}

#[test]
fn names_are_spoken_as_the_dictionary_says_and_told_as_they_are_written() {
    let answer = "Doctor Nguyen's room is free. Is that all right?";
    let engines = Engines { answer: Some(answer.into()), ..Engines::default() };
    let dictionary = Dictionary::new([("Nguyen", "win")]).unwrap();
    let mut call = WholeCall::with_dictionary(settings(), Peer::Native(8000), engines, dictionary);
    asks(&mut call);
    call.run(AT(12_000));
    assert_eq!(call.heard_text(), format!("{GREETING} Doctor win's room is free. Is that all right?"));
    assert_eq!(call.hangs_up().transcript.last().unwrap().text, answer);
}

/// The history holds whole written words only: an amount that was cut was not heard.
#[test]
fn a_written_word_is_heard_once_its_last_spoken_word_is() {
    // Each answer has a first word of its own.
    let answer = "Price{n} is $9.50 for everybody who comes to the clinic in the morning.";
    let engines = Engines { answer: Some(answer.into()), ..Engines::default() };
    let mut cut_in_the_amount = 0;
    for n in 0..24 {
        let mut call = WholeCall::with(without_speculation(), Peer::Native(8000), engines.clone());
        let end = asks(&mut call);
        call.says(end + MS(600 + 100 * n), "Wait, stop, I have another question.");
        call.run(AT(20_000));
        let heard = call.heard_text();
        let of_first = heard.split("Priceb").nth(1).unwrap_or_default();
        let of_first = of_first.split("Pricec").next().unwrap_or_default();
        let summary = call.hangs_up();
        let told = summary.transcript.iter().find(|line| line.text.starts_with("Priceb"));
        let told = told.map_or("", |line| line.text.as_str());
        let (amount, later) = (told.contains("$9.50"), of_first.contains("for everybody"));
        assert!(of_first.contains("and fifty cents") || !amount, "{told:?}, {of_first:?}");
        assert!(amount || !later, "{told:?}, {of_first:?}");
        cut_in_the_amount += u32::from(of_first.contains("nine") && !of_first.contains("cents"));
    }
    assert!(cut_in_the_amount > 0);
}

#[test]
fn an_engine_that_fails_is_told_once_and_the_caller_is_asked_again() {
    let mut call = WholeCall::new(settings());
    call.expects_errors = true;
    // The greeting is jobs 1 and 2; the jobs after the question fail for a while.
    call.engines.fails = (3..40).collect();
    asks(&mut call);
    call.run(AT(14_000));
    assert!(call.failures().contains(&"transcription_failed"), "{:?}", call.failures());
    assert_eq!(call.hangs_up().errors.len(), call.failures().len());
}

#[test]
fn a_ping_is_answered_at_once_with_the_figures_of_the_call() {
    let mut call = WholeCall::new(settings());
    call.sends(AT(100), &json!({"type": "ping", "id": "p1"}));
    call.run(AT(200));
    let (at, pong) = call.told.iter().find(|(_, text)| text.contains("\"pong\"")).expect("a pong");
    let pong: serde_json::Value = serde_json::from_str(pong).unwrap();
    assert_eq!((*at, pong["id"].as_str()), (AT(100), Some("p1")));
    assert!(pong["queues"]["playback_ms"].as_u64().unwrap() > 0, "the greeting is being played");
}

#[test]
fn a_peer_that_is_gone_is_asked_twice_and_then_given_up() {
    let mut call = WholeCall::new(settings());
    call.lost.push((AT(0), AT(100_000)));
    // The peer sends no marks back either.
    call.is_alive = false;
    call.is_deaf = true;
    call.run(AT(100_000));
    assert_eq!(call.ended, Some((AT(30_000), Ending::Idle(MS(30_000)))));
    let mut alive = WholeCall::new(settings());
    alive.lost.push((AT(0), AT(100_000)));
    alive.run(AT(100_000));
    assert_eq!(alive.ended, None);
}

/// Fault: texts of a finished turn were still queued before the next answer.
#[test]
fn a_voice_that_never_came_does_not_keep_the_next_answer_waiting() {
    let mut call = WholeCall::new(settings());
    let sentence = "We are open from eight until five on all days of the week.";
    call.engines.answer = Some([sentence; 6].join(" "));
    call.run(AT(4900));
    asks(&mut call);
    // The voice takes longer for each chunk than its timeout.
    call.engines.synthesis = MS(30_000);
    call.run(AT(18_000));
    assert!(call.failures().contains(&"synthesis_late"), "{:?}", call.failures());
    call.engines.synthesis = MS(15);
    call.engines.answer = Some("Of course.".into());
    call.says(AT(20_000), "Are you still there?");
    call.run(AT(26_000));
    assert!(call.heard_text().ends_with("Of course."), "{}", call.heard_text());
}

/// A voice that speaks in parts of 200 ms, each after 60 ms.
fn in_parts() -> Engines {
    Engines { parts: Some((MS(200), MS(60))), synthesis: MS(60), ..Engines::default() }
}

#[test]
fn a_voice_that_speaks_in_parts_is_heard_after_the_first_one() {
    let whole = Engines { synthesis: MS(600), ..Engines::default() };
    let begins = [in_parts(), whole].map(|engines| {
        let mut call = WholeCall::with(settings(), Peer::Native(8000), engines);
        asks(&mut call);
        call.run(AT(14_000));
        assert_eq!(call.heard_text(), format!("{GREETING} {SPOKEN}"));
        let summary = call.hangs_up();
        assert_eq!(summary.transcript[2].text, ANSWER);
        call.heard()[5].0
    });
    assert!(begins[1] - begins[0] > MS(300), "{begins:?}");
}

#[test]
fn a_caller_who_cuts_into_a_part_hears_nothing_of_the_later_ones() {
    let slow = Engines { parts: Some((MS(200), MS(190))), ..in_parts() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), slow);
    asks(&mut call);
    let cut = AT(7000);
    call.says(cut, "No wait, I have another question.");
    call.run(AT(8500));
    let silent = call.cleared.first().copied().expect("a clear");
    assert!(call.sent.iter().all(|(at, _)| *at <= silent || *at > cut + MS(1500)));
    call.run(AT(14_000));
    let summary = call.hangs_up();
    assert_eq!(summary.interruptions, 1);
    let first = &summary.transcript[2].text;
    assert!(ANSWER.starts_with(first.as_str()) && first.len() < ANSWER.len(), "{first:?}");
    assert_eq!(call.unfinished(), 0);
}

#[test]
fn after_a_cough_a_sentence_that_is_still_synthesised_goes_on_from_the_word_that_was_cut() {
    let slow = Engines { parts: Some((MS(200), MS(190))), ..in_parts() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), slow);
    asks(&mut call);
    call.coughs(AT(6900), MS(240));
    call.run(AT(16_000));
    assert!(!call.cleared.is_empty());
    assert_eq!(call.heard_text(), format!("{GREETING} {SPOKEN}"));
    assert_eq!(call.hangs_up().transcript[2].text, ANSWER);
}

#[test]
fn a_voice_slower_than_speech_stalls_but_loses_and_doubles_no_word() {
    let slow = Engines { parts: Some((MS(200), MS(300))), ..in_parts() };
    let mut call = WholeCall::with(settings(), Peer::Native(8000), slow);
    call.run(AT(9000));
    call.says(AT(9000), "When do you open?");
    call.run(AT(20_000));
    assert_eq!(call.heard_text(), format!("{GREETING} {SPOKEN}"));
    assert_eq!(call.hangs_up().transcript[2].text, ANSWER);
}

/// The words that sounded are kept, and the caller gets the rest of the reply.
#[test]
fn a_voice_that_fails_in_the_middle_of_a_sentence_has_said_what_sounded() {
    let mut call = WholeCall::with(settings(), Peer::Native(8000), in_parts());
    call.expects_errors = true;
    call.run(AT(5000));
    call.engines.breaks_off_after = Some(3);
    asks(&mut call);
    call.run(AT(14_000));
    // Of the first sentence, 600 ms came: "You said" ends after 540.
    assert_eq!(call.heard_text(), format!("{GREETING} You said Is there anything else?"));
    assert_eq!(call.failures(), ["synthesis_failed"]);
    assert_eq!(call.hangs_up().transcript[2].text, "You said Is there anything else?");
}

#[test]
fn followers_are_told_whether_what_must_be_disclosed_was_heard() {
    let phrases = Phrases { disclosure: "This call is recorded.".into(), ..settings().phrases };
    let told = |until: CallTime| {
        let mut call = WholeCall::new(Settings { phrases: phrases.clone(), ..settings() });
        call.run(until);
        call.hangs_up();
        call.happened.iter().find_map(|(_, happened)| match happened {
            Happened::Disclosed { heard } => Some(*heard),
            _ => None,
        })
    };
    assert_eq!(told(AT(10_000)), Some(true));
    assert_eq!(told(AT(600)), Some(false), "who hangs up has not heard it");
    let mut call = WholeCall::new(settings());
    call.run(AT(5000));
    assert!(!call.happened.iter().any(|(_, happened)| matches!(happened, Happened::Disclosed { .. })));
}

#[test]
fn a_summary_says_what_the_call_consumed_and_what_had_to_stand_in() {
    let mut call = WholeCall::new(settings());
    asks(&mut call);
    call.run(AT(12_000));
    let summary = call.hangs_up();
    let consumed = summary.consumed;
    assert!((consumed.caller_audio_s - 12.0).abs() < 0.1, "{consumed:?}");
    assert!(consumed.agent_audio_s > 3.0 && consumed.agent_audio_s < 8.0, "{consumed:?}");
    assert_eq!((summary.stand_ins, summary.fallbacks, summary.fillers), (0, 0, 0));
}

#[test]
fn a_transferred_call_ends_at_once_and_nobody_hangs_up() {
    for peer in [Peer::Native(8000), Peer::Asterisk(MS(15_000))] {
        let mut call = WholeCall::with(settings(), peer, Engines::default());
        call.run(AT(1_000));
        let before = call.told.len();
        call.gets(Input::Transferred { to: "+15550142".into(), briefing: None });
        assert_eq!(call.ended, Some((AT(1_000), Ending::Transferred)), "{peer:?}");
        let told: Vec<&str> = call.told[before..].iter().map(|(_, text)| text.as_str()).collect();
        assert!(!told.iter().any(|text| text.contains("HANGUP")), "{told:?}");
        let is_told = told.iter().any(|text| text.contains("\"transfer\"") && text.contains("+15550142"));
        assert_eq!(is_told, matches!(peer, Peer::Native(_)), "{told:?}");
        assert_eq!(call.unfinished(), 0, "{peer:?}");
    }
}
