//! What is told of a request that cannot be answered: `{"error": {"message"}}`, and what is wrong with each
//! setting, if settings are. Must not know the requests.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
    /// Only settings have any.
    mistakes: Vec<Mistake>,
}

/// Why a request has no answer, as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"error": {"message": "there is no running call of this name"}}))]
pub(super) struct Refusal {
    error: Reason,
}

/// The reason of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reason {
    /// A sentence for people. It may change with a version: programs decide by the status.
    message: String,
}

/// Why settings cannot be used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unusable {
    error: Reason,
    /// All that is wrong.
    problems: Vec<Mistake>,
}

/// A setting that cannot be used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Mistake {
    /// Its key, such as `vad.start_ms`; `file` and `TOML` for the whole file.
    pub(super) key: String,
    /// The line of the file, counted from 1, if the key is in it.
    pub(super) line: Option<usize>,
    /// What is wrong, and what is allowed.
    pub(super) message: String,
}

impl From<&config::Problem> for Mistake {
    fn from(problem: &config::Problem) -> Self {
        let config::Problem { key, value, allowed, line } = problem;
        let message =
            if value.is_empty() { allowed.clone() } else { format!("{value}: allowed is {allowed}") };
        Self { key: key.clone(), line: *line, message }
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), mistakes: Vec::new() }
    }

    /// Settings cannot be used, for at least one reason.
    pub(super) fn unusable(message: String, mistakes: Vec<Mistake>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message, mistakes }
    }

    /// Something failed here: the log has the reason, and the client has none of our paths.
    pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "{what}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{what}: the log says why"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, message, mistakes: problems } = self;
        let error = Reason { message };
        if problems.is_empty() {
            return (status, Json(Refusal { error })).into_response();
        }
        (status, Json(Unusable { error, problems })).into_response()
    }
}

/// What the routes of others say in plain text (no administrator, a query that cannot be read), in our form.
pub(super) async fn in_our_form(response: Response) -> Response {
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|value| value.starts_with("text/plain"));
    if !(response.status().is_client_error() || response.status().is_server_error()) || !is_text {
        return response;
    }
    let (parts, body) = response.into_parts();
    // These texts are ours, and short.
    let text = axum::body::to_bytes(body, 4096).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    let message = if text.is_empty() { parts.status.to_string() } else { text };
    let mut told = Problem::new(parts.status, message).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}
