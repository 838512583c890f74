//! Messages that no provider sends, for the tests: any text, any bytes, and known messages with fields
//! that make no sense. Must not know any codec.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Gateway, Media, Wire};

/// A message on its way in.
#[derive(Debug, Clone)]
pub(super) enum Strange {
    Text(String),
    Binary(Vec<u8>),
}

/// The names that one provider or another gives to a message.
const NAMES: &str = "start|media|dtmf|mark|stop|connected|error|playedStream|clearedAudio|\
    websocket:connected|websocket:dtmf|websocket:notify|MEDIA_START|DTMF_END|MEDIA_MARK_PROCESSED|ERROR|x";

/// The fields that one provider or another has in them.
const FIELDS: &str = "start|media|dtmf|digit|mark|name|data|payload|stream_id|streamId|sequenceNumber|\
    content-type|callSid|sampleRate|metadata|format|channel_id|optimal_frame_size|correlation_id|type";

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("\u{1F600}")),
        Just(json!("audio/l16;rate=")),
        Just(json!({"payload": "/3+A", "chunk": u64::MAX, "timestamp": u64::MAX})),
        Just(json!({"payload": 3, "digit": "", "name": [], "mark": {}})),
        (0_u64..12).prop_map(|chunk| json!({"payload": "/38=", "chunk": chunk, "timestamp": chunk})),
    ]
}

/// A few of them, in any order.
pub(super) fn messages() -> impl Strategy<Value = Vec<Strange>> {
    let known = (NAMES, prop::collection::btree_map(FIELDS, value(), 0..3)).prop_map(|(name, fields)| {
        let mut message = json!(fields);
        message["event"] = json!(name);
        Strange::Text(message.to_string())
    });
    let words = (NAMES, FIELDS, ".{0,8}").prop_map(|(event, name, value)| {
        // Asterisk's older form.
        Strange::Text(format!("{event} {name}:{value}"))
    });
    let text = ".*".prop_map(Strange::Text);
    let bytes = prop::collection::vec(any::<u8>(), 0..64).prop_map(Strange::Binary);
    prop::collection::vec(prop_oneof![3 => known, 1 => words, 1 => text, 1 => bytes], 1..12)
}

/// Gives them to a codec, and lets it speak after each: it may refuse, and must not panic.
pub(super) fn survived(gateway: &mut dyn Gateway, messages: &[Strange]) {
    for message in messages {
        let _ = match message {
            Strange::Text(text) => gateway.decode(Wire::Text(text)),
            Strange::Binary(bytes) => gateway.decode(Wire::Binary(bytes)),
        };
        for out in [
            Media::Audio { samples: &[1, -1, i16::MIN, i16::MAX, 0] },
            Media::Mark { name: "m0", within: true },
            Media::Mark { name: "m1", within: false },
            Media::Clear,
            Media::Hangup,
        ] {
            gateway.encode(&out);
        }
    }
}
