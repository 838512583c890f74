//! What people paste into their gateways (docs/gateways.md, docs/first-number.md): nothing in it may end a
//! call that goes on without its stream, because it was transferred.

use std::fs;

use crate::support::server::root;

/// The fenced blocks of a page, with their languages.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, inside))) => inside.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block does not end");
    blocks
}

#[test]
fn no_document_that_people_paste_cuts_a_transferred_call_off() {
    let pages = ["gateways.md", "first-number.md"];
    let all: Vec<(String, String)> = pages.into_iter().flat_map(blocks).collect();
    let streams: Vec<&String> = all
        .iter()
        .filter(|(language, inside)| language == "xml" && inside.contains("<Stream"))
        .map(|(_, it)| it)
        .collect();
    assert!(streams.len() >= 4, "{} documents with a stream", streams.len());
    for document in streams {
        // A pause, or a limit, that was meant to keep the stream open ends a call after its time.
        for cuts in ["<Pause", "<Wait", "timeLimit", "streamTimeout", "maxDuration", "<Hangup", "<Redirect"] {
            assert!(!document.contains(cuts), "{cuts} in\n{document}");
        }
        let (_, behind) = document.rsplit_once("Stream").unwrap();
        let behind: String = behind.split('<').skip(1).map(|tag| format!("<{tag}")).collect();
        let closes = behind.split_whitespace().all(|tag| tag.starts_with("</"));
        assert!(closes, "something stands behind the stream:\n{document}");
    }
    for (language, inside) in all.iter().filter(|(language, _)| language == "json" || language == "ini") {
        // Such as jambonz' and Vonage's limits, and Asterisk's `Dial(…,,L(60000))` and its time-out.
        for cuts in ["timeLimit", "\"limit\"", "\"pause\"", "maxLength", ",,L(", "S("] {
            assert!(!inside.contains(cuts), "{cuts} in {language}\n{inside}");
        }
    }
}
