//! Whole calls of a client of the Realtime API, which returns no marks.

use offhook_core::dialogue::Role;
use offhook_core::ids::TurnId;
use offhook_core::report::{Happened, ToolEnd};
use offhook_core::units::CallTime;
use serde_json::{Value, json};

use crate::support::simulation::{AT, MS, settings};
use crate::support::whole_call::{Engines, Peer, WholeCall};

const SPOKEN: &str = "You said four words. Is there anything else?";
const ANSWER: &str = "You said 4 words. Is there anything else?";

fn session() -> WholeCall {
    WholeCall::with(settings(), Peer::Realtime, Engines::default())
}

/// The events of these types, with their times.
fn events(call: &WholeCall, kinds: &[&str]) -> Vec<(CallTime, Value)> {
    let told = call.told.iter().map(|(at, text)| (*at, serde_json::from_str::<Value>(text).unwrap()));
    told.filter(|(_, event)| kinds.contains(&event["type"].as_str().unwrap())).collect()
}

fn kinds(events: &[(CallTime, Value)]) -> Vec<&str> {
    events.iter().map(|(_, event)| event["type"].as_str().unwrap()).collect()
}

#[test]
fn a_question_becomes_an_item_and_its_answer_a_response() {
    let mut call = session();
    let end = call.says(AT(5000), "When do you open?");
    call.run(AT(14_000));
    assert!(call.heard_text().ends_with(SPOKEN), "{}", call.heard_text());
    let turn: Vec<_> = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_audio_transcript.done",
        "response.done",
    ]
    .into();
    let told: Vec<_> = events(&call, &turn).into_iter().filter(|(at, _)| *at >= AT(5000)).collect();
    assert_eq!(kinds(&told), turn);
    assert_eq!(told[3].1["transcript"], "When do you open?");
    assert_eq!(told[5].1["transcript"], ANSWER);
    let (done, response) = told.last().unwrap();
    assert_eq!(response["response"]["status"], "completed");
    assert_eq!(response["response"]["output"][0]["content"][0]["transcript"], ANSWER);
    // It is done when the clock has it played: no mark was awaited.
    let last_audio = events(&call, &["response.output_audio.delta"]).last().unwrap().0;
    assert!(*done - last_audio < MS(200), "{:?}", *done - last_audio);
    assert!(told[4].0 - end < MS(400));
    // Names are given once.
    let mut names: Vec<String> = call
        .told
        .iter()
        .map(|(_, text)| serde_json::from_str::<Value>(text).unwrap()["event_id"].to_string())
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_caller_who_cuts_in_silences_the_client_and_the_item_keeps_what_was_heard() {
    let mut call = session();
    call.says(AT(5000), "When do you open?");
    let cut = AT(7000);
    call.says(cut, "No wait, I have another question.");
    call.run(AT(14_000));
    let silent = call.cleared.first().copied().expect("the client falls silent");
    assert!(silent - cut <= MS(180), "{:?}", silent - cut);
    let done = events(&call, &["response.done"]);
    let response = &done[1].1["response"];
    assert_eq!(response["status_details"], json!({"type": "cancelled", "reason": "turn_detected"}));
    let heard = response["output"][0]["content"][0]["transcript"].as_str().unwrap().to_owned();
    assert!(ANSWER.starts_with(&heard) && heard.len() < ANSWER.len(), "{heard}");
    assert_eq!(call.hangs_up().transcript[2].text, heard);
}

#[test]
fn a_client_that_plays_late_has_the_last_word_on_what_was_heard() {
    let heard = |slow_ear| {
        let mut call = session();
        call.slow_ear = slow_ear;
        call.says(AT(5000), "When do you open?");
        call.says(AT(7000), "No wait, I have another question.");
        call.run(AT(14_000));
        call.hangs_up().transcript[2].text.clone()
    };
    let (at_once, late) = (heard(MS(0)), heard(MS(500)));
    assert!(at_once.starts_with(&late) && late.len() < at_once.len(), "{late:?} {at_once:?}");
}

#[test]
fn after_a_cough_the_same_response_goes_on_to_its_end() {
    let mut call = session();
    call.says(AT(5000), "When do you open?");
    call.coughs(AT(7000), MS(240));
    call.run(AT(16_000));
    let done = events(&call, &["response.done"]);
    assert_eq!(done.len(), 2);
    assert_eq!(done[1].1["response"]["status"], "completed");
    assert!(call.heard_text().ends_with("anything else?"), "{}", call.heard_text());
}

#[test]
fn typed_words_are_answered_on_request_without_an_item_of_speech() {
    let mut call = session();
    let item = json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "When do you open?"}]});
    call.sends(AT(5000), &json!({"type": "conversation.item.create", "item": item}));
    call.sends(AT(6000), &json!({"type": "response.create"}));
    call.run(AT(14_000));
    assert!(call.heard_text().ends_with(SPOKEN), "{}", call.heard_text());
    assert_eq!(events(&call, &["input_audio_buffer.committed"]).len(), 0);
    assert_eq!(
        events(&call, &["conversation.item.done"])[1].1["item"]["content"][0]["text"],
        "When do you open?"
    );
}

#[test]
fn a_client_cancels_a_response_and_is_told_so_at_once() {
    let mut call = session();
    call.says(AT(5000), "When do you open?");
    call.sends(AT(7000), &json!({"type": "response.cancel"}));
    call.run(AT(12_000));
    let (at, done) = events(&call, &["response.done"])[1].clone();
    assert_eq!((at, &done["response"]["status_details"]["reason"]), (AT(7000), &json!("client_cancelled")));
    assert!(events(&call, &["response.output_audio.delta"]).iter().all(|(at, _)| *at <= AT(7000)));
}

#[test]
fn other_instructions_reach_the_model() {
    let mut call = session();
    let session = json!({"type": "realtime", "instructions": "You are a baker."});
    call.sends(AT(4000), &json!({"type": "session.update", "session": session}));
    call.says(AT(5000), "When do you open?");
    call.run(AT(12_000));
    assert_eq!(call.prompts.last().unwrap()[0].text, "You are a baker.");
}

/// Fault: the instructions were judged beside the old tools, and refused though all of it fits.
#[test]
fn tools_and_instructions_of_one_update_find_room_together_or_not_at_all() {
    let prompt = |call: &mut WholeCall| {
        call.says(AT(5000), "When do you open?");
        call.run(AT(12_000));
        call.prompts.last().unwrap()[0].text.clone()
    };
    let update = |instructions: usize, description: usize| {
        let tool = json!({"type": "function", "name": "book", "description": "d ".repeat(description)});
        let session = json!({"instructions": "i ".repeat(instructions).trim(), "tools": [tool]});
        json!({"type": "session.update", "session": session})
    };
    let refusals = |call: &WholeCall| {
        let errors = events(call, &["error"]);
        errors.iter().map(|(_, event)| event["error"]["code"].clone()).collect::<Vec<_>>()
    };
    // Half of 900 words are for the instructions with the tools.
    let mut call = session();
    call.sends(AT(1000), &update(20, 300));
    call.sends(AT(2000), &update(300, 20));
    let told = prompt(&mut call);
    assert_eq!(refusals(&call), [""; 0]);
    assert_eq!(told.matches("i ").count(), 299);

    let mut call = session();
    call.sends(AT(1000), &update(20, 30));
    call.sends(AT(2000), &update(300, 300));
    let told = prompt(&mut call);
    assert_eq!(refusals(&call), ["too_large"]);
    assert!(told.starts_with(&"i ".repeat(19)) && told.matches("i ").count() < 40, "{told}");
}

#[test]
fn an_answer_that_had_to_stop_is_told_as_incomplete_with_the_words_that_were_heard() {
    let mut call = session();
    call.engines.cut = true;
    call.says(AT(5000), "When do you open?");
    call.run(AT(14_000));
    let done = events(&call, &["response.done"]);
    let response = &done.last().unwrap().1["response"];
    let details = json!({"type": "incomplete", "reason": "max_output_tokens"});
    assert_eq!((&response["status"], &response["status_details"]), (&json!("incomplete"), &details));
    let item = &response["output"][0];
    assert_eq!((&item["status"], &item["content"][0]["transcript"]), (&json!("incomplete"), &json!(ANSWER)));
}

/// Fault: the phrase that stood in was told as a completed answer.
#[test]
fn a_phrase_in_place_of_an_answer_is_told_as_a_failed_response() {
    let mut call = session();
    call.expects_errors = true;
    call.engines.silent_answers = 9;
    call.says(AT(5000), "When do you open?");
    call.run(AT(16_000));
    assert!(call.heard_text().ends_with("could you say that again?"), "{}", call.heard_text());
    let response = events(&call, &["response.done"]).last().unwrap().1["response"].clone();
    assert_eq!(
        (&response["status"], &response["status_details"]["type"]),
        (&json!("failed"), &json!("failed"))
    );
    assert_eq!(response["status_details"]["error"]["type"], "server_error");
    assert_eq!(response["output"][0]["status"], "incomplete");
}

/// Fault: a client that asked for an answer while the agent asked whether anybody was there was refused.
#[test]
fn an_answer_that_is_asked_for_takes_the_place_of_what_the_agent_says_to_a_silent_caller() {
    let mut settings = settings();
    settings.manners.idle_after = Some(MS(3000));
    settings.phrases.greeting.clear();
    let mut call = WholeCall::with(settings, Peer::Realtime, Engines::default());
    call.run(AT(3500));
    assert_eq!(events(&call, &["response.created"]).len(), 1);
    let asked = json!({"type": "response.create", "response": {"instructions": "Tell the hours."}});
    call.sends(AT(3600), &asked);
    call.run(AT(10_000));
    let told = events(&call, &["response.created", "response.done", "error"]);
    let kinds = kinds(&told);
    assert_eq!(kinds[..3], ["response.created", "response.done", "response.created"], "{kinds:?}");
    assert_eq!(told[1].1["response"]["status_details"]["reason"], "client_cancelled");
    assert!(told[2].0 < AT(3700));
    assert!(call.heard_text().contains("Is there anything else?"), "{}", call.heard_text());
}

/// A call of a function, as a model writes it.
const CALL: &str = "<tool_call>\n{\"name\": \"book\", \"arguments\": {\"day\": \"Tuesday\"}}\n</tool_call>";

/// A session with a function, in which the caller asks at 5,000 and these are the model's answers.
fn booking(answers: &[&str]) -> WholeCall {
    let mut call = session();
    call.engines.answers = answers.iter().map(|text| (*text).to_owned()).collect();
    let book = json!({"type": "function", "name": "book", "parameters": {"type": "object"}});
    call.sends(AT(1000), &json!({"type": "session.update", "session": {"tools": [book]}}));
    call.says(AT(5000), "Book me for Tuesday.");
    call
}

fn result(call: &str) -> Value {
    json!({"type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": call, "output": "{\"booked\": true}"}})
}

#[test]
fn a_function_is_called_and_what_it_brings_is_answered() {
    let mut call = booking(&[CALL, "You are booked."]);
    call.sends(AT(9000), &result("call_0"));
    call.sends(AT(9001), &json!({"type": "response.create"}));
    call.run(AT(16_000));
    assert!(call.heard_text().ends_with("You are booked."), "{}", call.heard_text());
    let made = events(&call, &["response.function_call_arguments.done"]);
    assert_eq!(made[0].1["arguments"], r#"{"day": "Tuesday"}"#);
    let done: Vec<_> =
        events(&call, &["response.done"]).into_iter().filter(|(at, _)| *at > AT(5000)).collect();
    assert_eq!(done.len(), 2);
    let response = &done[0].1["response"];
    assert_eq!(
        (&response["status"], &response["output"][0]["call_id"]),
        (&json!("completed"), &json!("call_0"))
    );
    assert!(done[0].0 - made[0].0 < MS(20), "nothing is spoken that it would wait for");
    assert_eq!(done[1].1["response"]["output"][0]["content"][0]["transcript"], "You are booked.");
    // What was brought is no item of the caller's speech.
    assert_eq!(events(&call, &["input_audio_buffer.committed"]).len(), 1);
    assert_eq!(call.prompts.last().unwrap().last().unwrap().role, Role::Tool);
}

/// Fault: only the tools of the server were in the records.
#[test]
fn a_function_that_the_client_carried_out_is_told_like_a_tool_of_the_server() {
    let ran = |call: &WholeCall| {
        let runs = call.happened.iter().filter_map(|(_, happened)| match happened {
            Happened::ToolRan(run) => Some(run.clone()),
            _ => None,
        });
        runs.collect::<Vec<_>>()
    };
    let mut call = booking(&[CALL, "You are booked."]);
    call.sends(AT(9000), &result("call_0"));
    call.run(AT(10_000));
    let runs = ran(&call);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!((run.name.as_str(), run.end, run.turn), ("book", ToolEnd::Done, TurnId(1)));
    assert_eq!(run.arguments, r#"{"day": "Tuesday"}"#);
    assert_eq!(run.output, r#"{"booked": true}"#);
    let made = events(&call, &["response.function_call_arguments.done"])[0].0;
    assert!((run.took_ms - AT(9000).millis_after(made)).abs() < 1.0, "{}", run.took_ms);

    // A client that brings nothing before the end.
    let mut call = booking(&[CALL]);
    call.run(AT(9000));
    call.hangs_up();
    let runs = ran(&call);
    assert_eq!((runs.len(), runs[0].end, runs[0].output.as_str()), (1, ToolEnd::Unknown, ""));
}

#[test]
fn an_answer_that_is_asked_for_while_the_words_before_a_call_are_spoken_comes_behind_them() {
    let mut call = booking(&[&format!("One moment, I look into the book. {CALL}"), "You are booked."]);
    call.run(AT(8000));
    let made = events(&call, &["response.function_call_arguments.done"])[0].0;
    call.sends(AT(8000), &result("call_0"));
    call.sends(AT(8000), &json!({"type": "response.create"}));
    call.run(AT(20_000));
    let text = call.heard_text();
    assert!(text.ends_with("One moment, I look into the book. You are booked."), "{text}");
    let created: Vec<_> = events(&call, &["response.created", "response.done", "error"])
        .into_iter()
        .filter(|(at, _)| *at > AT(5000))
        .collect();
    assert_eq!(kinds(&created), ["response.created", "response.done", "response.created", "response.done"]);
    assert!(made < AT(8000) && created[1].0 > AT(8000));
    let output = &created[1].1["response"]["output"];
    assert_eq!((&output[0]["type"], &output[1]["type"]), (&json!("function_call"), &json!("message")));
}
