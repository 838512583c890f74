//! jambonz's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/jambonz.

use proptest::prelude::*;

use super::*;
use crate::streams::golden;

fn started() -> Jambonz {
    let mut jambonz = Jambonz::new();
    let call = json!({"callSid": "c1", "sampleRate": 8000, "mixType": "mono"});
    jambonz.decode(Wire::Text(&call.to_string())).unwrap();
    jambonz
}

#[test]
fn a_documented_call_is_understood_and_spoken() {
    golden::play("jambonz/call.jsonl", &mut Jambonz::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("jambonz/refused.jsonl", Jambonz::new);
}

proptest! {
    #[test]
    fn no_sample_is_taken_for_a_mark(samples in prop::collection::vec(-3_i16..3, 0..400)) {
        let out = started().encode(&Media::Audio { samples: &samples });
        let [WireOut::Binary(bytes)] = &out[..] else { return Err(TestCaseError::fail("no message")) };
        prop_assert!(bytes.chunks(2).all(|sample| sample != [0xff, 0xff]));
        prop_assert_eq!(bytes.len(), samples.len() * 2);
    }
}
