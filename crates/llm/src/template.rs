//! The chat template of a model: how roles and messages are laid out around the markers. Only placeholders go
//! through the template, never contents, so that nothing a caller says can act as a marker or as template
//! code. Must not know tokens.

mod bounds;
mod budget;
mod dates;
mod json;
mod operators;

use std::path::{Path, PathBuf};

use minijinja::{Value, context};
use regex::Regex;

use super::architecture::Architecture;
use super::thoughts::left_open;
use crate::dialogue::{Message, Role};
use crate::files;

/// Phi-3's own template (microsoft/Phi-3-mini-4k-instruct, tokenizer_config.json).
const PHI3: &str = "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] \
    + '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";

/// Gemma's own layout (google/gemma-3-1b-it, tokenizer_config.json). It has no place for a system message:
/// `render` puts the system message before the first user message.
const GEMMA3: &str = "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}\
    {{ raise_exception('there is no system role') }}{% endif %}{{ '<start_of_turn>' + ('model' if \
    message['role'] == 'assistant' else message['role']) + '\n' + message['content'] + '<end_of_turn>\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

/// The layout of Llama 3 (meta-llama/Llama-3.2-1B-Instruct), without dates and tools.
const LLAMA3: &str = "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + \
    '<|end_header_id|>\n\n' + message['content'] + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}\
    {{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

/// ChatML, which many models are tuned with (Qwen, SmolLM, Hermes).
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + \
    message['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}\
    {{ '<|im_start|>assistant\n' }}{% endif %}";

/// The built-in templates, by name.
const BUILT_IN: [(&str, &str); 4] =
    [("chatml", CHATML), ("gemma3", GEMMA3), ("llama3", LLAMA3), ("phi3", PHI3)];

/// A template that replaces the model's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateChoice {
    /// One of [`TemplateChoice::NAMES`].
    BuiltIn(&'static str),
    /// A file with a template.
    File(PathBuf),
}

impl TemplateChoice {
    /// The names of the built-in templates.
    pub const NAMES: [&'static str; 4] = ["chatml", "gemma3", "llama3", "phi3"];

    /// Parses the configuration's value: a name, or a path relative to `base`; `None` if it is empty.
    #[must_use]
    pub fn of(text: &str, base: &Path) -> Option<Self> {
        let named = Self::NAMES.into_iter().find(|name| *name == text);
        let named = named.map(Self::BuiltIn).or_else(|| Some(Self::File(base.join(text))));
        named.filter(|_| !text.is_empty())
    }

    /// The template's source text.
    pub(super) fn read(&self) -> Result<String, String> {
        match self {
            Self::BuiltIn(name) => {
                let found = BUILT_IN.iter().find(|(known, _)| known == name);
                Ok(found.map_or_else(String::new, |(_, source)| (*source).to_owned()))
            }
            Self::File(path) => files::text(path, LONGEST_FILE).map_err(|error| {
                format!(
                    "llm.chat_template {} cannot be read: {error}; the built-in templates are {}",
                    path.display(),
                    Self::NAMES.join(", ")
                )
            }),
        }
    }
}

/// The longest template file that is read, in bytes. The limit of `bounds` is lower, and its error says why.
const LONGEST_FILE: u64 = 1 << 20;

/// Characters around the number of a message, in place of its content (for private use).
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Conversations that a template must be able to render: with and without a greeting, with and without a
/// system message, with two user messages in a row, and longer ones.
const COURSES: [&[Role]; 6] = [
    &[Role::User],
    &[Role::System, Role::User],
    &[Role::Assistant, Role::User],
    &[Role::System, Role::User, Role::User],
    &[Role::System, Role::Assistant, Role::User, Role::Assistant, Role::User],
    &[Role::System, Role::User, Role::Assistant, Role::User],
];

/// A part of a rendered conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text of the template: markers, line breaks.
    Literal(&'a str),
    /// The content of the message with this number.
    Content(usize),
}

/// A checked template.
#[derive(Debug)]
pub(super) struct ChatTemplate {
    source: String,
    begin: String,
    end: String,
    dated: operators::Dated,
    thinking: bool,
}

impl ChatTemplate {
    /// Takes `source`, or the template known for the architecture; `None` if there is neither. The template
    /// knows `begin` and `end` as `bos_token` and `eos_token`. `date` is the time since 1970. `thinking`
    /// says whether the model may think before it answers.
    pub(super) fn new(
        source: Option<&str>,
        architecture: Architecture,
        begin: &str,
        end: &str,
        date: operators::Dated,
        thinking: bool,
    ) -> Result<Option<Self>, String> {
        let source = match (source, architecture) {
            (Some(source), _) => source,
            (None, Architecture::Phi3) => PHI3,
            (None, Architecture::Gemma3) => GEMMA3,
            (None, Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3) => return Ok(None),
        };
        let template = Self { thinking, ..Self::dated(source, begin, end, date) };
        for roles in COURSES {
            let probe: Vec<Message> =
                roles.iter().map(|role| Message { role: *role, text: String::new() }).collect();
            template
                .render(&probe)
                .map_err(|problem| format!("its chat template cannot be used: {problem}"))?;
        }
        Ok(Some(template))
    }

    /// A template that is not checked, for a model that may think, with a clock of its own.
    fn dated(source: &str, begin: &str, end: &str, dated: operators::Dated) -> Self {
        let (begin, end) = (begin.to_owned(), end.to_owned());
        Self { source: without_generation(source), begin, end, dated, thinking: true }
    }

    /// The text that the template writes around the messages of a conversation.
    pub(super) fn literals(&self) -> String {
        let roles = COURSES.last().copied().unwrap_or_default();
        let talk: Vec<Message> =
            roles.iter().map(|role| Message { role: *role, text: String::new() }).collect();
        let text = self.render(&talk).unwrap_or_default();
        let literal = |part| match part {
            Part::Literal(text) => Some(text),
            Part::Content(_) => None,
        };
        parts(&text, talk.len()).into_iter().filter_map(literal).collect::<Vec<_>>().join("\n")
    }

    /// Renders a conversation, ready for the assistant's answer. If the template has no place for the system
    /// message, the message is put before the first user message. If the template wants alternating turns
    /// that begin with the user (Gemma's does), the messages are merged into such turns: the system message
    /// becomes a user turn before a greeting, and two messages of one side in a row become one turn.
    pub(super) fn render(&self, messages: &[Message]) -> Result<String, String> {
        let plain: Vec<(Role, String)> =
            messages.iter().enumerate().map(|(i, m)| (m.role, placeholder(i))).collect();
        let problem = match self.attempt(&plain, messages.len()) {
            Ok(text) => return Ok(text),
            Err(problem) => problem,
        };
        let others = [merged(&plain), Some(alternating(&plain, true)), Some(alternating(&plain, false))];
        let mut others = others.into_iter().flatten();
        others.find_map(|other| self.attempt(&other, messages.len()).ok()).ok_or(problem)
    }

    fn attempt(&self, messages: &[(Role, String)], contents: usize) -> Result<String, String> {
        let messages: Vec<Value> = messages
            .iter()
            .map(|(role, content)| context! { role => role_name(*role), content => content })
            .collect();
        let context = context! {
            messages => messages,
            tools => (),
            documents => (),
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
            add_generation_prompt => true,
            // The switch of Qwen, SmolLM and GLM; that of Granite and DeepSeek.
            enable_thinking => self.thinking,
            thinking => self.thinking,
        };
        let mut text = bounds::render(&self.source, context, contents, self.dated)?;
        // A template without a switch may begin a thought: it ends at once.
        if let Some(close) = left_open(&text).filter(|_| !self.thinking) {
            text.extend(["\n", close, "\n\n"]);
        }
        let found: Vec<usize> = parts(&text, contents)
            .into_iter()
            .filter_map(|part| match part {
                Part::Content(index) => Some(index),
                Part::Literal(_) => None,
            })
            .collect();
        if found.iter().copied().eq(0..contents) {
            Ok(text)
        } else {
            Err("it does not show every message once, in order".to_owned())
        }
    }
}

/// Cuts rendered text at the placeholders of the first `contents` messages.
pub(super) fn parts(text: &str, contents: usize) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let found = after.split_once(CLOSE).and_then(|(number, after)| Some((number.parse().ok()?, after)));
        let Some((index, after)) = found.filter(|(index, _): &(usize, &str)| *index < contents) else {
            break;
        };
        if !before.is_empty() {
            parts.push(Part::Literal(before));
        }
        parts.push(Part::Content(index));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

fn placeholder(index: usize) -> String {
    format!("{OPEN}{index}{CLOSE}")
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        // Templates know no common form of results; models read them between marks in the user's words.
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    }
}

/// The conversation with the system message (the first one) put before the first user message.
fn merged(messages: &[(Role, String)]) -> Option<Vec<(Role, String)>> {
    let ((Role::System, system), rest) = messages.split_first()? else { return None };
    let mut rest = rest.to_vec();
    let (_, user) = rest.iter_mut().find(|(role, _)| *role == Role::User)?;
    *user = format!("{system}\n\n{user}");
    Some(rest)
}

/// The conversation in alternating turns. If `apart`, the system message stands before these turns; otherwise
/// it becomes the first words of the user.
fn alternating(messages: &[(Role, String)], apart: bool) -> Vec<(Role, String)> {
    let mut turns: Vec<(Role, String)> = Vec::new();
    for (role, content) in messages {
        let role = match role {
            Role::System if !apart => Role::User,
            Role::Tool => Role::User,
            Role::System | Role::User | Role::Assistant => *role,
        };
        let first = matches!(turns.last(), None | Some((Role::System, _)));
        if role == Role::Assistant && first {
            turns.push((Role::User, String::new()));
        }
        match turns.last_mut() {
            Some((last, text)) if *last == role => {
                text.push_str("\n\n");
                text.push_str(content);
            }
            _ => turns.push((role, content.clone())),
        }
    }
    turns
}

/// Replaces the blocks that mark the assistant's words, for training, by plain blocks.
fn without_generation(source: &str) -> String {
    let tag = Regex::new(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}");
    let plain = |found: &regex::Captures<'_>| {
        let sign = |group: usize| found.get(group).map_or("", |sign| sign.as_str());
        let inside = if found.get(2).is_some() { "endif" } else { "if true" };
        format!("{{%{} {inside} {}%}}", sign(1), sign(3))
    };
    tag.map_or_else(|_| source.to_owned(), |tag| tag.replace_all(source, plain).into_owned())
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
