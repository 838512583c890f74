//! Tools that the agent calls: when a call is made, and where its result stands in the conversation.

use offhook_core::dialogue::Role;
use offhook_core::dialogue::tools::{OPEN, ToolChoice, Tools};
use offhook_core::ids::ToolCallId;
use offhook_core::report::CalledTool;
use offhook_core::turns::{Action, Event};
use offhook_core::units::CallTime;

use crate::support::settings::tools;
use crate::support::simulation::{AT, FirstModel, MS, Simulation, settings};

/// A call of a tool, as a model writes it.
const CALL: &str = "<tool_call>\n{\"name\": \"book\", \"arguments\": {\"day\": \"Tuesday\"}}\n</tool_call>";

fn given(tools: Tools) -> Event {
    Event::ToolsGiven { tools, system_prompt: None }
}

fn returned(call: u32) -> Event {
    Event::ToolReturned { call: ToolCallId(call), output: "{\"booked\": true}".to_owned() }
}

fn answer() -> Event {
    Event::AnswerRequested { instructions: String::new() }
}

/// A call with tools, in which the caller has asked by 6,000 and these are the model's answers.
fn asked(answers: &[&str]) -> Simulation {
    let mut call = Simulation::after_the_greeting();
    call.answers = answers.iter().map(|text| (*text).to_owned()).collect();
    call.at(AT(5000), given(tools(ToolChoice::Auto)));
    call.caller_says(AT(5000), MS(1000), "Book me for Tuesday.");
    call
}

fn calls(call: &Simulation) -> Vec<(CallTime, CalledTool)> {
    let called = |(at, action): &(CallTime, Action)| match action {
        Action::CallTools { calls, .. } => calls.iter().map(|one| (*at, one.clone())).collect(),
        _ => Vec::new(),
    };
    call.done.iter().flat_map(called).collect()
}

/// The last prompt without its system prompt.
fn prompt(call: &Simulation) -> Vec<(Role, &str)> {
    call.prompts.last().unwrap()[1..].iter().map(|line| (line.role, line.text.as_str())).collect()
}

#[test]
fn a_reply_that_only_calls_ends_its_turn_and_the_result_is_answered_on_request() {
    let mut call = asked(&[CALL, "You are booked."]);
    call.at(AT(8000), returned(0));
    assert_eq!(call.run(AT(8500)).len(), 2);
    let made = calls(&call);
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].1.call.arguments, r#"{"day": "Tuesday"}"#);
    call.at(AT(9000), answer());
    let reports = call.run(AT(15_000));
    assert_eq!((reports[1].heard.as_str(), reports[1].reply.as_str()), ("Book me for Tuesday.", ""));
    assert!(!reports[1].failed && !reports[2].failed);
    assert_eq!(reports[2].reply, "You are booked.");
    let expected = [(Role::User, "Book me for Tuesday."), (Role::Assistant, CALL)];
    let prompt = prompt(&call);
    assert_eq!(prompt[prompt.len() - 3..prompt.len() - 1], expected);
    assert_eq!(*prompt.last().unwrap(), (Role::Tool, "{\"booked\": true}"));
}

#[test]
fn a_call_is_made_while_its_words_are_spoken_and_the_result_is_answered_behind_them() {
    let mut call = asked(&[&format!("One moment, I look into the book. {CALL}"), "You are booked."]);
    call.at(AT(6600), returned(0));
    call.at(AT(6600), answer());
    let reports = call.run(AT(15_000));
    let (made, _) = calls(&call)[0];
    assert!(made < AT(6600), "before the words were heard: {made}");
    assert_eq!(reports[1].reply, "One moment, I look into the book.");
    assert!(!reports[1].interrupted);
    assert_eq!(reports[2].reply, "You are booked.");
    let said = format!("One moment, I look into the book.\n{CALL}");
    let prompt = prompt(&call);
    let end = [(Role::Assistant, said.as_str()), (Role::Tool, "{\"booked\": true}")];
    assert_eq!(prompt[prompt.len() - 2..], end);
}

#[test]
fn nothing_is_called_by_a_reply_that_the_caller_cuts_off_before_it_is_whole() {
    let words = "I will have a look. ".repeat(30);
    let mut call = asked(&[&format!("{words}{CALL}"), "All right."]);
    call.delays.token = MS(40);
    call.caller_says(AT(7000), MS(1500), "No wait, do not book it.");
    call.run(AT(20_000));
    assert_eq!(calls(&call).len(), 0);
    assert!(prompt(&call).iter().all(|(_, text)| !text.contains(OPEN)));
}

#[test]
fn a_call_that_was_made_stays_made_when_the_caller_cuts_in() {
    let mut call = asked(&[&format!("One moment, I look into the book. {CALL}"), "All right."]);
    call.caller_says(AT(7000), MS(1500), "No wait, do not book it.");
    call.at(AT(7200), returned(0));
    call.run(AT(20_000));
    assert_eq!(calls(&call).len(), 1);
    let prompt = prompt(&call);
    let [.., (_, said), result, (Role::User, "No wait, do not book it.")] = prompt[..] else {
        panic!("{prompt:?}")
    };
    assert!(said.ends_with(&format!("\n{CALL}")) && said.len() < 110, "{said}");
    assert_eq!(result, (Role::Tool, "{\"booked\": true}"));
}

#[test]
fn a_draft_calls_nothing_before_it_is_wanted() {
    let mut call = asked(&[CALL, CALL, "You are booked."]);
    // The caller goes on after a pause in which a draft is made.
    call.caller_says(AT(6160), MS(800), "Or better for Wednesday.");
    call.run(AT(9000));
    let drafts = call.done.iter().filter(|(_, action)| matches!(action, Action::Generate { .. })).count();
    assert!(drafts >= 2, "{drafts}");
    let made = calls(&call);
    assert_eq!(made.len(), 1);
    assert!(made[0].0 >= AT(6960), "{:?}", made[0]);
}

#[test]
fn a_stand_in_makes_the_call_that_a_failing_model_did_not_end() {
    let mut call = Simulation::new(offhook_core::turns::Settings { models: 2, ..settings() });
    call.run(AT(5000));
    call.script.first = FirstModel::Fails;
    call.answers = [CALL].map(str::to_owned).into();
    call.at(AT(5000), given(tools(ToolChoice::Auto)));
    call.caller_says(AT(5000), MS(1000), "Book me for Tuesday.");
    call.run(AT(9000));
    assert_eq!(calls(&call).len(), 1);
}

#[test]
fn what_nobody_awaits_is_no_result() {
    let mut call = asked(&[CALL]);
    for at in [AT(8000), AT(8100)] {
        call.at(at, returned(0));
    }
    call.at(AT(8200), returned(7));
    call.run(AT(9000));
    let results = call.conversation.history().lines().filter(|line| line.role == Role::Tool).count();
    assert_eq!(results, 1);
}

#[test]
fn a_tool_that_is_not_there_or_not_chosen_is_not_called() {
    let unknown = CALL.replace("book", "pay");
    let mut call = asked(&[&format!("I pay. {unknown}")]);
    let reports = call.run(AT(12_000));
    assert_eq!((calls(&call).len(), reports[1].reply.as_str()), (0, "I pay."));

    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), given(tools(ToolChoice::One("cancel".to_owned()))));
    call.answers = [format!("I book. {CALL}")].into();
    call.caller_says(AT(5000), MS(1000), "Book me for Tuesday.");
    call.run(AT(12_000));
    assert_eq!(calls(&call).len(), 0);
}

#[test]
fn the_prompt_tells_of_tools_only_while_they_may_be_called() {
    let mut call = Simulation::after_the_greeting();
    let before = call.conversation.history().messages()[0].text.clone();
    call.at(AT(5000), given(tools(ToolChoice::Auto)));
    call.run(AT(5100));
    let with = call.conversation.history().messages()[0].text.clone();
    assert!(with.starts_with(&before) && with.contains("\"name\":\"book\""), "{with}");
    call.at(AT(5200), given(tools(ToolChoice::None)));
    call.run(AT(5300));
    assert_eq!(call.conversation.history().messages()[0].text, before);
}

#[test]
fn tools_that_leave_no_room_are_refused_and_the_old_ones_stay() {
    let mut call = Simulation::after_the_greeting();
    call.at(AT(5000), given(tools(ToolChoice::Auto)));
    let mut many = tools(ToolChoice::Auto);
    many.all[0].description = Some("word ".repeat(10_000));
    call.at(AT(5100), given(many));
    call.run(AT(5200));
    assert_eq!(call.times(|action| matches!(action, Action::PromptTooLong { .. })).len(), 1);
    assert_eq!(*call.conversation.tools(), tools(ToolChoice::Auto));
}

#[test]
fn nothing_is_called_while_the_caller_goes_on_speaking() {
    // The whole reply is known 20 ms after the caller has gone on, long before their words are.
    let mut call = asked(&[CALL, "All right."]);
    call.delays.first_token = MS(200);
    call.caller_says(AT(6300), MS(1200), "No wait, make that Wednesday please.");
    call.run(AT(20_000));
    assert_eq!(calls(&call).len(), 0);
    assert_eq!(call.reports().last().unwrap().reply, "All right.");
}

#[test]
fn a_cough_does_not_cost_a_call() {
    let mut call = asked(&[CALL, "You are booked."]);
    call.delays.first_token = MS(200);
    call.caller_says(AT(6300), MS(240), "");
    call.run(AT(20_000));
    assert_eq!(calls(&call).len(), 1);
}

#[test]
fn the_results_of_several_calls_are_told_apart_in_whatever_order_they_come() {
    let other = CALL.replace("Tuesday", "Monday");
    let mut call = asked(&[&format!("{CALL}\n{other}"), "You are booked."]);
    call.at(AT(8000), returned(1));
    call.at(AT(8100), returned(0));
    call.at(AT(8200), answer());
    call.run(AT(12_000));
    let prompt = prompt(&call);
    let results: Vec<&str> =
        prompt.iter().filter(|(role, _)| *role == Role::Tool).map(|(_, text)| *text).collect();
    let told = |day: &str| format!("book({{\"day\": \"{day}\"}}): {{\"booked\": true}}");
    assert_eq!(results, [told("Monday"), told("Tuesday")]);
}

#[test]
fn a_call_is_read_with_the_tools_that_the_answer_was_asked_with() {
    let mut call = asked(&[&format!("One moment. {CALL}")]);
    call.delays.token = MS(100);
    call.at(AT(6500), given(Tools::default()));
    let reports = call.run(AT(15_000));
    assert_eq!((reports[1].reply.as_str(), calls(&call).len()), ("One moment.", 1));
}

#[test]
fn a_model_that_cannot_be_held_to_the_tools_answers_without_them() {
    let mut call = asked(&["I cannot book.", "I cannot book."]);
    call.delays.first_token = MS(400);
    call.run(AT(6300));
    let turn = call.done.iter().rev().find_map(|(_, action)| match action {
        Action::Generate { turn, .. } => Some(*turn),
        _ => None,
    });
    call.at(AT(6310), Event::ToolsRefused { turn: turn.unwrap() });
    let reports = call.run(AT(15_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].failed), ("I cannot book.", false));
    assert!(call.conversation.tools().are_idle());
    assert!(!call.prompts.last().unwrap()[0].text.contains("book"));
}

#[test]
fn a_caller_who_waits_for_a_tool_is_not_asked_whether_they_are_there() {
    let mut settings = settings();
    settings.manners.idle_after = Some(MS(10_000));
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.answers = [CALL, "You are booked."].map(str::to_owned).into();
    call.at(AT(5000), given(tools(ToolChoice::Auto)));
    call.caller_says(AT(5000), MS(1000), "Book me for Tuesday.");
    call.at(AT(25_000), returned(0));
    call.at(AT(25_001), answer());
    let reports = call.run(AT(27_500));
    let replies: Vec<&str> = reports[1..].iter().map(|report| report.reply.as_str()).collect();
    assert_eq!(replies, ["", "You are booked."]);
}

#[test]
fn a_long_result_keeps_its_question_and_its_call() {
    let mut call = asked(&[CALL, "You are booked."]);
    let output = "word ".repeat(5000);
    call.at(AT(8000), Event::ToolReturned { call: ToolCallId(0), output });
    call.at(AT(8100), answer());
    call.run(AT(12_000));
    let prompt = prompt(&call);
    let [.., (Role::User, "Book me for Tuesday."), (Role::Assistant, CALL), (Role::Tool, result)] =
        prompt[..]
    else {
        panic!("{:?}", prompt.iter().map(|(role, _)| role).collect::<Vec<_>>())
    };
    assert!(result.starts_with("word word") && result.len() < 2000, "{}", result.len());
}
