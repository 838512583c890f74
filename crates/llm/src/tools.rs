//! The grammar of replies that may call tools. Must not know models, tokens or who carries the calls out.

use serde_json::Value;

use super::schema::guided;
use crate::dialogue::tools::{CLOSE, MOST_CALLS, OPEN, Tool, head};

/// How a reply uses tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolUse {
    /// The reply must call a tool. Otherwise it may be text, or text and then calls.
    pub required: bool,
    /// Several calls are allowed.
    pub parallel: bool,
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
