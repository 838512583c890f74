//! The chat template of a model: how roles and messages are laid out around the markers. Contents never
//! go through the template, only placeholders do, so that nothing a caller says can act as a marker or
//! as template code. Must not know tokens.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, from_args};
use minijinja::{Environment, Error, ErrorKind, State, context};

use super::architecture::Architecture;
use crate::engine::{Message, Role};

/// Phi-3's own template (microsoft/Phi-3-mini-4k-instruct, tokenizer_config.json).
const PHI3: &str = "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] \
    + '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";

/// Gemma's own layout (google/gemma-3-1b-it, tokenizer_config.json), which has no place for a system's message:
/// `render` puts it before the first user's words.
const GEMMA3: &str = "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}\
    {{ raise_exception('there is no system role') }}{% endif %}{{ '<start_of_turn>' + ('model' if \
    message['role'] == 'assistant' else message['role']) + '\n' + message['content'] + '<end_of_turn>\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

/// Instructions of the template language that one rendering may take; a conversation takes thousands.
const FUEL: u64 = 1_000_000;

/// Around the number of a message, in the place of its content (private use characters).
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// A part of a rendered conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What the template wrote: markers, line breaks.
    Literal(&'a str),
    /// The content of the message of this number.
    Content(usize),
}

/// A template, checked.
pub(super) struct ChatTemplate {
    environment: Environment<'static>,
    begin: String,
    end: String,
}

impl ChatTemplate {
    /// Takes the template of the file, or the one known for the architecture; `None` if there is neither.
    /// `begin` and `end` are what the template calls `bos_token` and `eos_token`.
    pub(super) fn new(
        source: Option<&str>,
        architecture: Architecture,
        begin: &str,
        end: &str,
    ) -> Result<Option<Self>, String> {
        let source = match (source, architecture) {
            (Some(source), _) => source,
            (None, Architecture::Phi3) => PHI3,
            (None, Architecture::Gemma3) => GEMMA3,
            (None, Architecture::Llama) => return Ok(None),
        };
        let explain = |error: Error| format!("its chat template cannot be used: {error}");
        let mut environment = Environment::new();
        // As transformers sets it; the templates are written for that.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(explain)?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(string_method);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_template_owned("chat", source.to_owned()).map_err(explain)?;
        let template = Self { environment, begin: begin.to_owned(), end: end.to_owned() };
        let probe = [Message { role: Role::User, text: String::new() }];
        template.render(&probe).map_err(|problem| format!("its chat template cannot be used: {problem}"))?;
        Ok(Some(template))
    }

    /// Lays out a conversation, ready for the assistant's answer. Where the template has no place for
    /// the system's message, it stands before the first user's message; where it wants turns that alternate
    /// and begin with the user's (Gemma's), they do: the system's message is a turn of the user's before a
    /// greeting, and what one side said in two messages is one.
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
            bos_token => self.begin.as_str(),
            eos_token => self.end.as_str(),
            add_generation_prompt => true,
        };
        let chat = self.environment.get_template("chat").map_err(|error| error.to_string())?;
        let text = chat.render(context).map_err(|error| error.to_string())?;
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
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// The conversation with the system's message (the first one) put before the first user's words.
fn merged(messages: &[(Role, String)]) -> Option<Vec<(Role, String)>> {
    let ((Role::System, system), rest) = messages.split_first()? else { return None };
    let mut rest = rest.to_vec();
    let (_, user) = rest.iter_mut().find(|(role, _)| *role == Role::User)?;
    *user = format!("{system}\n\n{user}");
    Some(rest)
}

/// The conversation in turns that alternate, after the system's message if that is `apart`, and else
/// with it as what the user says first.
fn alternating(messages: &[(Role, String)], apart: bool) -> Vec<(Role, String)> {
    let mut turns: Vec<(Role, String)> = Vec::new();
    for (role, content) in messages {
        let role = match role {
            Role::System if !apart => Role::User,
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

/// The methods of Python's strings that chat templates use.
fn string_method(_: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let unknown = || Error::new(ErrorKind::UnknownMethod, format!("there is no method \"{method}\""));
    let text = value.as_str().ok_or_else(unknown)?;
    Ok(match method {
        "strip" => Value::from(text.trim()),
        "lstrip" => Value::from(text.trim_start()),
        "rstrip" => Value::from(text.trim_end()),
        "upper" => Value::from(text.to_uppercase()),
        "lower" => Value::from(text.to_lowercase()),
        "startswith" => {
            let (start,): (&str,) = from_args(args)?;
            Value::from(text.starts_with(start))
        }
        "endswith" => {
            let (end,): (&str,) = from_args(args)?;
            Value::from(text.ends_with(end))
        }
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: Role, text: &str) -> Message {
        Message { role, text: text.into() }
    }

    fn template(source: Option<&str>) -> ChatTemplate {
        ChatTemplate::new(source, Architecture::Phi3, "<s>", "<|end|>").unwrap().unwrap()
    }

    fn shown(template: &ChatTemplate, messages: &[Message]) -> String {
        let text = template.render(messages).unwrap();
        let show = |part: Part<'_>| match part {
            Part::Literal(text) => text.to_owned(),
            Part::Content(index) => messages[index].text.clone(),
        };
        parts(&text, messages.len()).into_iter().map(show).collect()
    }

    fn conversation() -> Vec<Message> {
        vec![message(Role::System, "Be brief."), message(Role::User, "Hi"), message(Role::Assistant, "Hello")]
    }

    #[test]
    fn without_a_template_phi3_is_laid_out_as_it_was_trained() {
        assert_eq!(
            shown(&template(None), &conversation()),
            "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|assistant|>\n"
        );
    }

    #[test]
    fn a_template_that_refuses_a_system_message_gets_it_with_the_first_user_message() {
        let refusing = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role \
            not supported') }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content.strip() }}{% endfor %}";
        assert_eq!(
            shown(&template(Some(refusing)), &conversation()),
            "<s><user>Be brief.\n\nHi<assistant>Hello"
        );
    }

    #[test]
    fn a_template_that_silently_drops_the_system_message_gets_it_with_the_first_user_message() {
        let dropping =
            "{% for m in messages %}{% if m.role != 'system' %}[{{ m.content }}]{% endif %}{% endfor %}";
        assert_eq!(shown(&template(Some(dropping)), &conversation()), "[Be brief.\n\nHi][Hello]");
    }

    /// Gemma 3's template, as its files carry it, without the parts for images.
    const STRICT: &str = "{{ bos_token }}\n{%- if messages[0]['role'] == 'system' -%}\n\
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}\n\
        {%- set loop_messages = messages[1:] -%}\n{%- else -%}\n{%- set first_user_prefix = '' -%}\n\
        {%- set loop_messages = messages -%}\n{%- endif -%}\n{%- for message in loop_messages -%}\n\
        {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}\n\
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}\n\
        {%- endif -%}\n{%- if (message['role'] == 'assistant') -%}\n{%- set role = 'model' -%}\n{%- else -%}\n\
        {%- set role = message['role'] -%}\n{%- endif -%}\n\
        {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else '') }}\n\
        {%- if message['content'] is string -%}\n{{ message['content'] | trim }}\n{%- else -%}\n\
        {{ raise_exception('Invalid content type') }}\n{%- endif -%}\n{{ '<end_of_turn>\n' }}\n{%- endfor -%}\n\
        {%- if add_generation_prompt -%}\n{{'<start_of_turn>model\n'}}\n{%- endif -%}\n";

    #[test]
    fn gemma_is_laid_out_the_same_by_the_files_template_and_by_ours() {
        let gemma =
            |source| ChatTemplate::new(source, Architecture::Gemma3, "<bos>", "<eos>").unwrap().unwrap();
        let (strict, ours) = (gemma(Some(STRICT)), gemma(None));
        let [system, user, model] = [Role::System, Role::User, Role::Assistant];
        let turn = |role: &str, text: &str| format!("<start_of_turn>{role}\n{text}<end_of_turn>\n");
        let talk = conversation();
        let expected =
            ["<bos>", &turn("user", "Be brief.\n\nHi"), &turn("model", "Hello"), "<start_of_turn>model\n"]
                .concat();
        assert_eq!(shown(&strict, &talk), expected);
        assert_eq!(shown(&ours, &talk), expected);
        // A call begins with the greeting, and a caller who was interrupted speaks twice.
        let call = [(system, "Be brief."), (model, "Welcome."), (user, "Hi"), (user, "Are you open?")];
        let call = call.map(|(role, text)| message(role, text));
        assert_eq!(
            shown(&strict, &call),
            [
                "<bos>",
                &turn("user", "Be brief.\n\n"),
                &turn("model", "Welcome."),
                &turn("user", "Hi\n\nAre you open?"),
                "<start_of_turn>model\n"
            ]
            .concat()
        );
        let first = [message(model, "Welcome."), message(user, "Hi")];
        let turns = [turn("user", ""), turn("model", "Welcome."), turn("user", "Hi")].concat();
        assert_eq!(shown(&strict, &first), ["<bos>", &turns, "<start_of_turn>model\n"].concat());
    }

    #[test]
    fn a_template_that_loses_words_or_never_ends_is_refused_when_it_is_loaded() {
        for bad in [
            "always the same",
            "{% if %}",
            "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        ] {
            assert!(ChatTemplate::new(Some(bad), Architecture::Phi3, "", "").is_err(), "{bad}");
        }
    }

    #[test]
    fn what_looks_like_a_placeholder_but_names_no_message_stays_text() {
        assert_eq!(parts("a\u{E000}7\u{E001}b", 2), [Part::Literal("a\u{E000}7\u{E001}b")]);
    }
}
