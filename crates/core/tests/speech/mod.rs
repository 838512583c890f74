//! What written text sounds like, case by case and in general: each line of the tables is read as a careful
//! reader reads it.

mod properties;

use std::fs;
use std::path::Path;

use offhook_core::language::{ENGLISH, GERMAN_SPEECH, Speech};
use offhook_core::speakable::{Dictionary, Spoken, spoken};
use offhook_core::turns::chunker::Chunker;

/// The pairs of a table: written and spoken.
fn table(name: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    lines
        .map(|line| {
            let (written, spoken) = line.split_once('\t').unwrap_or_else(|| panic!("no tab in {line:?}"));
            (written.to_owned(), spoken.to_owned())
        })
        .collect()
}

fn said(written: &str, speech: &Speech) -> Spoken {
    spoken(written, speech, &Dictionary::default())
}

fn check(name: &str, speech: &Speech, least: usize) {
    let cases = table(name);
    assert!(cases.len() >= least, "{name} has {} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(written, expected)| {
            let got = said(written, speech).text;
            (got != *expected).then(|| format!("{written}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn english_is_said_as_a_careful_reader_says_it() {
    check("spoken-en.tsv", &ENGLISH.speech, 350);
}

#[test]
fn german_is_said_as_a_careful_reader_says_it() {
    check("spoken-de.tsv", &GERMAN_SPEECH, 60);
}

/// Wherever the chunker cuts, the voice says the same.
#[test]
fn chunks_are_said_like_the_whole() {
    let carriers = [
        ("Okay, so here is what I found for you: ", " Is that all right?"),
        ("Well, let me think about this for just one moment longer, then ", " and that is all."),
        ("I can tell you, and this is what everybody here says, ", ""),
    ];
    for (written, _) in table("spoken-en.tsv") {
        for (before, after) in carriers {
            // Behind a sentence, another one begins.
            let capital = written.ends_with(['.', '!', '?']) && !after.is_empty();
            let after = if capital { " And that is all." } else { after };
            let whole = format!("{before}{written}{after}");
            let mut chunker = Chunker::default();
            let mut pieces = Vec::new();
            for token in whole.split_inclusive(' ') {
                pieces.extend(chunker.push(token));
            }
            pieces.extend(chunker.finish());
            let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
            let chunks: Vec<String> = texts.iter().map(|text| said(text, &ENGLISH.speech).text).collect();
            let at_once = said(&texts.join(" "), &ENGLISH.speech).text;
            assert_eq!(chunks.join(" "), at_once, "{texts:?}");
        }
    }
}
