//! What a client may ask for, what it is told, and properties that hold for any input.

use proptest::prelude::*;

use super::*;
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
        (session(json!({"tools": [{"type": "function", "name": "f"}]})), "session.tools"),
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
        (json!({"type": "input_audio_buffer.commit"}), "input_audio_buffer.commit"),
        (json!({"type": "conversation.item.delete", "item_id": "i"}), "conversation.item.delete"),
        (json!({"type": "response.create"}), "nothing to answer"),
        (json!({"type": "response.cancel"}), "response.cancel"),
        (json!({"type": "conversation.item.truncate", "item_id": "i", "audio_end_ms": 1}), "item_id"),
        (json!({"type": "dance"}), "dance"),
        (json!({"type": "conversation.item.create", "item": {"type": "function_call_output"}}), "item.type"),
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
