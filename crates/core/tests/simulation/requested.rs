//! What comes into a call by other ways than the caller's voice: typed words, instructions, sentences to say.

use offhook_core::dialogue::Role;
use offhook_core::turns::{Action, Event, Settings};

use crate::support::simulation::{AT, MS, Simulation, settings};

fn typed(text: &str) -> Event {
    Event::Remembered { role: Role::User, text: text.to_owned() }
}

fn answer(instructions: &str) -> Event {
    Event::AnswerRequested { instructions: instructions.to_owned() }
}

fn say(text: &str) -> Event {
    Event::SayRequested { text: text.to_owned() }
}

#[test]
fn typed_words_wait_for_the_request_to_answer_them() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), typed("When do you open?"));
    assert_eq!(call.run(AT(10_000)).len(), 1);
    call.at(AT(10_000), answer(""));
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "When do you open?");
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
}

#[test]
fn a_request_with_nothing_to_answer_changes_nothing() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), answer(" "));
    assert_eq!(call.run(AT(12_000)).len(), 1);
    assert!(call.prompts.is_empty());
}

#[test]
fn instructions_alone_are_answered() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), answer("Greet the caller warmly."));
    assert_eq!(call.run(AT(12_000))[1].heard, "Greet the caller warmly.");
}

#[test]
fn what_is_typed_while_the_agent_speaks_comes_after_its_words() {
    let mut call = Simulation::answering();
    call.at(AT(7000), typed("And on Sunday?"));
    call.at(AT(12_000), answer(""));
    call.run(AT(20_000));
    let last: Vec<&str> = call.prompts.last().unwrap().iter().map(|m| m.text.as_str()).collect();
    let whole = "You said 4 words. Is there anything else?";
    assert_eq!(last[2..], ["When do you open?", whole, "And on Sunday?"]);
}

#[test]
fn a_caller_who_speaks_is_answered_at_the_end_of_their_turn_and_to_everything() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5500), typed("My number is 12."));
    call.at(AT(5600), answer(""));
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(15_000));
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].heard, "My number is 12. When do you open?");
}

#[test]
fn an_earlier_conversation_is_known_to_the_model() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), typed("I am Ada."));
    call.at(AT(5000), Event::Remembered { role: Role::Assistant, text: "Hello Ada.".into() });
    call.caller_says(AT(6000), MS(1000), "When do you open?");
    call.run(AT(12_000));
    let prompt: Vec<&str> = call.prompts.last().unwrap().iter().map(|m| m.text.as_str()).collect();
    assert_eq!(prompt[prompt.len() - 3..], ["I am Ada.", "Hello Ada.", "When do you open?"]);
}

#[test]
fn other_instructions_count_from_the_next_prompt_on() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), Event::Instructed { system_prompt: "You are a baker.".into() });
    call.at(AT(5001), Event::Informed { text: "The oven is broken.".into() });
    call.caller_says(AT(6000), MS(1000), "When do you open?");
    call.run(AT(12_000));
    assert_eq!(call.prompts.last().unwrap()[0].text, "You are a baker.\nThe oven is broken.");
}

#[test]
fn instructions_that_leave_no_room_are_refused_and_the_old_ones_stay() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), Event::Instructed { system_prompt: "word ".repeat(100_000) });
    call.caller_says(AT(6000), MS(1000), "When do you open?");
    call.run(AT(12_000));
    assert_eq!(call.times(|action| matches!(action, Action::PromptTooLong { .. })), [AT(5000)]);
    assert!(call.prompts.last().unwrap()[0].text.starts_with(&settings().system_prompt));
}

#[test]
fn a_sentence_is_said_at_once_if_nobody_speaks() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(6000), say("We close in ten minutes."));
    let reports = call.run(AT(12_000));
    assert_eq!(reports[1].reply, "We close in ten minutes.");
    assert!(call.agent_lines()[0].ends_with("We close in ten minutes."), "{:?}", call.agent_lines());
}

#[test]
fn a_sentence_waits_for_the_agent_and_for_the_caller() {
    let mut call = Simulation::answering();
    call.at(AT(5500), say("We close in ten minutes."));
    call.at(AT(7000), say("And tomorrow we are closed."));
    let said: Vec<String> = call.run(AT(20_000)).into_iter().map(|report| report.reply).collect();
    let whole = "You said 4 words. Is there anything else?";
    assert_eq!(said[1..], [whole, "We close in ten minutes.", "And tomorrow we are closed."]);
}

/// Fault: a caller who began while the sentence was synthesised made it vanish.
#[test]
fn a_sentence_of_which_nothing_was_heard_is_said_later() {
    let mut call = Simulation::after_the_greeting();
    call.delays.synthesis = MS(1500);
    call.at(AT(6000), say("We close in ten minutes."));
    call.caller_says(AT(6200), MS(1000), "When do you open?");
    let said: Vec<String> = call.run(AT(30_000)).into_iter().map(|report| report.reply).collect();
    assert_eq!(said.last().map(String::as_str), Some("We close in ten minutes."), "{said:?}");
}

#[test]
fn what_the_agent_learnt_stays_when_its_instructions_change() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), Event::Informed { text: "The oven is broken.".into() });
    call.at(AT(5001), Event::Instructed { system_prompt: "You are a baker.".into() });
    call.caller_says(AT(6000), MS(1000), "When do you open?");
    call.run(AT(12_000));
    assert_eq!(call.prompts.last().unwrap()[0].text, "You are a baker.\nThe oven is broken.");
}

#[test]
fn sentences_that_nobody_has_time_for_are_bounded() {
    let mut call = Simulation::answering();
    for n in 0..12 {
        call.at(AT(5500), say(&format!("Sentence {n}.")));
    }
    call.run(AT(60_000));
    assert_eq!(call.times(|action| matches!(action, Action::NotSaid { .. })).len(), 4);
}

#[test]
fn what_a_client_says_was_heard_is_truer_than_the_clock() {
    // The first words are heard from 6,250 on; at 7,160 the clock has "You said 4 words." nearly said.
    let mut call = Simulation::answering_with(Settings { ..settings() });
    call.caller_says(AT(7000), MS(1500), "No, wait, on Sunday.");
    call.at(AT(7180), Event::HeardNoMoreThan { lasting: MS(300) });
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You");
}
