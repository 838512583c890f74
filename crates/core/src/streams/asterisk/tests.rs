//! Asterisk's messages as documented, the refusals, and properties that hold for any input. The
//! messages themselves are in tests/golden/asterisk.

use super::*;
use crate::streams::golden;

fn started(words: &str) -> Asterisk {
    let mut asterisk = Asterisk::new();
    asterisk.decode(Wire::Text(&format!("MEDIA_START channel_id:c1 {words}"))).unwrap();
    asterisk
}

#[test]
fn a_documented_call_is_understood_and_spoken_in_json() {
    golden::play("asterisk/json.jsonl", &mut Asterisk::new());
}

#[test]
fn a_documented_call_is_understood_and_spoken_in_words() {
    golden::play("asterisk/plain.jsonl", &mut Asterisk::new());
}

#[test]
fn a_message_is_whole_frames_for_the_tail_of_another_would_be_dropped() {
    golden::play("asterisk/slin16.jsonl", &mut Asterisk::new());
}

#[test]
fn a_message_that_breaks_the_protocol_is_refused_with_the_field_that_breaks_it() {
    golden::refuse("asterisk/refused.jsonl", Asterisk::new);
}

/// Fault: 64,000 bytes of mu-law came as eight seconds in one piece.
#[test]
fn of_early_audio_the_newest_two_seconds_are_kept_and_come_a_second_at_a_time() {
    let mut asterisk = Asterisk::new();
    for _ in 0..9 {
        assert_eq!(asterisk.decode(Wire::Binary(&[0xff; 8000])), Ok(Vec::new()));
    }
    asterisk.decode(Wire::Binary(&[0x80; 4000])).unwrap();
    let inbound = asterisk.decode(Wire::Text("MEDIA_START channel_id:c1 format:ulaw")).unwrap();
    let [Inbound::Started(_), Inbound::Audio { samples: first, .. }, Inbound::Audio { samples: last, .. }] =
        &inbound[..]
    else {
        panic!("{} things", inbound.len())
    };
    assert_eq!((first.len(), last.len(), last[3999], last[4000]), (8000, 8000, 0, 32_124));
}

#[test]
fn the_parameters_of_the_dialplan_are_the_calls_data_in_both_forms() {
    let json = json!({"event": MEDIA_START, "channel_id": "c1", "format": "ulaw",
        "channel_variables": {"from": "variable", "tier": "gold"}});
    for start in ["MEDIA_START channel_id:c1 format:ulaw".to_owned(), json.to_string()] {
        let mut asterisk = Asterisk::with_parameters("from=%2B15550100&to=+15550142&tier=silver");
        let inbound = asterisk.decode(Wire::Text(&start)).unwrap();
        let [Inbound::Started(start)] = &inbound[..] else { panic!("{inbound:?}") };
        assert_eq!((start.from.as_deref(), start.to.as_deref()), (Some("+15550100"), Some("+15550142")));
        assert_eq!(start.custom["tier"], "silver");
    }
}

#[test]
fn no_command_is_longer_than_asterisk_takes() {
    let start = json!({"event": MEDIA_START, "channel_id": "c1", "format": "ulaw"}).to_string();
    for start in [start.as_str(), "MEDIA_START channel_id:c1 format:ulaw"] {
        let mut asterisk = Asterisk::new();
        asterisk.decode(Wire::Text(start)).unwrap();
        for length in 1..200 {
            for message in
                asterisk.encode(&Media::Mark { name: &"m".repeat(length), within: length % 2 == 0 })
            {
                let WireOut::Text(text) = message else { panic!("audio that nobody sent") };
                assert!(text.len() <= 128, "{text}");
            }
        }
    }
}

#[test]
fn a_frame_may_be_longer_than_twenty_milliseconds() {
    let mut asterisk = started("format:slin optimal_frame_size:960 ptime:60");
    assert_eq!(asterisk.encode(&Media::Audio { samples: &[1; 320] }), []);
    let frames = asterisk.encode(&Media::Audio { samples: &[1; 320] });
    assert_eq!(frames, [WireOut::Binary([1, 0].repeat(480))]);
}

/// Fault: audio before MEDIA_START, which some releases send in a tenth of the calls, ended the call.
#[test]
fn audio_before_the_start_is_kept_until_its_form_is_known() {
    let mut asterisk = Asterisk::new();
    assert_eq!(asterisk.decode(Wire::Binary(&[0xFF; 160])), Ok(Vec::new()));
    assert_eq!(asterisk.decode(Wire::Binary(&[0x7F; 160])), Ok(Vec::new()));
    let inbound = asterisk.decode(Wire::Text("MEDIA_START channel_id:c1 format:ulaw")).unwrap();
    let [Inbound::Started(_), Inbound::Audio { samples, position_ms: None }] = &inbound[..] else {
        panic!("{inbound:?}")
    };
    assert_eq!(samples.len(), 320);
    assert_eq!(asterisk.decode(Wire::Text("MEDIA_XOFF")), Ok(vec![Inbound::Full]), "only once");
}

#[test]
fn of_too_much_audio_before_the_start_the_newest_is_kept() {
    let mut asterisk = Asterisk::new();
    for second in 0..40_u8 {
        asterisk.decode(Wire::Binary(&[second; 8001])).unwrap();
    }
    let inbound = asterisk.decode(Wire::Text("MEDIA_START channel_id:c1 format:slin16")).unwrap();
    let Inbound::Audio { samples, .. } = &inbound[2] else { panic!("{inbound:?}") };
    assert_eq!((samples.len(), samples.last()), (16_000, Some(&i16::from_le_bytes([39, 39]))));
}

/// Fault: a channel that was dialled with the option `n` waited for an answer that never came.
#[test]
fn a_channel_that_waits_for_it_is_answered() {
    for (query, answer) in
        [("answer=yes", vec![WireOut::Text("ANSWER".to_owned())]), ("answer=no", Vec::new())]
    {
        let mut asterisk = Asterisk::with_parameters(query);
        asterisk.decode(Wire::Text("MEDIA_START channel_id:c1 format:ulaw")).unwrap();
        assert_eq!(asterisk.encode(&Media::Started { call_id: "c1", client_id: None }), answer, "{query}");
    }
}
