//! Several agents in one call: another one goes on with its own instructions, and knows what was said.

use offhook_core::dialogue::Role;
use offhook_core::report::TurnReport;
use offhook_core::turns::{Action, Event, Settings};

use crate::support::settings::{own_tools, without_speculation};
use crate::support::simulation::{AT, MS, Simulation, settings};

/// A call in which the caller has asked, and was answered, by 9,000.
fn asked() -> Simulation {
    let mut call = Simulation::new(without_speculation());
    call.run(AT(4000));
    call.answers = ["On Tuesday.".to_owned(), "That invoice is paid.".to_owned()].into();
    call.caller_says(AT(4000), MS(1000), "When are you open?");
    call.run(AT(9000));
    call
}

fn billing() -> Box<Settings> {
    Box::new(Settings { system_prompt: "You are billing.".to_owned(), ..without_speculation() })
}

fn prompt(call: &Simulation) -> Vec<(Role, &str)> {
    let last = call.prompts.last().expect("a prompt");
    last.iter().map(|message| (message.role, message.text.as_str())).collect()
}

#[test]
fn another_agent_answers_with_its_own_instructions_and_knows_what_was_said() {
    let mut call = asked();
    call.at(AT(9000), Event::AgentChanged { settings: billing() });
    call.caller_says(AT(9000), MS(1000), "And my invoice?");
    let reports: Vec<TurnReport> = call.run(AT(14_000));
    assert_eq!(reports.last().expect("a turn").reply, "That invoice is paid.");
    let prompt = prompt(&call);
    assert_eq!(prompt[0], (Role::System, "You are billing."));
    assert!(prompt.contains(&(Role::User, "When are you open?")), "{prompt:?}");
    assert_eq!(prompt.last(), Some(&(Role::User, "And my invoice?")));
}

#[test]
fn what_was_learnt_in_the_call_stays_known() {
    let mut call = asked();
    call.at(AT(9000), Event::Informed { text: "The caller is Jo.".to_owned() });
    call.at(AT(9010), Event::AgentChanged { settings: billing() });
    call.caller_says(AT(9100), MS(1000), "And my invoice?");
    call.run(AT(14_000));
    assert_eq!(prompt(&call)[0].1, "You are billing.\nThe caller is Jo.");
}

#[test]
fn another_agent_has_its_own_tools_and_thresholds() {
    let mut call = asked();
    let mut settings = *billing();
    settings.tools = own_tools();
    settings.endpoint.complete += MS(250);
    let before = call.times(|action| matches!(action, Action::Generate { .. }))[0];
    call.at(AT(9000), Event::AgentChanged { settings: Box::new(settings) });
    call.caller_says(AT(9000), MS(1000), "When are you open?");
    call.run(AT(14_000));
    let after = call.times(|action| matches!(action, Action::Generate { .. }));
    assert_eq!(after.last().expect("an answer").since(AT(9000)), before.since(AT(4000)) + MS(250));
    assert!(prompt(&call)[0].1.contains("<tools>"));
}

#[test]
fn an_agent_whose_instructions_leave_no_room_to_talk_does_not_go_on() {
    let mut call = asked();
    let settings = Settings { system_prompt: "word ".repeat(settings().prompt_tokens), ..*billing() };
    call.at(AT(9000), Event::AgentChanged { settings: Box::new(settings) });
    call.run(AT(9010));
    assert_eq!(call.times(|action| matches!(action, Action::PromptTooLong { .. })).len(), 1);
    call.caller_says(AT(9100), MS(1000), "When are you open?");
    call.run(AT(14_000));
    assert_ne!(prompt(&call)[0].1, "You are billing.");
    assert!(!prompt(&call)[0].1.starts_with("word"), "{:?}", prompt(&call)[0]);
}

#[test]
fn what_the_agent_before_still_says_is_said_to_its_end() {
    let mut call = Simulation::new(without_speculation());
    call.run(AT(4000));
    call.answers = ["We are open on Tuesday, on Wednesday and on Thursday.".to_owned()].into();
    call.caller_says(AT(4000), MS(1000), "When are you open?");
    call.run(AT(6500));
    call.at(AT(6500), Event::AgentChanged { settings: billing() });
    let reports = call.run(AT(14_000));
    let last = reports.last().expect("a turn");
    assert_eq!(
        (last.reply.as_str(), last.interrupted),
        ("We are open on Tuesday, on Wednesday and on Thursday.", false)
    );
}
