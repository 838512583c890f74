//! Foreign text, made fit to be read: by a small language model as the answer of a tool, and by people in one
//! line of a message. Pure.

use std::error::Error;

use serde::de::IgnoredAny;

/// Text without what would move a terminal's cursor, hide words or turn their direction. Lines and tabs stay.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter(|&c| !is_hidden(c))
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' | '\u{2028}' | '\u{2029}' => '\n',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Byte order marks, and what has no width or turns the direction of text.
fn is_hidden(c: char) -> bool {
    let ranges = ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{2069}'];
    c == '\u{feff}' || ranges.iter().any(|range| range.contains(&c))
}

/// The beginning of a foreign text in one line, for a message.
pub(crate) fn shown(text: &str, longest: usize) -> String {
    // More is not looked at: a message is made of megabytes otherwise.
    let beginning: String = text.chars().take(longest.saturating_mul(4)).collect();
    let words = clean(&beginning).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// An error with its reasons, in one line.
pub(crate) fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(reason) = next {
        let reason_told = reason.to_string();
        if !told.contains(&reason_told) {
            told = format!("{told}: {reason_told}");
        }
        next = reason.source();
    }
    shown(&told, 300)
}

/// A text of at most `longest` characters. If it was cut, its end says so.
pub(crate) fn cut(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    let all = text.chars().count();
    if all <= longest {
        return text;
    }
    let mark = format!("\n[cut off here: the whole answer has {all} characters]");
    let kept = longest.saturating_sub(mark.chars().count());
    let end = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
    format!("{}{mark}", &text[..end])
}

/// JSON without the white space between its parts, and with letters instead of their numbers (`\u00e9`),
/// which small models misread. Order and figures stay as they were written: a number of twenty digits is no
/// float. `None` for what is no JSON.
pub(crate) fn compact_json(json: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let mut compact = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = end_of_string(rest);
            unescape_letters(&rest[..end], &mut compact);
            rest = &rest[end..];
            continue;
        }
        if !c.is_whitespace() {
            compact.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    Some(compact)
}

/// Where a string that begins here ends, both quotes included.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Copies a string of JSON. Letters that are written as `\uXXXX` become letters.
fn unescape_letters(mut string: &str, into: &mut String) {
    while let Some(at) = string.find('\\') {
        into.push_str(&string[..at]);
        let escape = &string[at..];
        let (letter, length) = match unit(escape) {
            Some(high @ 0xd800..=0xdbff) => {
                let low = escape.get(6..).and_then(unit).unwrap_or_default();
                let both = char::decode_utf16([high, low]).next().and_then(Result::ok);
                (both, 12)
            }
            Some(one) => (char::from_u32(u32::from(one)), 6),
            None => (None, 2),
        };
        let readable =
            |c: &char| !c.is_control() && !['"', '\\'].contains(c) && clean(&format!("a{c}b")).len() > 2;
        let end = match letter.filter(readable) {
            Some(letter) => {
                into.push(letter);
                length
            }
            // Another escape, a letter that must stay escaped, or half of a pair.
            None => {
                let end = if unit(escape).is_some() { 6 } else { 2 };
                into.push_str(&escape[..end]);
                end
            }
        };
        string = &escape[end..];
    }
    into.push_str(string);
}

/// The number in `\uXXXX`, at the beginning of a text.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_becomes_compact_and_keeps_its_order_and_its_figures() {
        let json = " { \"z\" : 12345678901234567890123 ,\n \"a\": [ 1.50, true , null ], \"s\": \"a  b\" } ";
        let compact = "{\"z\":12345678901234567890123,\"a\":[1.50,true,null],\"s\":\"a  b\"}";
        assert_eq!(compact_json(json).as_deref(), Some(compact));
    }

    #[test]
    fn letters_that_were_written_as_numbers_become_letters() {
        let json = r#"{"a":"M\u00fcller \ud83d\ude00 \ud83d x \u0022 \u0007 \\u00fc \n"}"#;
        let expected = r#"{"a":"Müller 😀 \ud83d x \u0022 \u0007 \\u00fc \n"}"#;
        assert_eq!(
            compact_json(json.replace(r"\ud83d x", "x").as_str()),
            Some(expected.replace(r"\ud83d x", "x"))
        );
    }

    #[test]
    fn what_is_no_json_is_not_taken_for_it() {
        for text in ["", "{", "{\"a\":1} x", "nope", "[1,]"] {
            assert_eq!(compact_json(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let text = cut("ä".repeat(500), 200);
        assert_eq!(text.chars().count(), 200);
        assert!(text.ends_with("[cut off here: the whole answer has 500 characters]"), "{text}");
        assert_eq!(cut("ä".repeat(200), 200), "ä".repeat(200));
    }

    #[test]
    fn control_characters_do_not_reach_a_message() {
        assert_eq!(shown("a\u{1b}[31m\r\nb\u{0}\u{202e}c", 100), "a [31m b c");
        assert_eq!(shown(&"word ".repeat(100), 9), "word word…");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(|n| json!(n)),
            any::<bool>().prop_map(|b| json!(b)),
            any::<String>().prop_map(|s| json!(s)),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|v| json!(v)),
                prop::collection::hash_map(any::<String>(), inner, 0..6).prop_map(|m| json!(m)),
            ]
        })
    }

    /// All letters of strings as their numbers.
    fn escaped(json: &str) -> String {
        let mut units = [0; 2];
        let write = |c: char| match c.is_ascii() {
            true => c.to_string(),
            false => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        };
        json.chars().map(write).collect()
    }

    proptest! {
        #[test]
        fn compact_json_says_what_the_json_said(value in values()) {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            for json in [pretty.clone(), escaped(&pretty)] {
                let compact = compact_json(&json).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Value>(&compact).unwrap(), &value);
                prop_assert!(compact.len() <= json.len());
            }
        }

        #[test]
        fn any_text_can_be_shown_and_cut(text in any::<String>(), longest in 100_usize..300) {
            prop_assert!(cut(text.clone(), longest).chars().count() <= longest);
            prop_assert!(shown(&text, longest).chars().count() <= longest + 1);
            prop_assert!(!shown(&text, longest).chars().any(char::is_control));
            let _ = compact_json(&text);
        }
    }
}
