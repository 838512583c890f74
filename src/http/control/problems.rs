//! What is told of a request that cannot be answered: `{"error": {"message"}}`. Must not know the requests.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// Something failed here: the log has the reason, and the client has none of our paths.
    pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "{what}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{what}: the log says why"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, message } = self;
        (status, Json(json!({"error": {"message": message}}))).into_response()
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
