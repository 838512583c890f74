//! Which requests for speech are read, what is refused, and the forms of events.

use offhook_openai::ApiError;
use offhook_openai::speech::{AudioFormat, SpeechRequest, SpeechTokens, delta, done};
use serde_json::{Value, json};

use super::{data, json as read_json, refused};

fn with(fields: &Value) -> Result<SpeechRequest, ApiError> {
    let mut request = json!({"model": "m", "input": "Hello", "voice": "slt"});
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    SpeechRequest::read(request.to_string().as_bytes())
}

/// A whole stream of events.
pub(super) fn stream() -> String {
    [delta(&[0, 255, 62]), delta(b"RIFF"), done(SpeechTokens { input: 3, output: 40 })].concat()
}

#[test]
fn a_short_request_gets_mp3_in_the_voices_own_manner() {
    let expected = SpeechRequest {
        model: "m".to_owned(),
        input: "Hello".to_owned(),
        voice: "slt".to_owned(),
        format: AudioFormat::Mp3,
        speed: 1.0,
        pitch: 0.0,
        as_events: false,
    };
    assert_eq!(with(&json!({})).unwrap(), expected);
    let null = json!({"response_format": null, "speed": null, "pitch": null, "stream_format": null});
    assert_eq!(with(&null).unwrap(), expected);
}

#[test]
fn all_fields_are_read() {
    let request = with(&json!({
        "voice": {"id": "voice_1"}, "response_format": "pcm", "speed": 4, "pitch": -12, "stream_format": "sse"
    }))
    .unwrap();
    assert_eq!((request.voice.as_str(), request.format), ("voice_1", AudioFormat::Pcm));
    assert_eq!((request.speed, request.pitch, request.as_events), (4.0, -12.0, true));
}

#[test]
fn instructions_and_unknown_fields_are_ignored() {
    assert_eq!(with(&json!({"instructions": "Whisper!", "lang": "en"})), with(&json!({})));
}

#[test]
fn each_format_has_a_media_type() {
    let types = ["mp3", "opus", "wav", "flac", "pcm"].map(|name| {
        let format = with(&json!({"response_format": name})).unwrap().format;
        format.media_type()
    });
    assert_eq!(types, ["audio/mpeg", "audio/opus", "audio/wav", "audio/flac", "audio/pcm"]);
}

#[test]
fn formats_that_are_not_made_are_refused_with_those_that_are() {
    for name in ["aac", "ogg", "vorbis"] {
        let found = with(&json!({"response_format": name}));
        refused(found, Some("response_format"), &[name, "mp3, opus, wav, flac or pcm"]);
    }
    refused(with(&json!({"response_format": 3})), Some("response_format"), &["a text"]);
}

#[test]
fn a_text_has_1_to_4096_characters() {
    assert!(with(&json!({"input": "ä".repeat(4096)})).is_ok());
    refused(with(&json!({"input": "ä".repeat(4097)})), Some("input"), &["4097", "4096", "several requests"]);
    for empty in ["", " \n\t"] {
        refused(with(&json!({"input": empty})), Some("input"), &["empty"]);
    }
    refused(with(&json!({"input": ["a"]})), Some("input"), &["a text", "a list"]);
}

#[test]
fn a_voice_must_be_named() {
    refused(with(&json!({"voice": null})), Some("voice"), &["missing"]);
    refused(with(&json!({"voice": ""})), Some("voice"), &["1 to 256"]);
    refused(with(&json!({"voice": 5})), Some("voice"), &["'id'", "a number"]);
    refused(with(&json!({"voice": {}})), Some("voice.id"), &["missing"]);
    refused(with(&json!({"voice": {"id": 5}})), Some("voice.id"), &["a text", "a number"]);
}

#[test]
fn model_and_text_must_be_there() {
    refused(with(&json!({"model": null})), Some("model"), &["missing", "/v1/models"]);
    refused(with(&json!({"model": ""})), Some("model"), &["1 to 256"]);
    refused(with(&json!({"input": null})), Some("input"), &["missing"]);
}

#[test]
fn speed_and_pitch_have_their_ranges() {
    for speed in [json!(0.24), json!(4.01), json!("fast")] {
        refused(with(&json!({"speed": speed})), Some("speed"), &["from 0.25 to 4"]);
    }
    for pitch in [json!(-12.5), json!(13), json!([])] {
        refused(with(&json!({"pitch": pitch})), Some("pitch"), &["from -12 to 12"]);
    }
}

#[test]
fn a_stream_is_audio_or_events() {
    assert!(!with(&json!({"stream_format": "audio"})).unwrap().as_events);
    let wrong = with(&json!({"stream_format": "websocket"}));
    refused(wrong, Some("stream_format"), &["'audio' or 'sse'", "websocket"]);
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    refused(SpeechRequest::read(b"\"Hello\""), None, &["is a text; send a JSON object"]);
    refused(SpeechRequest::read(b"{\"voice\": \"a\", \"voice\": \"b\"}"), None, &["'voice' is there twice"]);
}

#[test]
fn events_carry_audio_in_base64_and_end_with_the_usage() {
    let stream = stream();
    let events: Vec<_> = data(&stream).into_iter().map(read_json).collect();
    let expected = [
        json!({"type": "speech.audio.delta", "audio": "AP8+"}),
        json!({"type": "speech.audio.delta", "audio": "UklGRg=="}),
        json!({
            "type": "speech.audio.done",
            "usage": {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43}
        }),
    ];
    assert_eq!(events, expected);
    assert_eq!(delta(&[]), "");
}
