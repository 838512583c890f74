//! `POST /v1/audio/speech`: a voice speaks a text, and is sent as it speaks. Must not know voices or formats
//! of audio.

use std::pin::Pin;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Sleep, sleep};

use super::answers::{Refusal, SOON_S, Whole, away_from_sockets, failed};
use super::gate::Place;
use super::models::{VOICE, check, engines, requests};
use super::sending::{events, stream};
use crate::app::App;
use crate::config::Config;
use crate::engine::flite::SPEEDS;
use crate::engine::pitch::Pitch;
use crate::engine::ports::SpeakSink;
use crate::engine::requests::Script;
use crate::engine::{CancelFlag, EngineError, Speech, voice};
use crate::formats::{Encoder, Format};
use crate::language::ENGLISH;
use crate::openai::ApiError;
use crate::openai::speech::{AudioFormat, SpeechRequest, SpeechTokens, delta, done};
use crate::speakable::{spoken, written};
use crate::turns::chunker::Chunker;

/// Who did not do its work, for the client.
const WHO: &str = "the voice";

/// Stands for the voice of the configuration, and so do the names of OpenAI's voices, which clients send.
const DEFAULT: &str = "default";
const OF_OPENAI: [&str; 13] = [
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
    "verse",
];

/// Speaks.
pub(super) async fn speak(
    State(app): State<App>,
    Extension(place): Extension<Place>,
    Whole(body): Whole,
) -> Result<Response, Refusal> {
    let request = away_from_sockets(move || SpeechRequest::read(&body)).await?;
    let engines = engines(&app)?;
    check(engines, &request.model, VOICE)?;
    let config = app.config.clone();
    let written = request.clone();
    let script = away_from_sockets(move || script(&written, &config)).await?;
    let (sink, parts) = unbounded_channel();
    let cancel = CancelFlag::default();
    let sounds = Sounds { encoder: None, format: format(request.format), to: sink };
    requests(engines)?.speak(script, cancel.clone(), Box::new(sounds))?;
    let mut parts = Parts { coming: parts, due: Box::pin(sleep(app.config.api.timeout)), cancel };
    // An error that comes before the first sound is a status and not half a file.
    let first = parts.next().await.ok_or_else(|| failed(WHO, &EngineError::Cancelled))??;
    let tokens = SpeechTokens { input: engines.count.of(&request.input) as u64, output: 0 };
    Ok(match request.as_events {
        true => events(as_events(parts, first, tokens), place),
        false => stream(request.format.media_type(), as_file(parts, first), place),
    })
}

/// Bytes of a file, and the error after which nothing follows.
type Part = Result<Bytes, ApiError>;

/// Takes speech on the thread of the voice, where it is encoded, too: sockets have no time for that.
struct Sounds {
    /// `None` before the first sound, which tells the rate.
    encoder: Option<Encoder>,
    format: Format,
    to: UnboundedSender<Part>,
}

impl Sounds {
    fn take(&mut self, part: &Speech) -> Result<(), ApiError> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(Encoder::new(self.format, part.rate).map_err(|e| unwritten(&e))?),
        };
        let bytes = encoder.push(&part.samples).map_err(|error| unwritten(&error))?;
        self.send(Ok(bytes.into()));
        Ok(())
    }

    fn end(&mut self) -> Result<(), ApiError> {
        let Some(encoder) = self.encoder.take() else {
            return Err(ApiError::invalid("input", "the voice has no sound for this text; send words"));
        };
        self.send(Ok(encoder.finish().map_err(|error| unwritten(&error))?.into()));
        Ok(())
    }

    fn send(&self, part: Part) {
        if !part.as_ref().is_ok_and(Bytes::is_empty) {
            // The client may have gone.
            let _ = self.to.send(part);
        }
    }
}

fn unwritten(error: &crate::formats::WriteError) -> ApiError {
    ApiError::invalid("response_format", error.to_string())
}

impl SpeakSink for Sounds {
    fn part(&mut self, part: Speech) {
        if part.samples.is_empty() {
            return;
        }
        if let Err(error) = self.take(&part) {
            self.send(Err(error));
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        let ended = outcome.map_err(|error| failed(WHO, &error)).and_then(|_| self.end());
        if let Err(error) = ended {
            self.send(Err(error));
        }
    }

    fn is_closed(&self) -> bool {
        self.to.is_closed()
    }
}

/// What comes of the voice. It is at most what it makes of the longest text. Dropping it ends the work.
struct Parts {
    coming: UnboundedReceiver<Part>,
    /// Ends when there is no more time.
    due: Pin<Box<Sleep>>,
    cancel: CancelFlag,
}

impl Parts {
    async fn next(&mut self) -> Option<Part> {
        tokio::select! {
            part = self.coming.recv() => part,
            () = &mut self.due => Some(Err(ApiError::too_busy(SOON_S))),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// A file. A client sees that it broke off by the end of the connection.
fn as_file(parts: Parts, first: Bytes) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    unfold(Some((parts, Some(first))), |state| async {
        let (mut parts, first) = state?;
        match first {
            Some(first) => Some((Ok(first), Some((parts, None)))),
            None => match parts.next().await? {
                Ok(bytes) => Some((Ok(bytes), Some((parts, None)))),
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            },
        }
    })
}

/// The same as events.
fn as_events(
    parts: Parts,
    first: Bytes,
    tokens: SpeechTokens,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    unfold(Some((parts, Some(first))), move |state| async move {
        let (mut parts, first) = state?;
        let next = match first {
            Some(first) => Some(Ok(first)),
            None => parts.next().await,
        };
        let (event, goes_on) = match next {
            Some(Ok(bytes)) => (delta(&bytes), true),
            Some(Err(error)) => (error.event(), false),
            None => (done(tokens), false),
        };
        Some((Ok(Bytes::from(event)), goes_on.then_some((parts, None))))
    })
}

fn format(format: AudioFormat) -> Format {
    match format {
        AudioFormat::Mp3 => Format::Mp3,
        AudioFormat::Opus => Format::Opus,
        AudioFormat::Wav => Format::Wav,
        AudioFormat::Flac => Format::Flac,
        AudioFormat::Pcm => Format::Pcm,
    }
}

/// The text as it is spoken in calls: cleaned, sentence by sentence, with the pauses between them.
fn script(request: &SpeechRequest, config: &Config) -> Result<Script, ApiError> {
    let tts = &config.tts;
    let pieces = Chunker::new(&ENGLISH).all(&written(&request.input, &ENGLISH));
    let said = |text: &str| spoken(text, &ENGLISH.speech, &tts.pronounce).text;
    let texts: Vec<(String, Duration)> =
        pieces.iter().map(|piece| (said(&piece.text), piece.pause)).collect();
    let voice = voice_named(&request.voice, config)?;
    let own = if voice == tts.voice { tts.speed } else { 1.0 };
    let speed = (own * request.speed as f32).clamp(*SPEEDS.start(), *SPEEDS.end());
    let pitch = Pitch::by(request.pitch as f32);
    // A higher voice has to speak slower than it is heard, and a lower one faster.
    if !SPEEDS.contains(&pitch.speed_for(speed)) {
        return Err(ApiError::invalid("pitch", too_far(speed, request.pitch)));
    }
    Ok(Script { texts, voice, speed, pitch })
}

/// The voice that a request names. Files that the configuration does not name are nobody's business.
fn voice_named(asked: &str, config: &Config) -> Result<String, ApiError> {
    let mut known: Vec<&str> = config.agents.values().map(|agent| agent.tts.voice.as_str()).collect();
    known.push(voice::BUILT_IN);
    if asked == DEFAULT || OF_OPENAI.contains(&asked) {
        return Ok(config.tts.voice.clone());
    }
    known.iter().find(|name| **name == asked).map(|name| (*name).to_owned()).ok_or_else(|| {
        let asked = crate::openai::shown(asked);
        let message = format!("there is no voice '{asked}'; choose {DEFAULT} or {}", voice::BUILT_IN);
        ApiError::invalid("voice", message)
    })
}

fn too_far(speed: f32, semitones: f64) -> String {
    let (slowest, fastest) = (SPEEDS.start(), SPEEDS.end());
    format!(
        "a pitch of {semitones} at {speed} times the voice's pace is more than the voice can do: speed / 2^(pitch / \
         12) must be from {slowest} to {fastest}; send a smaller pitch, or a 'speed' nearer to 1"
    )
}
