//! A test vector for every message of our own protocol, the refusals, and properties that hold for
//! any input. The messages themselves are in tests/golden/native.

use proptest::prelude::*;

use super::*;
use crate::streams::golden;

fn started(encoding: &str, rate: u32, transport: &str) -> Native {
    let mut native = Native::new();
    let start = json!({"type": "session.start", "version": 1,
        "audio": {"encoding": encoding, "sample_rate": rate, "transport": transport}});
    native.decode(Wire::Text(&start.to_string())).unwrap();
    native
}

#[test]
fn a_binary_session_is_understood_and_spoken() {
    golden::play("native/binary.jsonl", &mut Native::new());
}

#[test]
fn a_base64_session_is_understood_and_spoken() {
    golden::play("native/base64.jsonl", &mut Native::new());
}

#[test]
fn a_session_may_bring_a_name_of_its_own_which_is_told_beside_the_servers() {
    golden::play("native/named.jsonl", &mut Native::new());
}

#[test]
fn a_session_may_bring_its_own_agent() {
    golden::play("native/agent.jsonl", &mut Native::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("native/refused.jsonl", Native::new);
}

#[test]
fn an_error_can_be_told_before_the_session_has_started() {
    let mut native = Native::new();
    assert!(native.report(&Report::Error { code: "malformed", message: "no" }).len() == 1);
    assert!(native.encode(&Media::Clear).is_empty());
}

#[test]
fn a_message_brings_at_most_one_second() {
    let mut native = started("pcm16le", 16_000, "binary");
    assert!(native.decode(Wire::Binary(&[0; 32_000])).is_ok());
    assert_eq!(native.decode(Wire::Binary(&[0; 32_002])).unwrap_err().code, RefusalCode::TooLarge);
}

#[test]
fn the_stages_of_a_turn_add_up_only_if_all_were_reached() {
    let mut stages = StagesWire {
        endpoint_ms: Some(300.0),
        stt_ms: Some(100.0),
        llm_first_token_ms: Some(0.0),
        tts_first_audio_ms: Some(20.5),
        first_frame_ms: Some(1.0),
    };
    assert_eq!(stages.total(), Some(421.5));
    stages.stt_ms = None;
    assert_eq!(stages.total(), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(texts in prop::collection::vec(".*", 1..4)) {
        let mut native = started("mulaw", 8000, "base64");
        for text in &texts {
            let _ = Native::new().decode(Wire::Text(text));
            let _ = native.decode(Wire::Text(text));
        }
    }

    #[test]
    fn no_json_makes_it_panic(
        kind in "session\\.start|audio|mark|dtmf|ping|interrupt|session\\.end|x",
        field in "version|audio|payload|name|digit|id|data|caller",
        value in prop_oneof![
            Just(json!(null)), Just(json!(1)), Just(json!(-1.5)), Just(json!([])), Just(json!({})),
            Just(json!("\u{1F600}")), Just(json!({"encoding": "mulaw", "sample_rate": "8000"})),
        ],
    ) {
        let text = json!({"type": kind, field: value}).to_string();
        let _ = Native::new().decode(Wire::Text(&text));
        let _ = started("mulaw", 8000, "binary").decode(Wire::Text(&text));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(Native::new().decode(Wire::Binary(&bytes)).is_err());
        prop_assert!(started("mulaw", 8000, "binary").decode(Wire::Binary(&bytes)).is_ok());
        let whole = bytes.len() % 2 == 0;
        prop_assert_eq!(started("pcm16le", 8000, "binary").decode(Wire::Binary(&bytes)).is_ok(), whole);
    }

    #[test]
    fn linear_audio_comes_back_unchanged(
        samples in prop::collection::vec(any::<i16>(), 0..400),
        rate in prop_oneof![Just(8000), Just(16_000)],
        transport in "binary|base64",
    ) {
        let mut native = started("pcm16le", rate, &transport);
        let out = native.encode(&Media::Audio { samples: &samples });
        let back = match &out[..] {
            [WireOut::Text(text)] => native.decode(Wire::Text(text)),
            [WireOut::Binary(bytes)] => native.decode(Wire::Binary(bytes)),
            _ => return Err(TestCaseError::fail("no message")),
        };
        prop_assert_eq!(back.unwrap(), vec![Inbound::Audio { samples, position_ms: None }]);
    }
}
