//! What refusals say.

use offhook_openai::ApiError;
use offhook_openai::error::Kind;

use super::well_formed;

/// One of each kind.
pub(super) fn all() -> Vec<ApiError> {
    vec![
        ApiError::invalid("temperature", "'temperature' must be a number from 0 to 2, not 3"),
        ApiError::missing("messages", "a list of messages"),
        ApiError::unsupported("tools", "'tools': tools are not supported; leave it out"),
        ApiError::unreadable("the body cannot be read"),
        ApiError::unknown_model("gpt-4o", ["front-desk", "whisper-tiny.en"]),
        ApiError::not_authenticated(false),
        ApiError::not_authenticated(true),
        ApiError::rate_limited("60 requests a minute", 7),
        ApiError::too_busy(2),
        ApiError::too_large(26_214_400),
        ApiError::context_too_long(5000, 256, 4096),
        ApiError::unsupported_media("text/plain", "application/json"),
        ApiError::method_not_allowed("DELETE", "GET"),
        ApiError::not_found("/v1/embeddings"),
        ApiError::server_failed("the voice failed"),
    ]
}

#[test]
fn every_refusal_has_the_form_of_the_api_a_status_and_a_sentence() {
    let statuses = all().iter().map(|error| error.status).collect::<Vec<_>>();
    assert_eq!(statuses, [400, 400, 400, 400, 404, 401, 401, 429, 503, 413, 400, 415, 405, 404, 500]);
    for error in all() {
        well_formed(&error);
        let server = error.status >= 500;
        assert_eq!(error.kind == Kind::Server, server, "{error:?}");
    }
}

#[test]
fn programs_tell_refusals_apart_by_code_and_param() {
    let told = |error: ApiError| (error.code, error.param);
    let model = ApiError::unknown_model("x", ["y"]);
    assert_eq!(told(model), (Some("model_not_found"), Some("model".to_owned())));
    let context = ApiError::context_too_long(5000, 256, 4096);
    assert_eq!(told(context), (Some("context_length_exceeded"), Some("messages".to_owned())));
    assert_eq!(told(ApiError::not_authenticated(true)), (Some("invalid_api_key"), None));
    assert_eq!(told(ApiError::rate_limited("a", 1)), (Some("rate_limit_exceeded"), None));
}

#[test]
fn who_must_wait_is_told_how_long() {
    let limited = ApiError::rate_limited("60 requests a minute", 7);
    assert_eq!(limited.retry_after_s, Some(7));
    assert!(limited.message.contains("60 requests a minute") && limited.message.contains("7 s"));
    let busy = ApiError::too_busy(2);
    assert_eq!(busy.retry_after_s, Some(2));
    assert!(busy.message.contains("2 s"));
}

#[test]
fn an_unknown_model_is_answered_with_those_that_are_served() {
    let error = ApiError::unknown_model("gpt-4o", ["front-desk", "whisper"]);
    assert_eq!(
        error.message,
        "the model 'gpt-4o' is not served here; choose one of GET /v1/models: front-desk, whisper"
    );
    assert!(ApiError::unknown_model("a", []).message.ends_with("there are none"));
    let many: Vec<String> = (0..50).map(|i| format!("m{i}")).collect();
    let error = ApiError::unknown_model("a", many.iter().map(String::as_str));
    assert!(error.message.ends_with("m19, …"), "{}", error.message);
}

#[test]
fn a_clients_text_is_short_and_on_one_line_in_every_message() {
    let long = format!("evil\r\n\u{1b}[31m{}", "x".repeat(5000));
    let errors = [
        ApiError::unknown_model(&long, []),
        ApiError::unsupported_media(&long, "application/json"),
        ApiError::method_not_allowed(&long, "GET"),
        ApiError::not_found(&long),
    ];
    for error in errors {
        well_formed(&error);
        assert!(error.message.contains("evil") && error.message.contains('…'), "{}", error.message);
    }
}

#[test]
fn a_missing_content_type_is_told_as_such() {
    let error = ApiError::unsupported_media("", "multipart/form-data");
    assert!(error.message.contains("says nothing; send the body as multipart/form-data"));
}

#[test]
fn an_error_displays_as_its_message() {
    assert_eq!(ApiError::not_found("/x").to_string(), ApiError::not_found("/x").message);
}
