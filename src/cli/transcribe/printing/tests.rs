//! Tests of the printed forms of a transcript.

use serde_json::json;

use super::*;
use crate::transcript::segments::Channel;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A segment whose words have equal lengths.
fn segment(channel: Channel, start: u64, end: u64, text: &str) -> Segment {
    let texts: Vec<&str> = text.split(' ').collect();
    let at = |n: usize| ms(start + (end - start) * n as u64 / texts.len() as u64);
    let words = texts.iter().enumerate().map(|(n, text)| Word {
        text: (*text).to_owned(),
        start: at(n),
        end: at(n + 1),
        confidence: 0.123_456,
    });
    Segment {
        channel,
        start: ms(start),
        end: ms(end),
        text: text.to_owned(),
        words: words.collect(),
        doubtful: false,
        avg_logprob: -0.256_78,
        no_speech: 0.0,
    }
}

fn summary(completeness: Completeness) -> Summary {
    Summary { file: "a.wav".to_owned(), duration: ms(20_000), completeness, took: ms(1234) }
}

fn printed(form: Form, segments: &[Segment], completeness: Completeness) -> (String, bool) {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, form);
    for segment in segments {
        printer.segment(segment).expect("memory");
    }
    let any = printer.end(&summary(completeness)).expect("memory");
    (String::from_utf8(out).expect("text"), any)
}

const TEXT: Form = Form::Text { colours: false };

#[test]
fn lines_tell_when_and_who() {
    let segments = [
        segment(Channel::Left, 12_340, 14_120, "When do you open?"),
        segment(Channel::Right, 3_723_000, 3_725_000, "At nine."),
        segment(Channel::Mono, 59_999, 61_000, "Thank you."),
    ];
    assert_eq!(
        printed(TEXT, &segments, Completeness::Whole).0,
        "[00:12 left] When do you open?\n[1:02:03 right] At nine.\n[00:59] Thank you.\n"
    );
}

#[test]
fn no_words_are_told_to_people_and_are_an_empty_list_to_programs() {
    assert_eq!(printed(TEXT, &[], Completeness::Whole), ("no words\n".to_owned(), false));
    assert_eq!(printed(Form::Srt, &[], Completeness::Whole), (String::new(), false));
    let json: serde_json::Value =
        serde_json::from_str(&printed(Form::Json, &[], Completeness::Whole).0).expect("JSON");
    assert_eq!(json["segments"], json!([]));
}

#[test]
fn subtitles_are_numbered_and_name_the_side() {
    let segments = [
        segment(Channel::Left, 12_340, 14_120, "When do you open?"),
        segment(Channel::Right, 3_723_004, 3_725_000, "At nine."),
    ];
    assert_eq!(
        printed(Form::Srt, &segments, Completeness::Whole).0,
        "1\n00:00:12,340 --> 00:00:14,120\nleft: When do you open?\n\n\
         2\n01:02:03,004 --> 01:02:05,000\nright: At nine.\n\n"
    );
}

#[test]
fn a_long_segment_is_several_subtitles_without_a_word_lost() {
    let text = vec!["seventeen"; 40].join(" ");
    for end in [12_000, 60_000] {
        let segment = segment(Channel::Mono, 2000, end, &text);
        let cues = cues(&segment);
        assert_eq!(cues.iter().map(|cue| cue.text.as_str()).collect::<Vec<_>>().join(" "), text);
        for cue in &cues {
            assert!(cue.text.len() <= CUE_CHARACTERS && cue.end - cue.start <= CUE_TIME, "{cue:?}");
        }
        assert_eq!((cues[0].start, cues[cues.len() - 1].end), (ms(2000), ms(end)));
        assert!(cues.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

#[test]
fn json_has_milliseconds() {
    let segments = [segment(Channel::Left, 12_340, 14_121, "At nine.")];
    let (line, any) = printed(Form::Json, &segments, Completeness::Short(ms(2500)));
    assert!(any && line.ends_with('\n') && line.lines().count() == 1, "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        json,
        json!({
            "file": "a.wav",
            "duration_ms": 20_000.0,
            "truncated": true,
            "missing_ms": 2500.0,
            "segments": [{
                "channel": "left",
                "start_ms": 12_340.0,
                "end_ms": 14_121.0,
                "text": "At nine.",
                "doubtful": false,
                "avg_logprob": -0.257,
                "no_speech": 0.0,
                "words": [
                    {"text": "At", "start_ms": 12_340.0, "end_ms": 13_230.0, "confidence": 0.123},
                    {"text": "nine.", "start_ms": 13_230.0, "end_ms": 14_121.0, "confidence": 0.123},
                ],
            }],
            "took_ms": 1234.0,
            "real_time_factor": 0.062,
        })
    );
}

#[test]
fn whether_a_file_is_whole_is_told_where_it_is_known() {
    for (completeness, truncated) in [
        (Completeness::Whole, json!(false)),
        (Completeness::Short(ms(1)), json!(true)),
        (Completeness::Unknown, json!(null)),
    ] {
        let json: serde_json::Value =
            serde_json::from_str(&printed(Form::Json, &[], completeness).0).expect("JSON");
        assert_eq!(json["truncated"], truncated);
    }
}

#[test]
fn at_a_terminal_the_stamp_stands_back() {
    let segments = [segment(Channel::Mono, 0, 1000, "Hello.")];
    let (line, _) = printed(Form::Text { colours: true }, &segments, Completeness::Whole);
    assert_eq!(line, "\u{1b}[2m[00:00]\u{1b}[0m Hello.\n");
}
