//! What a client may ask for, what it is told, and properties that hold for any input.

mod functions;

use proptest::prelude::*;

use super::*;
use crate::report::ReportedTurn;
use crate::streams::{RefusalCode, golden};

fn codec() -> Realtime {
    Realtime::with_parameters("id=s1&model=main")
}

/// What a client is told of `message`, and what it means.
fn tell(codec: &mut Realtime, message: &Value) -> (Result<Vec<Inbound>, Refusal>, Vec<Value>) {
    let meaning = codec.decode(Wire::Text(&message.to_string()));
    (meaning, told(codec.replies()))
}

fn told(messages: Vec<WireOut>) -> Vec<Value> {
    let text = |message| match message {
        WireOut::Text(text) => serde_json::from_str(&text).unwrap(),
        WireOut::Binary(_) => panic!("a protocol of text"),
    };
    messages.into_iter().map(text).collect()
}

fn update(session: &Value) -> Value {
    json!({"type": "session.update", "event_id": "e7", "session": session})
}

#[test]
fn a_session_is_understood() {
    golden::play("realtime/session.jsonl", &mut Realtime::with_parameters(""));
}

#[test]
fn a_session_is_greeted_with_its_settings() {
    let greeting = told(codec().greeting());
    assert_eq!(greeting[0]["type"], "session.created");
    assert_eq!(greeting[0]["session"]["id"], "s1");
    assert_eq!(
        greeting[0]["session"]["audio"]["input"]["format"],
        json!({"type": "audio/pcm", "rate": 24000})
    );
}

#[test]
fn the_call_begins_in_the_format_that_was_asked_for() {
    for (kind, encoding) in
        [("audio/pcmu", super::super::Encoding::Mulaw), ("audio/pcma", super::super::Encoding::Alaw)]
    {
        let format = json!({"format": {"type": kind}});
        let session = json!({"type": "realtime", "instructions": "Be kind.", "audio": {"input": format, "output": format}});
        let mut codec = codec();
        let (meaning, told) = tell(&mut codec, &update(&session));
        let [Inbound::Started(start)] = &meaning.unwrap()[..] else { panic!("no start") };
        assert_eq!((start.format.encoding, start.format.rate), (encoding, 8000));
        assert_eq!(start.call_id.as_deref(), Some("s1"));
        assert_eq!(start.agent.system_prompt.as_deref(), Some("Be kind."));
        assert_eq!(start.agent.greeting.as_deref(), Some(""));
        assert_eq!(
            (told[0]["type"].as_str(), &told[0]["session"]["audio"]["output"]["format"]),
            (Some("session.updated"), &json!({"type": kind}))
        );
    }
}

#[test]
fn audio_begins_a_session_whose_client_asks_for_nothing() {
    let mut codec = codec();
    let (meaning, _) = tell(&mut codec, &json!({"type": "input_audio_buffer.append", "audio": "AAABAA=="}));
    let meaning = meaning.unwrap();
    assert!(matches!(meaning[0], Inbound::Started(_)));
    assert_eq!(meaning.len(), 2);
}

/// What is not done is said, and never ignored.
#[test]
fn what_is_not_done_is_refused_by_name() {
    let session = |session: Value| update(&session);
    for (message, named) in [
        (session(json!({"type": "transcription"})), "session.type"),
        (session(json!({"output_modalities": ["text"]})), "session.output_modalities"),
        (session(json!({"prompt": {"id": "p"}})), "session.prompt"),
        (session(json!({"instructions": "x".repeat(20_001)})), "session.instructions"),
        (session(json!({"audio": {"input": {"turn_detection": null}}})), "turn_detection"),
        (
            session(json!({"audio": {"input": {"turn_detection": {"create_response": false}}}})),
            "create_response",
        ),
        (
            session(json!({"audio": {"input": {"format": {"type": "audio/pcmu"}}}})),
            "session.audio.output.format",
        ),
        (session(json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}})), "rate"),
        (session(json!({"audio": {"output": {"speed": 1.5}}})), "session.audio.output.speed"),
        (session(json!({"max_output_tokens": 0})), "session.max_output_tokens: is none of 1 to 4096"),
        (session(json!({"max_output_tokens": "many"})), "session.max_output_tokens"),
        (
            json!({"type": "response.create", "response": {"instructions": "a", "max_output_tokens": 9}}),
            "response.max_output_tokens",
        ),
        (json!({"type": "input_audio_buffer.commit"}), "input_audio_buffer.commit"),
        (json!({"type": "conversation.item.delete", "item_id": "i"}), "conversation.item.delete"),
        (json!({"type": "response.create"}), "nothing to answer"),
        (
            json!({"type": "response.create", "response": {"instructions": "a", "output_modalities": ["text"]}}),
            "output_modalities",
        ),
        (
            json!({"type": "response.create", "response": {"instructions": "a", "metadata": {"a": "x".repeat(513)}}}),
            "metadata",
        ),
        (json!({"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": 1}), "item_id"),
        (json!({"type": "dance"}), "dance"),
        (json!({"type": "conversation.item.create", "item": {"type": "function_call"}}), "item.type"),
        (
            json!({"type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "call_0", "output": ""}}),
            "item.call_id",
        ),
        (
            json!({"type": "conversation.item.create", "item": {"role": "user", "content": [{"type": "input_image"}]}}),
            "only input_text",
        ),
    ] {
        // Before the session runs, its client may correct itself; then, mistakes are counted.
        let mut fresh = codec();
        let (meaning, told) = tell(&mut fresh, &message);
        assert_eq!(meaning, Ok(Vec::new()), "{message}");
        assert_eq!(told[0]["type"], "error", "{message}");
        let problem = told[0]["error"]["message"].as_str().unwrap().to_owned();
        assert!(problem.contains(named), "{message}: {problem}");
        assert_eq!(told[0]["error"]["event_id"], message.get("event_id").cloned().unwrap_or_default());

        let mut running = codec();
        tell(&mut running, &update(&json!({}))).0.unwrap();
        assert_eq!(tell(&mut running, &message).0.unwrap_err().reason, problem);
    }
}

#[test]
fn the_audio_of_a_running_session_stays_as_it_is() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    let format = json!({"format": {"type": "audio/pcmu"}});
    let (meaning, _) = tell(&mut codec, &update(&json!({"audio": {"input": format, "output": format}})));
    assert_eq!(meaning.unwrap_err().code, RefusalCode::Unsupported);
}

#[test]
fn answers_are_as_long_as_the_client_allows() {
    let mut codec = codec();
    let limit = |most: Value| update(&json!({"max_output_tokens": most}));
    let (meaning, told) = tell(&mut codec, &limit(json!(40)));
    assert!(matches!(
        meaning.unwrap()[..],
        [Inbound::Started(_), Inbound::AnswersLimited { tokens: Some(40) }]
    ));
    assert_eq!(told[0]["session"]["max_output_tokens"], 40);
    assert_eq!(tell(&mut codec, &limit(json!(40))).0, Ok(Vec::new()));
    let (meaning, told) = tell(&mut codec, &limit(json!("inf")));
    assert_eq!(meaning, Ok(vec![Inbound::AnswersLimited { tokens: None }]));
    assert_eq!(told[0]["session"]["max_output_tokens"], "inf");
}

/// Clients know these codes, and go on.
#[test]
fn a_request_that_comes_too_late_has_the_code_that_clients_expect() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    let (meaning, late) = tell(&mut codec, &json!({"type": "response.cancel"}));
    assert_eq!((meaning, &late[0]["error"]["code"]), (Ok(Vec::new()), &json!("response_cancel_not_active")));
    told(codec.report(&Report::Heard { turn: TurnId(1), text: "Hello." }));
    let (meaning, twice) =
        tell(&mut codec, &json!({"type": "response.create", "response": {"instructions": "Hi."}}));
    assert_eq!(
        (meaning, twice[0]["error"]["code"].as_str()),
        (Ok(Vec::new()), Some("conversation_already_has_active_response"))
    );
}

/// Some clients find their request again by what they attached to it, and all add up the usage.
#[test]
fn a_response_repeats_what_the_client_attached_and_always_has_a_usage() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    let asked = json!({"instructions": "Hi.", "metadata": {"client_event_id": "c1"}});
    let (meaning, _) = tell(&mut codec, &json!({"type": "response.create", "response": asked}));
    assert_eq!(meaning.unwrap().len(), 1);
    let created = told(codec.report(&Report::Heard { turn: TurnId(1), text: "Hi." }));
    assert_eq!((created.len(), &created[0]["response"]["metadata"]), (1, &json!({"client_event_id": "c1"})));
    let turn = ReportedTurn {
        turn: crate::report::TurnReport { turn: TurnId(1), ..Default::default() },
        ..Default::default()
    };
    let done = told(codec.report(&Report::Turn(&turn)));
    assert_eq!(done[0]["response"]["usage"]["total_tokens"], 0);
}

/// A model that stands in answers the same words.
#[test]
fn the_same_words_for_another_model_are_no_second_item() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    codec.report(&Report::CallerSpeaks { at_ms: 100 });
    codec.report(&Report::CallerPauses { at_ms: 900 });
    let first = told(codec.report(&Report::Heard { turn: TurnId(1), text: "Hello." }));
    assert_eq!(first.last().unwrap()["type"], "response.created");
    assert!(codec.report(&Report::Heard { turn: TurnId(2), text: "Hello." }).is_empty());
    let said =
        told(codec.report(&Report::Saying { turn: TurnId(2), text: "Hi.", mark: crate::ids::MarkId(1) }));
    assert!(said.iter().all(|event| event["type"] != "response.done"), "{said:?}");
}

/// Fault: a short word over the agent made it give way, and its client was not told.
#[test]
fn a_word_that_is_over_when_the_agent_gives_way_is_told_with_its_end() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    codec.report(&Report::Heard { turn: TurnId(1), text: "Hello." });
    codec.encode(&Media::Audio { samples: &[1; 480] });
    assert!(codec.report(&Report::CallerSpeaks { at_ms: 100 }).is_empty());
    assert!(codec.report(&Report::CallerPauses { at_ms: 200 }).is_empty());
    let kinds: Vec<Value> =
        told(codec.encode(&Media::Clear)).iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]);
}

#[test]
fn no_more_can_be_heard_than_was_sent() {
    let mut codec = codec();
    tell(&mut codec, &update(&json!({}))).0.unwrap();
    let sent = told(codec.encode(&Media::Audio { samples: &[0; 2400] }));
    let item = sent.last().unwrap()["item_id"].clone();
    let truncate = |heard: u64| json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": heard});
    assert!(tell(&mut codec, &truncate(101)).0.is_err());
    let (meaning, told) = tell(&mut codec, &truncate(100));
    // The client fell silent by itself: the agent was not told to, and goes on.
    assert_eq!(meaning, Ok(Vec::new()));
    assert_eq!(told[0]["type"], "conversation.item.truncated");
}

proptest! {
    #[test]
    fn no_message_makes_it_panic(texts in prop::collection::vec("\\PC{0,60}", 0..8)) {
        let mut codec = codec();
        for text in texts {
            let _ = codec.decode(Wire::Text(&text));
        }
        prop_assert!(codec.replies().len() <= 8);
    }
}
