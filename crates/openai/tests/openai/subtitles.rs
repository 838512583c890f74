//! SubRip and WebVTT: what is written is read back, whatever was said.

use offhook_openai::transcription::{Transcription, body};
use proptest::prelude::*;

use super::any_bytes::cases;
use super::transcriptions::{segment, spoken, with};

/// A cue as a player reads it: times in milliseconds, and the text.
type Cue = (u64, u64, String);

fn written(spoken: &Transcription, format: &str) -> String {
    body(spoken, &with(&[("response_format", format)]).unwrap())
}

fn stamp(stamp: &str, mark: char) -> u64 {
    let (clock, milliseconds) = stamp.split_once(mark).unwrap();
    assert_eq!((clock.len(), milliseconds.len()), (8, 3), "{stamp}");
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
    assert!(parts[1] < 60 && parts[2] < 60, "{stamp}");
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + milliseconds.parse::<u64>().unwrap()
}

fn times(line: &str, mark: char) -> (u64, u64) {
    let (start, end) = line.split_once(" --> ").unwrap();
    (stamp(start, mark), stamp(end, mark))
}

/// The blocks of a file, as lines. Old and new line ends separate lines, as some players see it.
fn blocks(text: &str) -> Vec<Vec<String>> {
    let text = text.replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    blocks.map(|block| block.lines().map(str::to_owned).collect()).collect()
}

fn read_srt(text: &str) -> Vec<Cue> {
    let blocks = blocks(text).into_iter().enumerate();
    blocks
        .map(|(i, lines)| {
            let [number, clock, said] = lines.try_into().unwrap();
            assert_eq!(number, (i + 1).to_string());
            let (start, end) = times(&clock, ',');
            assert!(!said.contains("-->"), "{said:?}");
            (start, end, said)
        })
        .collect()
}

fn read_vtt(text: &str) -> Vec<Cue> {
    let blocks = blocks(text.strip_prefix("WEBVTT\n\n").unwrap());
    blocks
        .into_iter()
        .map(|lines| {
            let [clock, said] = lines.try_into().unwrap();
            let (start, end) = times(&clock, '.');
            assert!(!said.contains(['<', '>']), "{said:?}");
            (start, end, said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        })
        .collect()
}

#[test]
fn subrip_has_numbers_commas_and_hours_and_no_blank_cue() {
    let expected = "1\n00:00:00,000 --> 00:00:01,235\nGood morning.\n\n\
                    2\n00:59:59,999 --> 01:01:01,001\nR&D → <open> or not?\n\n";
    assert_eq!(written(&spoken(), "srt"), expected);
}

#[test]
fn webvtt_has_a_header_points_and_escapes() {
    let expected = "WEBVTT\n\n00:00:00.000 --> 00:00:01.235\nGood morning.\n\n\
                    00:59:59.999 --> 01:01:01.001\nR&amp;D --&gt; &lt;open&gt; or not?\n\n";
    assert_eq!(written(&spoken(), "vtt"), expected);
}

#[test]
fn silence_is_an_empty_file() {
    let silence = Transcription { text: " ".to_owned(), segments: vec![], ..spoken() };
    assert_eq!(written(&silence, "srt"), "");
    assert_eq!(written(&silence, "vtt"), "WEBVTT\n\n");
}

#[test]
fn a_text_without_segments_is_one_cue_of_the_whole_length() {
    let whole = Transcription { text: " Hello.".to_owned(), segments: vec![], duration_s: 2.0, ..spoken() };
    assert_eq!(read_srt(&written(&whole, "srt")), [(0, 2000, "Hello.".to_owned())]);
}

#[test]
fn every_cue_is_shown_for_a_moment_and_no_stamp_is_too_long() {
    let of = |start, end| Transcription { segments: vec![segment(start, end, "x")], ..spoken() };
    let times = |start, end| {
        let (start, end, _) = read_vtt(&written(&of(start, end), "vtt"))[0].clone();
        (start, end)
    };
    assert_eq!(times(5.0, 5.0), (5000, 5001));
    assert_eq!(times(5.0, 4.0), (5000, 5001));
    assert_eq!(times(f64::NAN, f64::NEG_INFINITY), (0, 1));
    let latest = 100 * 3_600_000 - 1;
    assert_eq!(times(f64::INFINITY, f64::MAX), (latest - 1, latest));
}

/// Texts that try to leave their cue, and any others.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "-->",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\u{85}",
        "\u{2028}",
        "\u{b}",
        "<b>",
        "&lt;",
        "&",
        " ",
        "\t",
        "\0",
        "1",
        "00:00:00,000 --> 00:00:01,000",
        "WEBVTT",
        "NOTE",
        "word",
        "ä",
    ];
    let made = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8);
    prop_oneof![made.prop_map(|pieces| pieces.concat()), any::<String>()]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_was_said_is_read_back_from_both(
        said in proptest::collection::vec((0.0..20_000.0, 0.001..100.0, text()), 0..6)
    ) {
        let parts = said.iter().map(|(start, length, text)| segment(*start, start + length, text));
        let spoken = Transcription { text: String::new(), segments: parts.collect(), ..spoken() };
        let words = |text: &str| {
            let words = text.split(|c: char| c.is_whitespace() || c.is_control());
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        let texts = said.iter().map(|(_, _, text)| words(text));
        let kept: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        let (srt, vtt) = (read_srt(&written(&spoken, "srt")), read_vtt(&written(&spoken, "vtt")));
        let texts = |cues: &[Cue]| cues.iter().map(|cue| cue.2.clone()).collect::<Vec<_>>();
        prop_assert_eq!(texts(&vtt), kept.clone());
        let kept: Vec<String> = kept.iter().map(|text| text.replace("-->", "→")).collect();
        prop_assert_eq!(texts(&srt), kept);
        for (cue, other) in srt.iter().zip(&vtt) {
            prop_assert_eq!((cue.0, cue.1), (other.0, other.1));
            prop_assert!(cue.0 < cue.1);
        }
    }
}
