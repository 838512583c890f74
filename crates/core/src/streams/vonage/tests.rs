//! Vonage's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/vonage.

use proptest::prelude::*;

use super::*;
use crate::streams::golden;

fn started(rate: u32) -> Vonage {
    let mut vonage = Vonage::new();
    let connected = json!({"event": CONNECTED, "content-type": format!("audio/l16;rate={rate}")});
    vonage.decode(Wire::Text(&connected.to_string())).unwrap();
    vonage
}

#[test]
fn a_documented_call_is_understood_and_spoken() {
    golden::play("vonage/call.jsonl", &mut Vonage::new());
}

#[test]
fn a_frame_is_as_long_at_every_rate() {
    golden::play("vonage/rates.jsonl", &mut Vonage::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("vonage/refused.jsonl", Vonage::new);
}

proptest! {
    #[test]
    fn every_message_is_exactly_one_frame(
        pieces in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..1000), 1..6),
        rate in prop::sample::select(&RATES[..]),
    ) {
        let mut vonage = started(rate);
        for piece in &pieces {
            for message in vonage.encode(&Media::Audio { samples: piece }) {
                let WireOut::Binary(bytes) = message else { return Err(TestCaseError::fail("a text")) };
                prop_assert_eq!(bytes.len(), rate as usize / 25);
            }
        }
    }
}
