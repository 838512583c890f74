//! What the new party of a transfer hears before it is connected, spoken by the server's own voice: a WAV
//! file as telephone networks take it. Calls come first. Must not know who fetches it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::audio::resample::resample_i16;
use crate::audio::wav;
use crate::config::Tts;
use crate::engine::engines::Engines;
use crate::engine::pitch::Pitch;
use crate::engine::ports::SpeakSink;
use crate::engine::requests::Script;
use crate::engine::{CancelFlag, EngineError, Speech};
use crate::language::ENGLISH;
use crate::speakable::{spoken, written};
use crate::streams::transfer::LONGEST_BRIEFING;
use crate::turns::chunker::Chunker;
use crate::units::PHONE_RATE;

/// The most characters of a briefing.
pub const LONGEST: usize = LONGEST_BRIEFING;

/// The most audio of a briefing, in seconds.
const MOST_SECONDS: usize = 90;

/// Samples of silence before the first word, 400 ms: people put the telephone to their ear.
const BEFORE: usize = PHONE_RATE as usize * 2 / 5;

/// A caller waits no longer than this for the voice.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no briefing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBriefing {
    /// The text is too long.
    #[error("a briefing of {0} characters: up to {LONGEST} are spoken")]
    TooLong(usize),
    /// There is no voice for it.
    #[error("this server has no voice for a briefing (--scripted)")]
    NoVoice,
    /// The voice has too much to do.
    #[error("the voice is busy: transfer without a briefing, or ask again in a moment")]
    Busy,
    /// The voice failed.
    #[error("the voice could not speak the briefing: {0}")]
    Failed(String),
}

/// Speaks `text`.
pub(super) async fn speak(engines: &Engines, tts: &Tts, text: &str) -> Result<Arc<[u8]>, NoBriefing> {
    let requests = engines.requests.as_ref().ok_or(NoBriefing::NoVoice)?;
    let (to, made) = oneshot::channel();
    let cancel = CancelFlag::default();
    let sink = Box::new(Sounds { speech: Speech::default(), to: Some(to) });
    requests.speak(script(text, tts), cancel.clone(), sink).map_err(|_| NoBriefing::Busy)?;
    match timeout(PATIENCE, made).await {
        Ok(made) => made.unwrap_or_else(|_| Err(NoBriefing::Failed("it broke off".to_owned()))),
        Err(_) => {
            cancel.cancel();
            Err(NoBriefing::Busy)
        }
    }
}

/// The text as it is spoken in calls.
fn script(text: &str, tts: &Tts) -> Script {
    let pieces = Chunker::new(&ENGLISH).all(&written(text, &ENGLISH));
    let said = |text: &str| spoken(text, &ENGLISH.speech, &tts.pronounce).text;
    Script {
        texts: pieces.iter().map(|piece| (said(&piece.text), piece.pause)).collect(),
        voice: tts.voice.clone(),
        speed: tts.speed,
        pitch: Pitch::by(0.0),
    }
}

/// Collects the speech, and makes the file on the thread of the voice: sockets have no time for that.
struct Sounds {
    speech: Speech,
    to: Option<oneshot::Sender<Result<Arc<[u8]>, NoBriefing>>>,
}

impl Sounds {
    fn file(&self) -> Result<Arc<[u8]>, NoBriefing> {
        let failed = |error: &dyn std::fmt::Display| NoBriefing::Failed(error.to_string());
        let Speech { samples, rate, .. } = &self.speech;
        if samples.is_empty() {
            return Err(NoBriefing::Failed("it has no sound for this text".to_owned()));
        }
        if samples.len() > MOST_SECONDS * *rate as usize {
            return Err(NoBriefing::Failed(format!("it takes more than {MOST_SECONDS} s")));
        }
        let voice = resample_i16(samples, *rate, PHONE_RATE).map_err(|error| failed(&error))?;
        let mut whole = vec![0; BEFORE];
        whole.extend(voice);
        wav::encode(PHONE_RATE, &[&whole]).map(Arc::from).map_err(|error| failed(&error))
    }
}

impl SpeakSink for Sounds {
    fn part(&mut self, part: Speech) {
        // What is too long is refused at the end; it is not kept for that.
        if self.speech.samples.len() <= MOST_SECONDS * part.rate as usize {
            self.speech.append(part);
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        let made = match outcome {
            Ok(last) => {
                self.part(last);
                self.file()
            }
            Err(error) => Err(NoBriefing::Failed(error.to_string())),
        };
        if let Some(to) = self.to.take() {
            let _ = to.send(made);
        }
    }

    fn is_closed(&self) -> bool {
        self.to.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(parts: Vec<Speech>, last: Result<Speech, EngineError>) -> Result<Arc<[u8]>, NoBriefing> {
        let (to, mut made) = oneshot::channel();
        let mut sounds = Sounds { speech: Speech::default(), to: Some(to) };
        parts.into_iter().for_each(|part| sounds.part(part));
        sounds.done(last);
        made.try_recv().unwrap()
    }

    fn speech(samples: usize) -> Speech {
        Speech { samples: vec![1000; samples], rate: 16_000, words: Vec::new() }
    }

    #[test]
    fn a_briefing_is_a_file_that_every_telephone_network_plays() {
        let file = made(vec![speech(8000)], Ok(speech(8000))).unwrap();
        let clip = wav::read(&*file, "a briefing").unwrap();
        assert_eq!(clip.rate, 8000);
        // A second of speech behind the silence.
        assert!((11_000..11_500).contains(&clip.samples.len()), "{}", clip.samples.len());
        assert!(clip.samples[..3000].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_voice_that_fails_or_never_ends_makes_no_briefing() {
        assert!(matches!(made(vec![], Err(EngineError::Cancelled)), Err(NoBriefing::Failed(_))));
        assert!(matches!(made(vec![], Ok(Speech::default())), Err(NoBriefing::Failed(_))));
        let endless = std::iter::repeat_with(|| speech(16_000)).take(100).collect();
        let refused = made(endless, Ok(Speech::default()));
        assert!(matches!(&refused, Err(NoBriefing::Failed(why)) if why.contains("90 s")), "{refused:?}");
    }
}
