//! Tests of how conversations are rendered, and of templates from model files.

use super::*;

fn message(role: Role, text: &str) -> Message {
    Message { role, text: text.into() }
}

fn template(source: Option<&str>) -> ChatTemplate {
    ChatTemplate::new(source, Architecture::Phi3, "<s>", "<|end|>", || std::time::Duration::ZERO, false)
        .unwrap()
        .unwrap()
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
    assert_eq!(shown(&template(Some(refusing)), &conversation()), "<s><user>Be brief.\n\nHi<assistant>Hello");
}

#[test]
fn a_template_that_silently_drops_the_system_message_gets_it_with_the_first_user_message() {
    let dropping =
        "{% for m in messages %}{% if m.role != 'system' %}[{{ m.content }}]{% endif %}{% endfor %}";
    assert_eq!(shown(&template(Some(dropping)), &conversation()), "[Be brief.\n\nHi][Hello]");
}

/// Gemma 3's template from its files, without the parts for images.
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
    let gemma = |source| {
        ChatTemplate::new(source, Architecture::Gemma3, "<bos>", "<eos>", || std::time::Duration::ZERO, false)
            .unwrap()
            .unwrap()
    };
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
        assert!(
            ChatTemplate::new(Some(bad), Architecture::Phi3, "", "", || std::time::Duration::ZERO, false)
                .is_err(),
            "{bad}"
        );
    }
}

#[test]
fn what_looks_like_a_placeholder_but_names_no_message_stays_text() {
    assert_eq!(parts("a\u{E000}7\u{E001}b", 2), [Part::Literal("a\u{E000}7\u{E001}b")]);
}

/// Written by `scripts/template_vectors.py`.
const RENDERINGS: &str = include_str!("../../../../tests/golden/templates/renderings.json");

/// Fault: templates of 2026, with `strftime_now`, generation blocks, `message.get`, `.replace`, `.title`,
/// `continue` and `break`, were refused.
#[test]
fn templates_are_rendered_as_transformers_renders_them() {
    let golden: serde_json::Value = serde_json::from_str(RENDERINGS).unwrap();
    // 28 November 2026, 13:05:09.
    assert_eq!(golden["now"], 1_795_871_109);
    let now = || std::time::Duration::from_secs(1_795_871_109);
    let mut different = Vec::new();
    for case in golden["cases"].as_array().unwrap() {
        let name = case["template"].as_str().unwrap();
        let template = ChatTemplate::dated(golden["templates"][name].as_str().unwrap(), "<s>", "</s>", now);
        let roles = case["roles"].as_array().unwrap().iter().map(|role| match role.as_str().unwrap() {
            "system" => Role::System,
            "user" => Role::User,
            _ => Role::Assistant,
        });
        let talk: Vec<(Role, String)> = roles.enumerate().map(|(i, role)| (role, placeholder(i))).collect();
        let found = template.attempt(&talk, talk.len()).map(|text| {
            (0..talk.len())
                .fold(text, |text, i| text.replace(&placeholder(i), &format!("{}ZZ", char::from(b"abcd"[i]))))
        });
        let expected = case["text"].as_str();
        if found.as_deref().ok() != expected {
            different.push(format!("{name} of {}:\n{found:?}\n{expected:?}", case["roles"]));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

/// A template that begins a thought and has no switch, as DeepSeek R1's.
const THINKS: &str = "{% for message in messages %}{{ '[' + message.role + ']' + message.content }}{% endfor %}\
    {% if add_generation_prompt %}{{ '[assistant]<think>\n' }}{% endif %}";

#[test]
fn a_model_that_is_not_to_think_finds_its_thought_ended_before_its_answer() {
    let golden: serde_json::Value = serde_json::from_str(RENDERINGS).unwrap();
    let switched = golden["templates"]["backwards"].as_str().unwrap();
    for (source, thinking, ending) in [
        (switched, true, "<|im_start|>assistant\n"),
        (switched, false, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        (THINKS, true, "[assistant]<think>\n"),
        (THINKS, false, "[assistant]<think>\n\n</think>\n\n"),
    ] {
        let date = || std::time::Duration::ZERO;
        let template = ChatTemplate::new(Some(source), Architecture::Qwen3, "", "", date, thinking);
        let text = shown(&template.unwrap().unwrap(), &[message(Role::User, "Hi")]);
        assert!(text.ends_with(ending), "{text:?}");
    }
}

#[test]
fn a_template_can_be_named_or_read_from_a_file() {
    let base = std::path::Path::new("/etc");
    assert_eq!(TemplateChoice::of("", base), None);
    assert_eq!(TemplateChoice::NAMES, BUILT_IN.map(|(name, _)| name));
    for name in TemplateChoice::NAMES {
        let source = TemplateChoice::of(name, base).unwrap().read().unwrap();
        let date = || std::time::Duration::ZERO;
        let template = ChatTemplate::new(Some(&source), Architecture::Llama, "<s>", "</s>", date, false);
        let template = template.unwrap().unwrap();
        assert!(shown(&template, &conversation()).contains("Hello"), "{name}");
    }
    let absent = TemplateChoice::of("chatnl", base).unwrap().read().unwrap_err();
    assert!(
        absent.contains("llm.chat_template /etc/chatnl cannot be read") && absent.contains("chatml"),
        "{absent}"
    );
}
