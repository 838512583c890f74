//! Which requests for an answer are read, and what is refused.

use offhook_openai::ApiError;
use offhook_openai::chat::{ChatRequest, Format, Message, Role, ToolChoice};
use serde_json::{Value, json};

use super::refused;

fn read(request: &Value) -> Result<ChatRequest, ApiError> {
    ChatRequest::read(request.to_string().as_bytes())
}

/// A request with one message, and with these fields.
fn with(fields: &Value) -> Result<ChatRequest, ApiError> {
    let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let fields = fields.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    read(&request)
}

/// A request with these messages.
fn saying(messages: &Value) -> Result<ChatRequest, ApiError> {
    read(&json!({"model": "m", "messages": messages}))
}

#[test]
fn a_short_request_leaves_everything_to_the_server() {
    let request = with(&json!({})).unwrap();
    let hi = Message { role: Role::User, content: "Hi".to_owned(), calls: vec![] };
    let expected = ChatRequest {
        model: "m".to_owned(),
        messages: vec![hi],
        max_tokens: None,
        temperature: None,
        top_p: None,
        seed: None,
        stop: vec![],
        stream: false,
        include_usage: false,
        format: Format::Text,
        tools: vec![],
        tool_choice: ToolChoice::Never,
        parallel_calls: true,
    };
    assert_eq!(request, expected);
}

#[test]
fn all_fields_are_read() {
    let request = with(&json!({
        "max_tokens": 64, "temperature": 0.5, "top_p": 1, "seed": 7, "stop": ["a", "b"], "stream": true,
        "stream_options": {"include_usage": true, "include_obfuscation": false}
    }))
    .unwrap();
    assert_eq!((request.max_tokens, request.temperature), (Some(64), Some(0.5)));
    assert_eq!((request.top_p, request.seed), (Some(1.0), Some(7)));
    assert_eq!(request.stop, ["a", "b"]);
    assert!(request.stream && request.include_usage);
}

#[test]
fn null_is_as_good_as_nothing() {
    let fields = [
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "seed",
        "stop",
        "stream",
        "tools",
        "n",
        "stream_options",
        "functions",
        "tool_choice",
        "response_format",
        "logprobs",
        "logit_bias",
        "audio",
    ];
    for field in fields {
        assert_eq!(with(&json!({field: null})), with(&json!({})), "{field}");
    }
}

#[test]
fn both_names_of_the_limit_are_read_and_must_not_differ() {
    assert_eq!(with(&json!({"max_completion_tokens": 9})).unwrap().max_tokens, Some(9));
    let same = with(&json!({"max_completion_tokens": 9, "max_tokens": 9}));
    assert_eq!(same.unwrap().max_tokens, Some(9));
    let differ = with(&json!({"max_completion_tokens": 9, "max_tokens": 8}));
    refused(differ, Some("max_tokens"), &["9", "8", "send one"]);
}

#[test]
fn roles_of_older_and_newer_clients_are_read() {
    let says = |role: &str| json!({"role": role, "content": "x"});
    let roles = ["system", "developer", "user", "assistant"].map(says);
    let request = saying(&json!(roles)).unwrap();
    let read: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(read, [Role::System, Role::System, Role::User, Role::Assistant]);
}

#[test]
fn parts_of_a_text_are_joined_with_line_ends() {
    let parts = json!([{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]);
    let request = saying(&json!([{"role": "user", "content": parts}])).unwrap();
    assert_eq!(request.messages[0].content, "One\ntwo");
}

#[test]
fn other_parts_are_refused_by_name() {
    for (kind, word) in [
        ("image_url", "images"),
        ("input_audio", "/v1/audio/transcriptions"),
        ("file", "files"),
        ("refusal", "refusals"),
        ("hologram", "hologram"),
    ] {
        let parts = json!([{"type": "text", "text": "x"}, {"type": kind, kind: {}}]);
        let found = saying(&json!([{"role": "user", "content": parts}]));
        refused(found, Some("messages[0].content[1].type"), &[word, "'text'"]);
    }
}

#[test]
fn an_answer_in_audio_cannot_be_referred_to() {
    let audio = json!([{"role": "assistant", "content": "x", "audio": {"id": "a"}}]);
    refused(saying(&audio), Some("messages[0].audio"), &["audio is not supported"]);
}

#[test]
fn wrong_messages_are_told_with_their_place() {
    let user = json!({"role": "user", "content": "x"});
    let third = |message: Value| saying(&json!([user, user, message]));
    refused(third(json!({"role": "user", "content": 5})), Some("messages[2].content"), &["a number"]);
    refused(third(json!({"role": "user"})), Some("messages[2].content"), &["missing"]);
    refused(third(json!({"role": "user", "content": null})), Some("messages[2].content"), &["missing"]);
    refused(third(json!({"role": "user", "content": []})), Some("messages[2].content"), &["empty"]);
    refused(third(json!({"role": "user", "content": ["x"]})), Some("messages[2].content[0]"), &["a text"]);
    let part = json!({"role": "user", "content": [{"type": "text"}]});
    refused(third(part), Some("messages[2].content[0].text"), &["missing"]);
    let part = json!({"role": "user", "content": [{"text": "x"}]});
    refused(third(part), Some("messages[2].content[0].type"), &["missing"]);
    refused(third(json!({"content": "x"})), Some("messages[2].role"), &["missing", "'user'"]);
    refused(third(json!({"role": 1, "content": "x"})), Some("messages[2].role"), &["a number"]);
    refused(third(json!({"role": "boss", "content": "x"})), Some("messages[2].role"), &["boss", "'user'"]);
    refused(third(json!("x")), Some("messages[2]"), &["an object", "a text"]);
}

#[test]
fn what_must_be_there_is_asked_for() {
    refused(read(&json!({"messages": []})), Some("model"), &["missing", "/v1/models"]);
    refused(read(&json!({"model": "m"})), Some("messages"), &["missing"]);
    refused(saying(&json!([])), Some("messages"), &["empty", "at least one"]);
    refused(saying(&json!({})), Some("messages"), &["a list", "an object"]);
}

#[test]
fn a_model_has_a_name_of_1_to_256_characters() {
    for name in [String::new(), "x".repeat(257)] {
        refused(with(&json!({"model": name})), Some("model"), &["1 to 256"]);
    }
    assert!(with(&json!({"model": "ä".repeat(256)})).is_ok());
    refused(with(&json!({"model": 4})), Some("model"), &["a text", "a number"]);
}

#[test]
fn numbers_out_of_their_range_are_refused() {
    for (field, wrong) in [
        ("temperature", json!(2.1)),
        ("temperature", json!(-0.1)),
        ("temperature", json!("hot")),
        ("top_p", json!(1.01)),
        ("top_p", json!(-1)),
        ("max_tokens", json!(0)),
        ("max_tokens", json!(-1)),
        ("max_tokens", json!(1.5)),
        ("max_tokens", json!(5_000_000_000_u64)),
        ("max_tokens", json!(true)),
        ("max_completion_tokens", json!(0)),
        ("seed", json!(1.5)),
        ("seed", json!("x")),
        ("stream", json!("yes")),
        ("stream_options", json!(true)),
    ] {
        refused(with(&json!({field: wrong})), Some(field), &[field, "must be"]);
    }
}

#[test]
fn any_seed_of_64_bits_is_read() {
    let seed = |seed: Value| with(&json!({"seed": seed})).unwrap().seed;
    assert_eq!(seed(json!(0)), Some(0));
    assert_eq!(seed(json!(-1)), Some(u64::MAX));
    assert_eq!(seed(json!(i64::MIN)), Some(1 << 63));
    assert_eq!(seed(json!(u64::MAX)), Some(u64::MAX));
}

#[test]
fn an_answer_may_stop_at_one_to_four_texts() {
    let stop = |stop: Value| with(&json!({"stop": stop}));
    assert_eq!(stop(json!("\n")).unwrap().stop, ["\n"]);
    assert_eq!(stop(json!([])).unwrap().stop, [""; 0]);
    assert_eq!(stop(json!(["a", "b", "c", "d"])).unwrap().stop.len(), 4);
    refused(stop(json!(["a", "b", "c", "d", "e"])), Some("stop"), &["5 texts", "4"]);
    refused(stop(json!("")), Some("stop"), &["1 to 1000"]);
    refused(stop(json!(["a", ""])), Some("stop[1]"), &["1 to 1000"]);
    refused(stop(json!(["a", null])), Some("stop[1]"), &["a text", "null"]);
    refused(stop(json!("x".repeat(1001))), Some("stop"), &["1 to 1000"]);
    refused(stop(json!(5)), Some("stop"), &["up to four texts"]);
}

#[test]
fn usage_at_the_end_of_a_stream_needs_a_stream() {
    let options = json!({"stream_options": {"include_usage": true}});
    refused(with(&options), Some("stream_options.include_usage"), &["'stream': true"]);
    let wrong = json!({"stream": true, "stream_options": {"include_usage": 1}});
    refused(with(&wrong), Some("stream_options.include_usage"), &["true or false", "a number"]);
    assert!(with(&json!({"stream_options": {"include_usage": false}})).is_ok());
}

#[test]
fn what_is_not_done_here_is_refused_by_name() {
    for (field, asked, word) in [
        ("functions", json!([{"name": "f"}]), "replaced by tools"),
        ("function_call", json!({"name": "f"}), "replaced by tools"),
        ("n", json!(2), "one answer"),
        ("n", json!("1"), "one answer"),
        ("presence_penalty", json!(0.5), "penalties"),
        ("frequency_penalty", json!(-1), "penalties"),
        ("logit_bias", json!({"50256": -100}), "single tokens"),
        ("logprobs", json!(true), "log probabilities"),
        ("top_logprobs", json!(3), "log probabilities"),
        ("modalities", json!(["text", "audio"]), "only text"),
        ("audio", json!({"voice": "alloy"}), "/v1/audio/speech"),
        ("web_search_options", json!({}), "the web"),
        ("moderation", json!({"model": "omni"}), "not moderated"),
    ] {
        refused(with(&json!({field: asked})), Some(field), &[field, word]);
    }
}

#[test]
fn what_asks_for_nothing_is_accepted() {
    let idle = json!({
        "tools": [], "functions": [], "tool_choice": "auto", "function_call": "none", "n": 1,
        "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "logprobs": false,
        "top_logprobs": 0, "response_format": {"type": "text"}, "modalities": ["text"]
    });
    assert_eq!(with(&idle), with(&json!({})));
}

#[test]
fn harmless_fields_are_ignored() {
    let harmless = json!({
        "user": "u", "metadata": {"a": "b"}, "store": true, "service_tier": "auto", "verbosity": "low",
        "reasoning_effort": "none", "parallel_tool_calls": true, "prediction": {"type": "content"},
        "prompt_cache_key": "k", "safety_identifier": "s", "top_k": 40, "something_new": [1, {"a": null}]
    });
    assert_eq!(with(&harmless), with(&json!({})));
}

#[test]
fn a_thousand_messages_are_the_most() {
    let messages = |count| vec![json!({"role": "user", "content": "x"}); count];
    assert_eq!(saying(&json!(messages(1000))).unwrap().messages.len(), 1000);
    refused(saying(&json!(messages(1001))), Some("messages"), &["1001", "1000", "oldest"]);
}

#[test]
fn a_million_characters_are_the_most() {
    let said =
        |count| json!([{"role": "user", "content": "ä".repeat(count)}, {"role": "user", "content": "b"}]);
    assert!(saying(&said(999_999)).is_ok());
    refused(saying(&said(1_000_000)), Some("messages"), &["1000001 characters", "1000000"]);
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let deep = "[".repeat(100_000);
    let many = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(60_000));
    for (body, word) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("hello", "line 1 column 1"),
        ("[]", "is a list"),
        ("null", "is null"),
        (r#"{"model": NaN}"#, "line 1"),
        (r#"{"model": 1e999}"#, "number out of range"),
        (r#"{"model": "a", "model": "b"}"#, "'model' is there twice"),
        (r#"{"a": {"x": 1, "x": 2}}"#, "'x' is there twice"),
        (r#"{"model": "\ud800"}"#, "line 1"),
        (r#"{"model": "m"} {}"#, "trailing"),
        (deep.as_str(), "recursion limit"),
        (many.as_str(), "50000 values"),
    ] {
        refused(ChatRequest::read(body.as_bytes()), None, &[word]);
    }
    refused(ChatRequest::read(b"{\"model\": \"\xff\"}"), None, &["line 1"]);
}
