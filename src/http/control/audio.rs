//! The recording of a call, sent as it is read. Must not know what is in it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path as FilePath;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;

use super::described::RECORDS;
use super::problems::{Problem, Refusal};
use super::records::found;
use crate::app::App;
use crate::http::listen::Connection;

/// What is read at once.
const PART: usize = 256 * 1024;

/// A recording may be long, and a network slow.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// The recording of a call: a WAV file whose left channel is the caller, and whose right one is the agent.
#[utoipa::path(
    get, path = "/records/{id}/audio", operation_id = "get_recording", tag = RECORDS,
    params(("id" = String, Path, description = "The call's name or number.")),
    responses(
        (status = 200, description = "The recording.", content(("audio/wav"))),
        (status = 404, description = "There is no such call, it has no recording, or no records are kept.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn recording(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "this call has no recording");
    let path = found(&app, id).await?.call.recording.ok_or_else(none)?;
    let opened = tokio::task::spawn_blocking(move || open(FilePath::new(&path)));
    let (file, length) = opened.await.ok().flatten().ok_or_else(none)?;
    connection.take_longer(LONGEST);
    let parts = unfold(Some((file, length)), |state| async {
        let (mut file, left) = state.filter(|(_, left)| *left > 0)?;
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; PART.min(usize::try_from(left).unwrap_or(PART))];
            file.read_exact(&mut part).map(|()| (file, part))
        });
        match read.await.map_err(std::io::Error::other).and_then(|read| read) {
            Ok((file, part)) => {
                let left = left - part.len() as u64;
                Some((Ok(Bytes::from(part)), Some((file, left))))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    let headers =
        [(header::CONTENT_TYPE, "audio/wav".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// The file and its length, if it is there.
fn open(path: &FilePath) -> Option<(File, u64)> {
    let file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    about.is_file().then_some((file, about.len()))
}
