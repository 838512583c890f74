//! Answers that are sent as they are made, to clients that read them, while the server runs. Must not know
//! what is in them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};
use tokio::task::JoinHandle;

use super::answers::SOON_S;
use super::gate::Place;
use crate::openai::{ApiError, EVENT_STREAM};

/// How long a client may leave a part of its answer unread.
const UNREAD: Duration = Duration::from_secs(20);

/// Bytes that are sent as they are made, to a client that keeps its place as long as it reads. If the server
/// is stopped, the connection breaks: a file has no other way to say that it is not whole.
pub(super) fn stream(media_type: &'static str, parts: impl Parts, place: Place) -> Response {
    let breaks = || Err(std::io::Error::other("the server is being stopped"));
    respond(media_type, until_stopped(parts, place.clone(), breaks), place)
}

fn respond(media_type: &'static str, parts: impl Parts, place: Place) -> Response {
    let body = Body::from_stream(Watched { parts: Box::pin(parts), place, unread: None });
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

/// These parts, or those that come until the server is stopped, and then the `last` one.
fn until_stopped(
    parts: impl Parts,
    place: Place,
    last: impl FnOnce() -> Result<Bytes, std::io::Error> + Send + 'static,
) -> impl Parts {
    unfold(Some((Box::pin(parts), place, last)), |state| async move {
        let (mut parts, place, last) = state?;
        tokio::select! {
            biased;
            part = parts.next() => part.map(|part| (part, Some((parts, place, last)))),
            () = place.stopped() => Some((last(), None)),
        }
    })
}

/// Events that are sent as they are made. If the server is stopped, an error is the last one. Proxies must
/// not keep them back.
pub(super) fn events(parts: impl Parts, place: Place) -> Response {
    const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
    let last = || Ok(Bytes::from(ApiError::stopping(SOON_S).event()));
    let mut response = respond(EVENT_STREAM, until_stopped(parts, place.clone(), last), place);
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
