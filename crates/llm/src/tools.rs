//! Calls of tools in the form that Hermes and Qwen are tuned with, as text: what the system prompt says of
//! the tools, how a call and its result are written, the grammar of calls, and calls found in a reply. One
//! form for all models. Must not know models, tokens or who carries the calls out.

use serde_json::{Value, json};

use super::decoder::StopFilter;
use super::schema::guided;

/// Begins a call.
pub(super) const OPEN: &str = "<tool_call>";

/// Ends a call. No JSON has a line end followed by `<`: outside of texts `<` means nothing, and within them
/// line ends are escaped.
const CLOSE: &str = "\n</tool_call>";

/// What stands around the name of a tool in a call, before its arguments.
const NAMED: (&str, &str) = ("\n{\"name\": \"", "\", \"arguments\": ");

/// The most characters of a tool's name.
const MOST_NAME: usize = 64;

/// The most calls of one reply.
pub const MOST_CALLS: usize = 8;

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name: 1 to 64 letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

/// How a reply uses tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolUse {
    /// The reply must call a tool. Otherwise it may be text, or text and then calls.
    pub required: bool,
    /// Several calls are allowed.
    pub parallel: bool,
}

/// A call as a model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// The arguments, as JSON.
    pub arguments: String,
}

/// What the system prompt says of the tools, in the words of Qwen's and Hermes' templates.
#[must_use]
pub fn instructions(tools: &[Tool]) -> String {
    let signature = |tool: &Tool| {
        let Tool { name, description, parameters } = tool;
        let description = description.as_deref().unwrap_or_default();
        json!({"type": "function",
            "function": {"name": name, "description": description, "parameters": parameters}})
        .to_string()
    };
    let signatures: Vec<String> = tools.iter().map(signature).collect();
    format!(
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with \
         function signatures within <tools></tools> XML tags:\n<tools>\n{}\n</tools>\n\nFor each function call, \
         return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n\
         {OPEN}\n{{\"name\": <function-name>, \"arguments\": <args-json-object>}}{CLOSE}",
        signatures.join("\n")
    )
}

/// A call, as a model writes it.
#[must_use]
pub fn written(call: &ToolCall) -> String {
    format!("{OPEN}{}{}}}{CLOSE}", head(&call.name), call.arguments)
}

/// The result of a call, as a model reads it: in the words of the user.
#[must_use]
pub fn result(text: &str) -> String {
    format!("<tool_response>\n{text}\n</tool_response>")
}

fn head(name: &str) -> String {
    format!("{}{name}{}", NAMED.0, NAMED.1)
}

/// Whether a tool can have this name.
pub(super) fn is_name(text: &str) -> bool {
    (1..=MOST_NAME).contains(&text.len()) && text.chars().all(may_name)
}

fn may_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The grammar of replies, in the form of Lark.
pub(super) fn grammar(tools: &[Tool], wanted: &ToolUse) -> String {
    let literal = |text: &str| Value::from(text).to_string();
    let mut rules = String::new();
    for (index, tool) in tools.iter().enumerate() {
        let (head, tail) = (literal(&head(&tool.name)), literal(&format!("}}{CLOSE}")));
        rules += &format!("call_{index}: {head} %json {} {tail}\n", guided(&tool.parameters));
    }
    let names: Vec<String> = (0..tools.len()).map(|index| format!("call_{index}")).collect();
    // The shortest text up to the mark: nothing else may follow it than a call.
    let lead = if wanted.required {
        format!("lead: {}\n", literal(OPEN))
    } else {
        format!("words: /(.|\\n)*/\nlead[lazy]: /(.|\\n)*{OPEN}/\n")
    };
    let again = literal(&format!("\n{OPEN}"));
    let more =
        if wanted.parallel { format!(" ({again} call){{0,{}}}", MOST_CALLS - 1) } else { String::new() };
    let words = if wanted.required { "" } else { "words | " };
    format!("start: {words}lead call{more}\n{lead}call: {}\n{rules}", names.join(" | "))
}

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
#[derive(Debug)]
pub struct CallReader {
    before: StopFilter,
    arguments: StopFilter,
    place: Place,
    /// A call has come.
    any: bool,
}

#[derive(Debug)]
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
        let filter = |stop: String| StopFilter::new(&[stop]);
        let (before, arguments) = (filter(OPEN.to_owned()), filter(format!("}}{CLOSE}")));
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
                    let is_between = self.any && text.trim().is_empty();
                    if !text.is_empty() && !is_between {
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
