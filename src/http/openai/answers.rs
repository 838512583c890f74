//! Answers of the interface: documents, streams, and refusals in its one form. Must not know what was asked.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequest;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::gate::Place;
use crate::app::App;
use crate::engine::EngineError;
use crate::engine::queue::QueueFull;
use crate::openai::{ApiError, EVENT_STREAM, JSON};

/// When a client may try again while the server has enough to do, in seconds.
pub(super) const SOON_S: u64 = 2;

/// How long a client may leave a part of its answer unread.
const UNREAD: Duration = Duration::from_secs(20);

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

/// Bytes that are sent as they are made, by a client that keeps its place as long as it reads.
pub(super) fn stream(media_type: &'static str, parts: impl Parts, place: Place) -> Response {
    let body = Body::from_stream(Watched { parts: Box::pin(parts), place, unread: None });
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

/// Events that are sent as they are made. Proxies must not keep them back.
pub(super) fn events(parts: impl Parts, place: Place) -> Response {
    const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
    let mut response = stream(EVENT_STREAM, parts, place);
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

/// Parts of an answer.
pub(super) trait Parts: Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {}

impl<S: Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static> Parts for S {}

/// An answer whose client is watched: who does not take a part is cut off.
struct Watched {
    parts: Pin<Box<dyn Parts>>,
    place: Place,
    /// Ends the connection if the next part is not asked for in time.
    unread: Option<AbortOnDrop>,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.unread = None;
        let part = self.parts.as_mut().poll_next(context);
        if matches!(part, Poll::Ready(Some(_))) {
            let place = self.place.clone();
            self.unread = Some(AbortOnDrop(tokio::spawn(async move {
                tokio::time::sleep(UNREAD).await;
                tracing::debug!("a client does not read its answer: its connection is closed");
                place.cut();
            })));
        }
        part
    }
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
