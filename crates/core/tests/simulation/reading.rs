//! The prefills of the language model while the caller speaks: nearly all words, nothing twice, and nothing
//! that will not be answered.

use offhook_core::turns::{Action, ReadAhead, Settings, SpeculationPolicy};
use offhook_core::units::CallTime;

use crate::support::simulation::{AT, MS, Simulation, settings};

/// The prefilled words and their times: all of the caller's words since the agent was heard.
fn read(call: &Simulation) -> Vec<(CallTime, String)> {
    let text = |action: &Action| match action {
        Action::Prefill { messages, .. } => messages.last().map(|m| m.text.clone()),
        _ => None,
    };
    call.done.iter().filter_map(|(at, action)| Some((*at, text(action)?))).collect()
}

fn with(read_ahead: ReadAhead) -> Simulation {
    let speculation = SpeculationPolicy { read_ahead, ..settings().speculation };
    let mut call = Simulation::new(Settings { speculation, ..settings() });
    call.run(AT(5000));
    call
}

fn numbers(to: u32) -> String {
    (1..=to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_read_while_the_caller_speaks() {
    let mut call = with(ReadAhead::Newest);
    call.caller_says(AT(5000), MS(2000), "one two three four");
    call.run(AT(20_000));
    let texts: Vec<String> = read(&call).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "one two", "one two three", "one two three four"]);
    // The prefill begins like the next prompt, except for its last message.
    let Some(Action::Prefill { messages, .. }) =
        call.done.iter().map(|(_, action)| action).find(|a| matches!(a, Action::Prefill { .. }))
    else {
        panic!("nothing was read");
    };
    let before = messages.len() - 1;
    assert_eq!(messages[..before], call.prompts[0][..before]);
}

#[test]
fn of_a_long_sentence_little_is_left_at_its_end() {
    for (policy, most) in [(ReadAhead::Newest, 3), (ReadAhead::Stable, 6)] {
        let mut call = with(policy);
        // Three words a second, as people speak.
        call.caller_says(AT(5000), MS(6667), &numbers(20));
        call.run(AT(20_000));
        let asked = call.times(|a| matches!(a, Action::Generate { .. }))[0];
        let (_, last) = read(&call).into_iter().rfind(|(at, _)| *at < asked).unwrap();
        let left = 20 - last.split(' ').count();
        assert!(left <= most, "{policy:?}: {left} words are left");
    }
}

#[test]
fn only_words_on_which_looks_agree_are_read_if_so_wished() {
    let mut call = with(ReadAhead::Stable);
    call.caller_says(AT(5000), MS(2000), "one two three four");
    call.run(AT(20_000));
    let texts: Vec<String> = read(&call).into_iter().map(|(_, text)| text).collect();
    // At the pause, all words are known.
    assert_eq!(texts, ["one", "one two", "one two three four"]);
}

#[test]
fn it_can_be_switched_off() {
    let mut call = with(ReadAhead::Off);
    call.caller_says(AT(5000), MS(2000), "one two three four");
    call.caller_says(AT(15_000), MS(2000), "My number is");
    call.run(AT(30_000));
    assert!(read(&call).is_empty());
}

#[test]
fn a_look_that_hears_nothing_new_reads_nothing() {
    let mut call = with(ReadAhead::Newest);
    // One word, then breathing for two seconds.
    call.caller_says_late(AT(5000), MS(500), "Well", AT(7120));
    call.at(AT(5060), offhook_core::turns::Event::SpeechStarted { at: AT(5000) });
    call.run(AT(8000));
    assert_eq!(read(&call).len(), 1);
}

#[test]
fn words_that_turn_out_to_be_others_are_read_again() {
    let mut call = with(ReadAhead::Newest);
    let heard = |pass: u32, text: &str| offhook_core::turns::Event::Transcribed {
        utterance: offhook_core::ids::UtteranceId(1),
        pass,
        heard_until: AT(5000),
        text: text.into(),
        doubtful: false,
    };
    call.busy = true;
    call.at(AT(5060), offhook_core::turns::Event::SpeechStarted { at: AT(5000) });
    call.run(AT(5100));
    // The recogniser stays silent; these transcripts come instead.
    for (n, text) in ["I would lie", "I would like two", "I would like to"].into_iter().enumerate() {
        call.broken = Some(crate::support::simulation::Broken::SilentRecognizer);
        call.busy = false;
        let at = AT(5450 + 400 * n as u64);
        call.at(at, heard(1 + n as u32, text));
        call.run(at);
    }
    let texts: Vec<String> = read(&call).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["I would lie", "I would like two", "I would like to"]);
}

#[test]
fn nothing_is_read_while_the_agent_speaks_until_it_is_interrupted() {
    let mut call = Simulation::answering();
    call.caller_says(AT(7000), MS(500), "mm-hm");
    call.run(AT(8900));
    let before = read(&call).len();
    assert!(read(&call).iter().all(|(_, text)| !text.contains("mm")));
    call.caller_says(AT(9000), MS(2500), "Wait, what about Sunday and the day after?");
    let reports = call.run(AT(30_000));
    let after = &read(&call)[before..];
    assert!(after.len() > 2, "{after:?}");
    let silenced = *call.silenced().last().unwrap();
    assert!(after.iter().all(|(at, _)| *at >= silenced), "{after:?}");
    assert!(reports[1].interrupted);
}

#[test]
fn words_that_are_all_but_call_for_more_are_read_to_their_end() {
    let mut call = with(ReadAhead::Newest);
    call.caller_says(AT(5000), MS(1000), "My number is");
    call.run(AT(6400));
    assert_eq!(read(&call).last().unwrap().1, "My number is");
    // The answer does not cause a second prefill.
    call.run(AT(20_000));
    assert_eq!(read(&call).iter().filter(|(_, text)| text == "My number is").count(), 1);
}

#[test]
fn what_was_prepared_and_dropped_is_not_read_again() {
    let mut call = with(ReadAhead::Newest);
    call.caller_says(AT(5000), MS(1000), "I need an appointment.");
    call.caller_says(AT(6180), MS(1200), "For my son on Friday.");
    call.run(AT(30_000));
    let texts: Vec<String> = read(&call).into_iter().map(|(_, text)| text).collect();
    assert!(texts.iter().all(|text| text != "I need an appointment."), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("I need an appointment. For")), "{texts:?}");
}
