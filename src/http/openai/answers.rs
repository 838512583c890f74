//! Answers of the interface: documents, and refusals in its one form. Must not know what was asked.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::app::App;
use crate::engine::EngineError;
use crate::engine::queue::QueueFull;
use crate::openai::{ApiError, JSON};

/// When a client may try again while the server has enough to do, in seconds.
pub(super) const SOON_S: u64 = 2;

/// How long a client may take to send its request.
const UPLOAD: Duration = Duration::from_secs(120);

/// Why a request gets no answer.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<QueueFull> for Refusal {
    fn from(_: QueueFull) -> Self {
        Self(ApiError::too_busy(SOON_S))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, JSON)], error.body()).into_response();
        if let Some(seconds) = error.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a client is told of an engine that did not do its work. `who` names it: "the voice".
pub(super) fn failed(who: &str, error: &EngineError) -> ApiError {
    match error {
        EngineError::BadInput(problem) => ApiError::unreadable(problem.clone()),
        EngineError::Cancelled => ApiError::too_busy(SOON_S),
        error => {
            tracing::warn!(%error, "a request: {who} failed");
            ApiError::server_failed(&format!("{who} failed"))
        }
    }
}

/// A document.
pub(super) fn document(body: String) -> Response {
    ([(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// The whole body of a request, which is no larger than it may be.
pub(super) struct Whole(pub(super) Bytes);

impl FromRequest<App> for Whole {
    type Rejection = Refusal;

    async fn from_request(request: axum::extract::Request, app: &App) -> Result<Self, Refusal> {
        match in_time(Bytes::from_request(request, app)).await? {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) => Err(unread(app, &error).into()),
        }
    }
}

/// Reads or counts what a client sent. It may take longer than the threads of the sockets have.
pub(super) async fn away_from_sockets<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let failed = |_| ApiError::server_failed("the request could not be read");
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// What a client sends, if it sends it in time: who dawdles keeps others out.
pub(super) async fn in_time<F: Future>(body: F) -> Result<F::Output, ApiError> {
    let late = || ApiError::unreadable(format!("the body did not come within {} s", UPLOAD.as_secs()));
    timeout(UPLOAD, body).await.map_err(|_| late())
}

fn unread(app: &App, error: &BytesRejection) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::too_large(app.config.api.max_upload as u64);
    }
    ApiError::unreadable(format!("the body could not be read: {}", error.body_text()))
}
