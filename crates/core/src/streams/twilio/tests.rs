//! Twilio's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/twilio.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::audio::g711::{mulaw_decode, mulaw_encode};
use crate::ids::TurnId;
use crate::report::{Report, ReportedTurn, TurnReport};
use crate::streams::golden;

fn started(custom: &serde_json::Value) -> Twilio {
    let mut twilio = Twilio::new();
    let start = json!({"event": "start", "streamSid": "MZ1", "start": {
        "streamSid": "MZ1", "callSid": "CA1", "customParameters": custom,
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }});
    twilio.decode(Wire::Text(&start.to_string())).unwrap();
    twilio
}

#[test]
fn a_documented_call_is_understood_and_spoken() {
    golden::play("twilio/call.jsonl", &mut Twilio::new());
}

#[test]
fn numbers_may_be_strings_and_what_nobody_needs_is_tolerated() {
    golden::play("twilio/tolerated.jsonl", &mut Twilio::new());
}

#[test]
fn a_caller_that_asked_gets_reports() {
    golden::play("twilio/reports.jsonl", &mut Twilio::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("twilio/refused.jsonl", Twilio::new);
}

#[test]
fn a_message_brings_at_most_one_second() {
    let mut twilio = started(&json!({}));
    let mut media = |bytes: usize| {
        let payload = fields::base64(&vec![0xff; bytes]);
        twilio.decode(Wire::Text(&json!({"event": "media", "media": {"payload": payload}}).to_string()))
    };
    assert!(media(8000).is_ok());
    assert_eq!(media(8001).unwrap_err().code, RefusalCode::TooLarge);
}

#[test]
fn numbers_out_of_order_are_counted_and_tolerated() {
    let mut twilio = started(&json!({}));
    for (number, disordered) in [("2", 0), ("4", 0), ("3", 1), ("5", 1), ("5", 2)] {
        let message = json!({"event": "media", "sequenceNumber": number, "media": {"payload": "/w=="}});
        twilio.decode(Wire::Text(&message.to_string())).unwrap();
        assert_eq!(twilio.disordered(), disordered);
    }
}

#[test]
fn a_report_is_read_back_as_it_was_written() {
    let mut twilio = started(&json!({REPORT_PARAMETER: "1"}));
    let turn = TurnReport { turn: TurnId(3), heard: "hello".into(), ..TurnReport::default() };
    let turn = ReportedTurn { turn, ..ReportedTurn::default() };
    let out = twilio.report(&Report::Turn(&turn));
    let [WireOut::Text(text)] = &out[..] else { panic!("no report") };
    let report = ReportWire::decode(text).unwrap();
    assert_eq!((report.turn, report.summary), (Some((&turn).into()), None));
    assert_eq!(ReportWire::decode(r#"{"event":"clear","streamSid":"MZ1"}"#), None);
}

#[test]
fn a_parameter_with_a_name_without_end_is_refused_in_few_words() {
    let custom = json!({"k".repeat(60_000): []});
    let start = json!({"event": "start", "streamSid": "MZ1", "start": {
        "callSid": "CA1", "customParameters": custom,
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }});
    let refusal = Twilio::new().decode(Wire::Text(&start.to_string())).unwrap_err();
    assert!(refusal.reason.starts_with("start.customParameters.kkk"), "{refusal}");
    assert!(refusal.reason.len() < 200, "{} bytes", refusal.reason.len());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(texts in prop::collection::vec(".*", 1..4)) {
        let mut twilio = started(&json!({}));
        for text in &texts {
            let _ = Twilio::new().decode(Wire::Text(text));
            let _ = twilio.decode(Wire::Text(text));
        }
    }

    #[test]
    fn no_json_makes_it_panic(
        event in "start|media|mark|dtmf|stop|connected|x",
        field in "media|mark|dtmf|start|streamSid|sequenceNumber",
        value in prop_oneof![
            Just(json!(null)), Just(json!(-1)), Just(json!([])), Just(json!({})), Just(json!("\u{1F600}")),
            Just(json!({"payload": 3})), Just(json!({"digit": ""})), Just(json!({"name": []})),
        ],
    ) {
        let text = json!({"event": event, field: value}).to_string();
        let _ = Twilio::new().decode(Wire::Text(&text));
        let _ = started(&json!({})).decode(Wire::Text(&text));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let refused = started(&json!({})).decode(Wire::Binary(&bytes)).is_err();
        prop_assert!(refused);
    }

    #[test]
    fn audio_comes_back_as_mu_law_leaves_it(samples in prop::collection::vec(any::<i16>(), 0..400)) {
        let mut twilio = started(&json!({}));
        let out = twilio.encode(&Media::Audio { samples: &samples });
        let [WireOut::Text(text)] = &out[..] else {
            return Err(TestCaseError::fail("no message"));
        };
        let back = twilio.decode(Wire::Text(text)).unwrap();
        let heard: Vec<i16> = samples.iter().map(|&s| mulaw_decode(mulaw_encode(s))).collect();
        prop_assert_eq!(back, vec![Inbound::Audio { samples: heard, position_ms: None }]);
    }
}
