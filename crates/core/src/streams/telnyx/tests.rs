//! Telnyx's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/telnyx.

use super::*;
use crate::streams::golden;

fn started(encoding: &str, rate: u32) -> Telnyx {
    let mut telnyx = Telnyx::new();
    let start = json!({"event": "start", "stream_id": "s1", "start": {
        "call_control_id": "v3:1", "media_format": {"encoding": encoding, "sample_rate": rate, "channels": 1},
    }});
    telnyx.decode(Wire::Text(&start.to_string())).unwrap();
    telnyx
}

#[test]
fn a_documented_call_is_understood_and_spoken() {
    golden::play("telnyx/call.jsonl", &mut Telnyx::new());
}

#[test]
fn a_call_of_europe_is_understood_and_spoken_in_a_law() {
    golden::play("telnyx/alaw.jsonl", &mut Telnyx::new());
}

#[test]
fn what_nobody_needs_is_tolerated() {
    golden::play("telnyx/tolerated.jsonl", &mut Telnyx::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("telnyx/refused.jsonl", Telnyx::new);
}

#[test]
fn a_chunk_that_never_comes_is_given_up_and_counted() {
    let mut telnyx = started("PCMU", 8000);
    let mut heard = |chunk: u64| {
        let media = json!({"event": "media", "media": {"chunk": chunk.to_string(), "payload": "/w=="}});
        let inbound = telnyx.decode(Wire::Text(&media.to_string())).unwrap();
        (inbound.len(), telnyx.disordered())
    };
    let expected =
        [(1, (1, 0)), (3, (0, 0)), (4, (0, 0)), (5, (0, 0)), (6, (4, 1)), (7, (1, 1)), (2, (0, 2))];
    for (chunk, seen) in expected {
        assert_eq!(heard(chunk), seen, "chunk {chunk}");
    }
}

#[test]
fn linear_audio_is_spoken_in_the_byte_order_that_the_line_has() {
    for (order, bytes) in [(ByteOrder::Little, [0x02, 0x01]), (ByteOrder::Big, [0x01, 0x02])] {
        let mut telnyx = Telnyx::with_byte_order(order);
        let start = json!({"event": "start", "stream_id": "s1", "start": {
            "call_control_id": "v3:1", "media_format": {"encoding": "L16", "sample_rate": 8000},
        }});
        telnyx.decode(Wire::Text(&start.to_string())).unwrap();
        let media = json!({"event": "media", "media": {"payload": fields::base64(&bytes)}});
        let heard = telnyx.decode(Wire::Text(&media.to_string())).unwrap();
        assert_eq!(heard, [Inbound::Audio { samples: vec![0x0102], position_ms: None }]);
        let said = json!({"event": "media", "media": {"payload": fields::base64(&bytes.repeat(160))}});
        assert_eq!(
            telnyx.encode(&Media::Audio { samples: &[0x0102; 160] }),
            [WireOut::Text(said.to_string())]
        );
    }
}
