//! What holds for any text, however odd.

use std::time::Duration;

use offhook_core::dialogue::WordTime;
use offhook_core::language::{ENGLISH, GERMAN_SPEECH};
use offhook_core::speakable::{is_speakable, joins, may_join, written};
use proptest::prelude::*;

use super::{said, table};
use crate::support::cases::cases;

/// Pieces of which odd texts are made: what recognisers look for, and what stands beside it.
const PIECES: [&str; 74] = [
    "5",
    "12",
    "2026",
    "1,234",
    "0.5",
    "62704",
    "555",
    "123-4567",
    "(555)",
    "+1",
    "$",
    "$9.50",
    "€",
    "20 €",
    "%",
    "°C",
    "kg",
    "in",
    "ft",
    "a.m.",
    "PM",
    "9:30",
    "9-5",
    "1/2",
    "½",
    "Nov.",
    "May",
    "3rd",
    "Mon-Fri",
    "Dr.",
    "St.",
    "Main",
    "Ave",
    "N.",
    "IL",
    "Apt",
    "2B",
    "No.",
    "pp.",
    "etc.",
    "e.g.,",
    "MRI",
    "IDs",
    "NASA",
    "PLEASE",
    "VIII",
    "Part",
    "V",
    "I",
    "A",
    "A1C",
    "COVID-19",
    "B2B",
    "info@x.com",
    "https://x.y/z",
    "file.pdf",
    "@me",
    "#1",
    "&",
    "+",
    "=",
    "—",
    "–",
    "-",
    "...",
    "(",
    ")",
    "\"yes\"",
    "'90s",
    "x",
    "and",
    "/",
    "é",
    "你",
];

fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES.as_slice()).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
        2 => Just(" ".to_owned()),
    ];
    prop::collection::vec((piece, prop::bool::weighted(0.7)), 0..14).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, space)| if space { piece + " " } else { piece }).collect()
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_spoken_has_letters_and_plain_punctuation_only(text in odd_text()) {
        for speech in [&ENGLISH.speech, &GERMAN_SPEECH] {
            let spoken = said(&text, speech);
            let plain = |c: char| c.is_ascii_alphabetic() || "äöüßÄÖÜẞ".contains(c) || " '-.,;:!?…".contains(c);
            prop_assert!(spoken.text.chars().all(plain), "{text:?}: {:?}", spoken.text);
            prop_assert!(spoken.text.len() <= 20 * text.len() + 64, "{text:?}: {:?}", spoken.text);
        }
    }

    #[test]
    fn every_spoken_word_comes_from_a_written_word_in_order(text in odd_text()) {
        let spoken = said(&text, &ENGLISH.speech);
        prop_assert_eq!(spoken.words.len(), spoken.text.split_whitespace().count());
        prop_assert!(spoken.words.is_sorted());
        let written = text.split_whitespace().count();
        prop_assert!(spoken.words.last().is_none_or(|last| *last < written));
    }

    #[test]
    fn spoken_text_is_spoken_as_it_is(text in odd_text()) {
        for speech in [&ENGLISH.speech, &GERMAN_SPEECH] {
            let once = said(&text, speech).text;
            prop_assert_eq!(&said(&once, speech).text, &once, "{}", text);
        }
    }

    #[test]
    fn written_text_has_single_spaces_and_is_written_as_it_is(text in odd_text()) {
        let once = written(&text, &ENGLISH);
        prop_assert!(!once.contains("  ") && once.trim() == once, "{once:?}");
        if is_speakable(&once, &ENGLISH) {
            prop_assert!(!said(&once, &ENGLISH.speech).text.is_empty(), "{once:?}");
        }
    }

    #[test]
    fn only_a_word_that_may_join_joins(before in odd_text(), after in odd_text()) {
        let (Some(before), Some(after)) = (before.split_whitespace().next(), after.split_whitespace().next())
        else {
            return Ok(());
        };
        if joins(before, after, &ENGLISH.speech) {
            prop_assert!(may_join(before, &ENGLISH.speech), "{before:?} {after:?}");
        }
    }

    #[test]
    fn times_of_the_first_words_are_a_beginning_of_all_times(text in odd_text(), share in 0.0..1.0_f64) {
        let spoken = said(&text, &ENGLISH.speech);
        let times: Vec<WordTime> = spoken
            .text
            .split_whitespace()
            .zip(1..)
            .map(|(word, at)| WordTime { word: word.to_owned(), end: Duration::from_millis(at * 100) })
            .collect();
        let whole = spoken.written_times(&text, &times);
        if !times.is_empty() {
            prop_assert_eq!(whole.len(), text.split_whitespace().count());
        }
        let part = (times.len() as f64 * share) as usize;
        let beginning = spoken.written_times(&text, times.get(..part).unwrap());
        prop_assert!(whole.starts_with(&beginning), "{beginning:?} {whole:?}");
    }
}

#[test]
fn a_written_word_ends_with_its_last_spoken_word() {
    let text = "At 9:30 — $5 please";
    let spoken = said(text, &ENGLISH.speech);
    let times = |words: &str| -> Vec<WordTime> {
        let words = words.split(' ').zip(1..);
        words.map(|(word, at)| WordTime { word: word.into(), end: Duration::from_secs(at) }).collect()
    };
    let ends = |times: Vec<WordTime>| -> Vec<(String, u64)> {
        times.into_iter().map(|time| (time.word, time.end.as_secs())).collect()
    };
    let expected = [("At", 1), ("9:30", 3), ("—", 3), ("$5", 5), ("please", 6)];
    let expected: Vec<(String, u64)> = expected.map(|(word, end)| (word.to_owned(), end)).into();
    assert_eq!(ends(spoken.written_times(text, &times("At nine thirty five dollars please"))), expected);
    assert_eq!(ends(spoken.written_times(text, &times("At nine thirty five"))), expected[..3]);
    assert_eq!(ends(spoken.written_times(text, &times("At nine"))), expected[..1]);
    assert!(spoken.written_times(text, &times("At ten")).is_empty());
    assert!(spoken.written_times(text, &times("At nine thirty five dollars please more")).is_empty());
}

#[test]
fn nothing_of_emoji_and_unknown_scripts_is_spoken() {
    for text in ["😀 👍🏽", "你好。", "— … !", ""] {
        assert!(!is_speakable(text, &ENGLISH), "{text}");
        assert_eq!(said(text, &ENGLISH.speech).text, "", "{text}");
    }
    assert!(is_speakable("9", &ENGLISH) && is_speakable("Привет", &ENGLISH) && is_speakable("½", &ENGLISH));
}

#[test]
fn all_cases_of_the_tables_stay_when_they_are_spoken_again() {
    for (name, speech) in [("spoken-en.tsv", &ENGLISH.speech), ("spoken-de.tsv", &GERMAN_SPEECH)] {
        for (_, expected) in table(name) {
            assert_eq!(said(&expected, speech).text, expected);
        }
    }
}
