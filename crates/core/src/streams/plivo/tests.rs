//! Plivo's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/plivo.

use super::*;
use crate::streams::golden;

fn started() -> Plivo {
    let mut plivo = Plivo::new();
    let start = json!({"event": "start", "sequenceNumber": 1, "start": {
        "callId": "c1", "streamId": "s1", "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
    }});
    plivo.decode(Wire::Text(&start.to_string())).unwrap();
    plivo
}

#[test]
fn a_documented_call_is_understood_and_spoken() {
    golden::play("plivo/call.jsonl", &mut Plivo::new());
}

#[test]
fn a_call_with_linear_audio_is_understood_and_spoken() {
    golden::play("plivo/l16.jsonl", &mut Plivo::new());
}

#[test]
fn numbers_may_be_strings_and_what_nobody_needs_is_tolerated() {
    golden::play("plivo/tolerated.jsonl", &mut Plivo::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("plivo/refused.jsonl", Plivo::new);
}

#[test]
fn numbers_out_of_order_are_counted_and_tolerated() {
    let mut plivo = started();
    for (number, disordered) in [(2, 0), (4, 0), (3, 1), (5, 1), (5, 2)] {
        let message = json!({"event": "media", "sequenceNumber": number, "media": {"payload": "/w=="}});
        plivo.decode(Wire::Text(&message.to_string())).unwrap();
        assert_eq!(plivo.disordered(), disordered);
    }
}
