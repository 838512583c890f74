//! Answers that are sent as they are made, to clients that read them. Must not know what is in them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use tokio::task::JoinHandle;

use super::gate::Place;
use crate::openai::EVENT_STREAM;

/// How long a client may leave a part of its answer unread.
const UNREAD: Duration = Duration::from_secs(20);

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
