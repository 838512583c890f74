//! Which requests for a transcription are read, what is refused, and the forms of JSON, text and events.

use offhook_openai::ApiError;
use offhook_openai::transcription::{
    Granularities, ResponseFormat, Segment, Transcription, TranscriptionRequest, Word, body, delta, done,
};
use serde_json::json;

use super::{data, json as read_json, refused};

fn read(fields: &[(&str, &str)]) -> Result<TranscriptionRequest, ApiError> {
    TranscriptionRequest::read(fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
}

/// A request with a model, and with these fields.
pub(super) fn with(fields: &[(&str, &str)]) -> Result<TranscriptionRequest, ApiError> {
    read(&[&[("model", "whisper")], fields].concat())
}

pub(super) fn segment(start_s: f64, end_s: f64, text: &str) -> Segment {
    Segment { start_s, end_s, text: text.to_owned(), avg_logprob: -0.25, no_speech: 0.01, words: vec![] }
}

/// A recording with all that is hard to write.
pub(super) fn spoken() -> Transcription {
    let word = |word: &str, start_s, end_s| Word { word: word.to_owned(), start_s, end_s };
    let first = Segment {
        words: vec![word("Good", 0.0, 0.4), word("morning.", 0.4, 1.234_56)],
        ..segment(0.0, 1.234_56, " Good morning.")
    };
    let blank = segment(1.5, 2.0, " \n ");
    let last = Segment {
        words: vec![word("R&D", 3_599.999, 3_600.5), word("<open>", 3_600.5, 3_661.001)],
        ..segment(3_599.999, 3_661.001, " R&D --> <open>\n\nor not?")
    };
    Transcription {
        language: "english".to_owned(),
        duration_s: 3_661.2,
        text: " Good morning. R&D --> <open>\n\nor not?".to_owned(),
        segments: vec![first, blank, last],
    }
}

/// A whole stream of events.
pub(super) fn stream() -> String {
    [delta("Good"), delta(" morning."), done(" Good morning. ")].concat()
}

#[test]
fn a_short_request_gets_json() {
    let expected = TranscriptionRequest {
        model: "whisper".to_owned(),
        language: None,
        prompt: String::new(),
        format: ResponseFormat::Json,
        temperature: None,
        granularities: Granularities { word: false, segment: true },
        stream: false,
    };
    assert_eq!(with(&[]).unwrap(), expected);
    let empty = ["language", "prompt", "response_format", "temperature", "stream", "include[]"];
    assert_eq!(with(&empty.map(|name| (name, ""))).unwrap(), expected);
}

#[test]
fn all_fields_are_read_in_any_order() {
    let request = read(&[
        ("timestamp_granularities[]", "word"),
        ("temperature", "0.2"),
        ("response_format", "verbose_json"),
        ("prompt", "offhook, Twilio"),
        ("language", "en"),
        ("model", "whisper"),
        ("stream", "false"),
    ])
    .unwrap();
    assert_eq!(request.language.as_deref(), Some("en"));
    assert_eq!((request.prompt.as_str(), request.temperature), ("offhook, Twilio", Some(0.2)));
    assert_eq!(request.granularities, Granularities { word: true, segment: false });
    assert_eq!(request.format, ResponseFormat::VerboseJson);
}

#[test]
fn a_list_may_be_written_in_three_ways() {
    for [first, second] in [
        ["timestamp_granularities[]", "timestamp_granularities[]"],
        ["timestamp_granularities", "timestamp_granularities"],
        ["timestamp_granularities[0]", "timestamp_granularities[1]"],
    ] {
        let fields = [("response_format", "verbose_json"), (first, "word"), (second, "segment")];
        assert_eq!(with(&fields).unwrap().granularities, Granularities { word: true, segment: true });
    }
}

#[test]
fn languages_are_codes_whose_region_does_not_matter() {
    for (sent, read) in [("en", "en"), ("EN", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("yue", "yue")] {
        assert_eq!(with(&[("language", sent)]).unwrap().language.as_deref(), Some(read));
    }
    for wrong in ["english", "e", "12", "-", "é"] {
        refused(with(&[("language", wrong)]), Some("language"), &[wrong, "ISO 639"]);
    }
}

#[test]
fn wrong_values_are_refused() {
    for (name, wrong, word) in [
        ("temperature", "1.1", "from 0 to 1"),
        ("temperature", "-0.1", "from 0 to 1"),
        ("temperature", "NaN", "from 0 to 1"),
        ("temperature", "warm", "from 0 to 1"),
        ("stream", "yes", "'true' or 'false'"),
        ("response_format", "xml", "json, text, srt, verbose_json or vtt"),
        ("response_format", "diarized_json", "speakers are not told apart"),
        ("timestamp_granularities", "letter", "'word' or 'segment'"),
        ("include", "logprobs", "logprobs"),
    ] {
        refused(with(&[(name, wrong)]), Some(name), &[name, word]);
    }
    let long = "x".repeat(10_001);
    refused(with(&[("prompt", &long)]), Some("prompt"), &["10001", "10000"]);
}

#[test]
fn a_model_must_be_named() {
    refused(read(&[]), Some("model"), &["missing", "/v1/models"]);
    refused(read(&[("model", "")]), Some("model"), &["1 to 256"]);
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    refused(with(&[("model", "other")]), Some("model"), &["twice"]);
    refused(with(&[("language", "en"), ("language", "de")]), Some("language"), &["twice"]);
}

#[test]
fn a_hundred_fields_are_the_most_and_unknown_ones_are_ignored() {
    assert_eq!(with(&[("something", "new"); 99]), with(&[]));
    refused(with(&[("something", "new"); 100]), None, &["more than 100 fields"]);
}

#[test]
fn subtitles_and_long_documents_cannot_be_streamed() {
    for format in ["srt", "vtt", "verbose_json"] {
        let found = with(&[("stream", "true"), ("response_format", format)]);
        refused(found, Some("stream"), &["json or text"]);
    }
    for format in ["json", "text"] {
        assert!(with(&[("stream", "True"), ("response_format", format)]).unwrap().stream);
    }
}

#[test]
fn times_of_words_need_the_long_document() {
    let found = with(&[("timestamp_granularities[]", "word")]);
    refused(found, Some("timestamp_granularities"), &["verbose_json"]);
}

#[test]
fn each_format_has_a_media_type() {
    let types = ["json", "verbose_json", "text", "srt", "vtt"].map(|name| {
        let format = with(&[("response_format", name)]).unwrap().format;
        format.media_type().split(';').next().unwrap()
    });
    let expected = ["application/json", "application/json", "text/plain", "application/x-subrip", "text/vtt"];
    assert_eq!(types, expected);
}

#[test]
fn the_short_document_has_the_text_and_the_seconds_that_have_begun() {
    let document = read_json(&body(&spoken(), &with(&[]).unwrap()));
    let expected = json!({
        "text": "Good morning. R&D --> <open>\n\nor not?",
        "usage": {"type": "duration", "seconds": 3662}
    });
    assert_eq!(document, expected);
}

#[test]
fn the_text_alone_ends_with_a_line_end() {
    let request = with(&[("response_format", "text")]).unwrap();
    assert_eq!(body(&spoken(), &request), "Good morning. R&D --> <open>\n\nor not?\n");
}

#[test]
fn the_long_document_has_segments_unless_only_words_are_asked_for() {
    let keys = |granularities: &[&str]| {
        let asked = granularities.iter().map(|&value| ("timestamp_granularities[]", value));
        let fields: Vec<_> = std::iter::once(("response_format", "verbose_json")).chain(asked).collect();
        let document = read_json(&body(&spoken(), &with(&fields).unwrap()));
        (document.get("segments").is_some(), document.get("words").is_some())
    };
    assert_eq!(keys(&[]), (true, false));
    assert_eq!(keys(&["segment"]), (true, false));
    assert_eq!(keys(&["word"]), (false, true));
    assert_eq!(keys(&["word", "segment"]), (true, true));
}

#[test]
fn the_long_document_tells_times_to_the_millisecond() {
    let fields = [
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        ("temperature", "0.5"),
    ];
    let document = read_json(&body(&spoken(), &with(&fields).unwrap()));
    assert_eq!(document["task"], "transcribe");
    assert_eq!((&document["language"], &document["duration"]), (&json!("english"), &json!(3661.2)));
    let expected = json!({
        "id": 0, "seek": 0, "start": 0.0, "end": 1.235, "text": " Good morning.", "tokens": [],
        "temperature": 0.5, "avg_logprob": -0.25, "compression_ratio": 1.0, "no_speech_prob": 0.01
    });
    assert_eq!(document["segments"][0], expected);
    assert_eq!(document["words"][3], json!({"word": "<open>", "start": 3600.5, "end": 3661.001}));
    assert_eq!(document["usage"], json!({"type": "duration", "seconds": 3662}));
}

#[test]
fn figures_that_are_no_numbers_are_written_as_0() {
    let odd = Segment { avg_logprob: f64::NEG_INFINITY, no_speech: f64::NAN, ..segment(f64::NAN, -1.0, "x") };
    let spoken = Transcription { duration_s: f64::NAN, segments: vec![odd], ..spoken() };
    let document = read_json(&body(&spoken, &with(&[("response_format", "verbose_json")]).unwrap()));
    let segment = &document["segments"][0];
    for figure in [&segment["start"], &segment["end"], &segment["avg_logprob"], &segment["no_speech_prob"]] {
        assert_eq!(*figure, json!(0.0));
    }
    assert_eq!(document["duration"], json!(0.0));
}

#[test]
fn a_stream_tells_texts_and_then_the_whole() {
    let stream = stream();
    let events = data(&stream);
    let expected = [
        json!({"type": "transcript.text.delta", "delta": "Good"}),
        json!({"type": "transcript.text.delta", "delta": " morning."}),
        json!({"type": "transcript.text.done", "text": "Good morning."}),
    ];
    assert_eq!(events[..3].iter().map(|event| read_json(event)).collect::<Vec<_>>(), expected);
    assert_eq!(events[3..], ["[DONE]"]);
    assert_eq!(delta(""), "");
}
