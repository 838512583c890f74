//! `POST /v1/audio/transcriptions`: recordings become text, cut into utterances as calls are. Must not know
//! formats of audio, and no more of the recogniser than its port.

use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::answers::{Refusal, SOON_S, failed, in_time};
use super::gate::Place;
use super::models::{RECOGNISER, check, engines, requests};
use super::sending::events;
use crate::app::App;
use crate::audio::to_i16;
use crate::config::Config;
use crate::engine::cpu_time::CpuTime;
use crate::engine::engines::Engines;
use crate::engine::ports::HearRequest;
use crate::engine::threads::aside;
use crate::engine::whisper::languages;
use crate::engine::{CancelFlag, EngineError, Transcript};
use crate::formats::{FormatError, Limits, read_while};
use crate::openai::ApiError;
use crate::openai::transcription::{self as forms, ResponseFormat, Transcription, TranscriptionRequest};
use crate::transcript::cutting::Piece;
use crate::transcript::segments::{Channel, Segment};
use crate::transcript::side::{Side, Way};
use crate::units::{WHISPER_RATE, duration_of};

/// Who did not do its work, for the client.
const WHO: &str = "the recogniser";

/// The most files in a form.
const MOST_FILES: usize = 16;

/// One recording is decoded at a time: a long one takes hundreds of megabytes meanwhile.
static DECODING: Semaphore = Semaphore::const_new(1);

/// A recording that takes longer is given up: it was made to take long, or calls leave no time.
const LONGEST_DECODING: Duration = Duration::from_secs(120);

/// A recording as it was sent.
struct Upload {
    /// Its name or its media type, for what does not say itself what it is.
    hint: Option<String>,
    bytes: Bytes,
}

/// A recording that was cut.
struct Cut {
    pieces: Vec<Piece>,
    duration_s: f64,
}

/// Transcribes.
pub(super) async fn transcribe(
    State(app): State<App>,
    Extension(place): Extension<Place>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form =
        form.map_err(|_| ApiError::unsupported_media("", "multipart/form-data, with a file in 'file'"))?;
    let (files, fields) = in_time(taken(form, &app)).await??;
    let request = TranscriptionRequest::read(fields)?;
    let engines = engines(&app)?;
    check(engines, &request.model, RECOGNISER)?;
    requests(engines)?;
    let language = language(&request, &app.config)?;
    if request.stream {
        let [file] = <[Upload; 1]>::try_from(files)
            .map_err(|_| ApiError::unsupported("stream", "one file at a time is streamed; send one"))?;
        let cut = cut(&app, file).await?;
        return Ok(events(streamed(engines.clone(), cut), place));
    }
    let patience = app.config.api.timeout;
    let all = async {
        let mut bodies = Vec::new();
        for file in files {
            let heard = heard(engines, cut(&app, file).await?, &language).await?;
            bodies.push(forms::body(&heard, &request));
        }
        Ok::<_, ApiError>(bodies)
    };
    let bodies = timeout(patience, all).await.map_err(|_| ApiError::too_busy(SOON_S))??;
    answer(bodies, &request)
}

/// One answer as it is; those to several files as a list.
fn answer(mut bodies: Vec<String>, request: &TranscriptionRequest) -> Result<Response, Refusal> {
    let media_type = request.format.media_type();
    if bodies.len() == 1 {
        return Ok(([(header::CONTENT_TYPE, media_type)], bodies.remove(0)).into_response());
    }
    match request.format {
        ResponseFormat::Json | ResponseFormat::VerboseJson => {
            let list = format!("{{\"object\":\"list\",\"data\":[{}]}}", bodies.join(","));
            Ok(([(header::CONTENT_TYPE, media_type)], list).into_response())
        }
        ResponseFormat::Text | ResponseFormat::Srt | ResponseFormat::Vtt => {
            let message = "several files are answered as json or verbose_json; ask for one of them";
            Err(ApiError::unsupported("response_format", message).into())
        }
    }
}

/// The files and the fields of a form.
async fn taken(mut form: Multipart, app: &App) -> Result<(Vec<Upload>, Vec<(String, String)>), ApiError> {
    let (mut files, mut fields) = (Vec::new(), Vec::new());
    let wrong = |error: &MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(app.config.api.max_upload as u64),
        _ => ApiError::unreadable(format!("the form cannot be read: {}", error.body_text())),
    };
    while let Some(field) = form.next_field().await.map_err(|error| wrong(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if matches!(name.as_str(), "file" | "file[]" | "files" | "files[]") {
            if files.len() == MOST_FILES {
                let message =
                    format!("the form has more than {MOST_FILES} files; send the others in another");
                return Err(ApiError::invalid("file", message));
            }
            let hint = hint(&field);
            files.push(Upload { hint, bytes: field.bytes().await.map_err(|error| wrong(&error))? });
        } else if fields.len() <= forms::MOST_FIELDS {
            fields.push((name, field.text().await.map_err(|error| wrong(&error))?));
        }
    }
    if files.is_empty() {
        return Err(ApiError::missing("file", "a recording in a field named 'file' of the form"));
    }
    Ok((files, fields))
}

/// What a file says of itself: a media type that names its rate, or else its name.
fn hint(field: &Field<'_>) -> Option<String> {
    let typed = field.content_type().filter(|media_type| media_type.starts_with("audio/pcm"));
    typed.or(field.file_name()).map(str::to_owned)
}

/// The language of the answer: that of the recogniser.
fn language(request: &TranscriptionRequest, config: &Config) -> Result<String, ApiError> {
    let own = config.stt.language.as_str();
    match request.language.as_deref() {
        Some(asked) if asked != own && own != languages::AUTO => {
            let asked = crate::openai::shown(asked);
            let message = format!("the recogniser of this server understands '{own}', and not '{asked}'");
            Err(ApiError::unsupported("language", message))
        }
        asked => Ok(languages::name_of(asked.unwrap_or(own)).unwrap_or(own).to_owned()),
    }
}

/// Decodes a recording and cuts it into utterances, on a thread that gives way to all others.
async fn cut(app: &App, file: Upload) -> Result<Cut, ApiError> {
    let alone = DECODING.acquire().await;
    let (config, leaving) = (app.config.clone(), Leaving::default());
    let (tell, told) = oneshot::channel();
    let (gone, uptime) = (leaving.0.clone(), app.uptime.clone());
    let until = uptime() + LONGEST_DECODING;
    let work = move || {
        let goes_on = || !gone.is_cancelled() && uptime() < until;
        // The client may have gone when it is done; until then, no other recording is decoded.
        let cut = cut_here(&config, &file, &goes_on);
        drop((file, alone));
        let _ = tell.send(cut);
    };
    aside("api-decoder", work).map_err(|_| ApiError::too_busy(SOON_S))?;
    told.await.map_err(|_| ApiError::server_failed("the decoder of audio failed"))?
}

fn cut_here(config: &Config, file: &Upload, goes_on: &dyn Fn() -> bool) -> Result<Cut, ApiError> {
    let most_seconds = u32::try_from(config.api.max_audio.as_secs()).unwrap_or(u32::MAX);
    let audio = read_while(&file.bytes, file.hint.as_deref(), Limits { most_seconds }, goes_on)
        .map_err(|error: FormatError| ApiError::invalid("file", error.to_string()))?;
    let mut side = Side::new(Channel::Mono, audio.rate, Way::ByVoice, config)
        .map_err(|error| ApiError::invalid("file", error.to_string()))?;
    let mut pieces = Vec::new();
    // In parts, so that silence is let go.
    for part in audio.samples.chunks(audio.rate.max(1) as usize) {
        if !goes_on() {
            return Err(ApiError::too_busy(SOON_S));
        }
        pieces.extend(side.hear(&[part.to_vec()]));
    }
    pieces.extend(side.finish());
    Ok(Cut { pieces, duration_s: duration_of(audio.samples.len(), audio.rate).as_secs_f64() })
}

/// All that is said in a recording.
async fn heard(engines: &Engines, cut: Cut, language: &str) -> Result<Transcription, ApiError> {
    let mut segments = Vec::new();
    for piece in cut.pieces {
        segments.extend(segment(engines, piece).await?);
    }
    let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    let text = texts.join(" ");
    Ok(Transcription { language: language.to_owned(), duration_s: cut.duration_s, text, segments })
}

/// The events of a recording: its utterances one after the other, then all of it.
fn streamed(engines: Engines, cut: Cut) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let begun = (engines, cut.pieces.into_iter(), String::new());
    unfold(Some(begun), |state| async {
        let (engines, mut pieces, mut text) = state?;
        loop {
            let Some(piece) = pieces.next() else { return Some((Ok(forms::done(&text).into()), None)) };
            match segment(&engines, piece).await {
                Ok(Some(segment)) => {
                    let more = if text.is_empty() { segment.text } else { format!(" {}", segment.text) };
                    text.push_str(&more);
                    let event = forms::delta(&more);
                    return Some((Ok(event.into()), Some((engines, pieces, text))));
                }
                Ok(None) => {}
                Err(error) => return Some((Ok(error.event().into()), None)),
            }
        }
    })
}

/// What is said in a piece; `None` if it has no words.
async fn segment(engines: &Engines, piece: Piece) -> Result<Option<forms::Segment>, ApiError> {
    let heard = hear(engines, &piece).await.map_err(|error| failed(WHO, &error))?;
    Ok(Segment::of(Channel::Mono, &piece, heard).map(|segment| forms::Segment {
        start_s: segment.start.as_secs_f64(),
        end_s: segment.end.as_secs_f64(),
        text: segment.text,
        avg_logprob: f64::from(segment.avg_logprob),
        no_speech: f64::from(segment.no_speech),
        words: segment.words.into_iter().map(word).collect(),
    }))
}

fn word(word: crate::transcript::segments::Word) -> forms::Word {
    forms::Word { word: word.text, start_s: word.start.as_secs_f64(), end_s: word.end.as_secs_f64() }
}

async fn hear(engines: &Engines, piece: &Piece) -> Result<Transcript, EngineError> {
    let leaving = Leaving::default();
    let (tell, told) = oneshot::channel();
    let request = HearRequest {
        samples: to_i16(&piece.samples),
        rate: WHISPER_RATE,
        partial: false,
        cancel: leaving.0.clone(),
        cpu: CpuTime::default(),
    };
    let busy = |_| EngineError::Cancelled;
    let ears = engines.requests.as_ref().ok_or(EngineError::Cancelled)?;
    ears.hear.hear(request, Box::new(|outcome| _ = tell.send(outcome))).map_err(busy)?;
    told.await.unwrap_or(Err(EngineError::Cancelled))
}

/// Cancels a job whose client has gone.
#[derive(Default)]
struct Leaving(CancelFlag);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
