//! Finds calls of tools in a reply that comes in pieces. Must not know who carries them out.

use super::{CLOSE, MOST_NAME, NAMED, OPEN, may_name};

/// A part of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Text.
    Text(String),
    /// A call of the tool of this name begins.
    Call(String),
    /// The next piece of the call's arguments.
    Arguments(String),
    /// The call is whole. Without this, it was cut off.
    End,
}

/// Finds calls in a reply that comes in pieces.
#[derive(Debug, Clone)]
pub struct CallReader {
    before: Until,
    arguments: Until,
    place: Place,
    /// A call has come.
    any: bool,
}

#[derive(Debug, Clone)]
enum Place {
    /// Before, between or after calls.
    Words,
    /// Before the arguments of a call: what has come of it.
    Head(String),
    /// In a call. One that does not begin as it must is no call, and is left out.
    Call { told: bool },
}

impl Default for CallReader {
    fn default() -> Self {
        let (before, arguments) = (Until::new(OPEN), Until::new(&format!("}}{CLOSE}")));
        Self { before, arguments, place: Place::Words, any: false }
    }
}

impl CallReader {
    /// What is certain with the next piece.
    pub fn push(&mut self, piece: &str) -> Vec<Said> {
        let mut said = Vec::new();
        let mut rest = piece.to_owned();
        loop {
            match &mut self.place {
                Place::Words => {
                    let (text, after) = self.before.split(&rest);
                    // Between calls, and after them, there is white space only.
                    let means_nothing = if self.any { text.trim().is_empty() } else { text.is_empty() };
                    if !means_nothing {
                        said.push(Said::Text(text));
                    }
                    let Some(after) = after else { return said };
                    (self.place, rest) = (Place::Head(String::new()), after);
                }
                Place::Head(text) => {
                    text.push_str(&rest);
                    (self.place, rest) = match begun(text) {
                        Begun::Perhaps => return said,
                        Begun::Call(name, after) => {
                            said.push(Said::Call(name.to_owned()));
                            let after = after.to_owned();
                            (Place::Call { told: true }, after)
                        }
                        Begun::No => (Place::Call { told: false }, std::mem::take(text)),
                    };
                }
                Place::Call { told } => {
                    let (text, after) = self.arguments.split(&rest);
                    if *told && !text.is_empty() {
                        said.push(Said::Arguments(text));
                    }
                    let Some(after) = after else { return said };
                    if *told {
                        said.push(Said::End);
                    }
                    (self.place, rest, self.any) = (Place::Words, after, true);
                }
            }
        }
    }

    /// The text that was held back, once no more comes.
    pub fn finish(&mut self) -> String {
        self.before.finish()
    }
}

/// Text up to a mark, in pieces.
#[derive(Debug, Clone)]
struct Until {
    mark: String,
    /// What may be the beginning of the mark.
    held: String,
}

impl Until {
    fn new(mark: &str) -> Self {
        Self { mark: mark.to_owned(), held: String::new() }
    }

    /// The text that is certainly before the mark, and what follows the mark if it came.
    fn split(&mut self, piece: &str) -> (String, Option<String>) {
        self.held.push_str(piece);
        let held = std::mem::take(&mut self.held);
        if let Some((before, after)) = held.split_once(&self.mark) {
            return (before.to_owned(), Some(after.to_owned()));
        }
        let longest = held.len().min(self.mark.len() - 1);
        let begun = (1..=longest).rev().find(|&length| held.ends_with(&self.mark[..length]));
        let (certain, perhaps) = held.split_at(held.len() - begun.unwrap_or(0));
        perhaps.clone_into(&mut self.held);
        (certain.to_owned(), None)
    }

    /// The text that was held back.
    fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Whether a call begins.
enum Begun<'a> {
    /// It is too early to say.
    Perhaps,
    /// With the name of its tool, and what comes after it.
    Call(&'a str, &'a str),
    No,
}

fn begun(text: &str) -> Begun<'_> {
    let or_perhaps = |text: &str, expected: &str| match expected.starts_with(text) {
        true => Begun::Perhaps,
        false => Begun::No,
    };
    let Some(text) = text.strip_prefix(NAMED.0) else { return or_perhaps(text, NAMED.0) };
    let (name, after) = text.split_at(text.find(|c| !may_name(c)).unwrap_or(text.len()));
    if name.len() > MOST_NAME {
        return Begun::No;
    }
    match after.strip_prefix(NAMED.1) {
        Some(after) if !name.is_empty() => Begun::Call(name, after),
        Some(_) => Begun::No,
        None => or_perhaps(after, NAMED.1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialogue::tools::{ToolCall, written};

    fn call(name: &str, arguments: &str) -> ToolCall {
        ToolCall { name: name.to_owned(), arguments: arguments.to_owned() }
    }

    /// What is said in pieces: the texts, the whole calls, and the name and arguments of one that is cut off.
    fn said(pieces: &[&str]) -> (String, Vec<ToolCall>, Option<ToolCall>) {
        let mut reader = CallReader::default();
        let (mut text, mut calls, mut open) = (String::new(), Vec::new(), None::<ToolCall>);
        for part in pieces.iter().flat_map(|piece| reader.push(piece)).collect::<Vec<_>>() {
            match part {
                Said::Text(more) => text.push_str(&more),
                Said::Call(name) => assert_eq!(open.replace(call(&name, "")), None),
                Said::Arguments(more) => open.as_mut().unwrap().arguments.push_str(&more),
                Said::End => calls.push(open.take().unwrap()),
            }
        }
        (text + &reader.finish(), calls, open)
    }

    #[test]
    fn a_call_that_is_written_is_read_again_and_one_that_is_cut_off_is_left_out() {
        let one = call("book-it", r#"{"at": "</tool_call>", "n": 1}"#);
        let text = format!("Let me see. {}", written(&one));
        let words = "Let me see. ".to_owned();
        assert_eq!(said(&[&text]), (words.clone(), vec![one.clone()], None));
        let cut = call("book-it", r#"{"at": "</tool_call>", "n": 1"#);
        assert_eq!(said(&[&text[..text.len() - 3]]), (words.clone(), vec![], Some(one)));
        assert_eq!(said(&[&text[..text.len() - 14]]), (words, vec![], Some(cut)));
        assert_eq!(said(&["a <tool"]), ("a <tool".to_owned(), vec![], None));
    }

    #[test]
    fn what_does_not_begin_as_a_call_must_is_no_call() {
        let long = format!("<tool_call>\n{{\"name\": \"{}", "a".repeat(65));
        for wrong in ["<tool_call> no", "<tool_call>\n{\"name\": \"\", \"arguments\": {}", &long] {
            let whole = format!("{wrong}}}\n</tool_call>Then.");
            assert_eq!(said(&[&whole]), ("Then.".to_owned(), vec![], None), "{wrong}");
        }
    }

    #[test]
    fn arguments_come_as_they_are_written() {
        let mut reader = CallReader::default();
        assert_eq!(reader.push("<tool_call>\n{\"name\": \"f"), []);
        let arguments = |text: &str| Said::Arguments(text.to_owned());
        let begun = [Said::Call("f".to_owned()), arguments("{\"a\": {")];
        assert_eq!(reader.push("\", \"arguments\": {\"a\": {"), begun);
        // The brace may be the call's own, and not the arguments'.
        assert_eq!(reader.push("}"), []);
        assert_eq!(reader.push("}"), [arguments("}")]);
        assert_eq!(reader.push("}\n</tool_call>"), [arguments("}"), Said::End]);
    }

    proptest! {
        #[test]
        fn what_is_found_does_not_depend_on_how_the_text_is_cut(
            before in prop_oneof![Just(""), Just("Well. <tool"), Just("a\n")],
            count in 0_usize..4,
            cut in 0_usize..200,
        ) {
            let calls: Vec<ToolCall> = (0..count).map(|n| call(&format!("f{n}"), &format!("{{\"x\": {n}}}"))).collect();
            let written: Vec<String> = calls.iter().map(written).collect();
            let text = format!("{before}{}", written.join("\n"));
            let cut = cut.min(text.len());
            prop_assert_eq!(said(&[&text[..cut], &text[cut..]]), (before.to_owned(), calls, None));
        }
    }
}
