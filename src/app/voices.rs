//! Starts the voices of all agents: each remembers its speech, and the built-in one stands in for the others.
//! Must not know calls.

use std::sync::Arc;

use super::start_error::StartError;
use super::wards::Wards;
use crate::config::{Config, Persona};
use crate::engine::cores::Cores;
use crate::engine::guarded;
use crate::engine::phrase_cache::PhraseCache;
use crate::engine::ports::Speak;
use crate::engine::standby::Standby;
use crate::engine::voice::{self, OpenError};
use crate::engine::voices::{Voice, VoiceName, Voices};
use crate::engine::watch::Heartbeat;
use crate::engine::{CancelFlag, EngineError, Synthesizer, synthesizing};
use crate::language::ENGLISH;

/// A voice that is loaded.
pub(super) type Loaded = (VoiceName, Box<dyn Synthesizer>);

/// The voice of an agent.
#[must_use]
fn voice_of(persona: &Persona) -> VoiceName {
    VoiceName { voice: persona.tts.voice.clone(), speed: persona.tts.speed }
}

/// Loads the voices of all agents, each once, that of `[agent]` first, and warms them up.
///
/// # Errors
/// If one of them is missing, or does not work.
pub(super) fn load(config: &Config) -> Result<Vec<Loaded>, StartError> {
    let mut loaded: Vec<Loaded> = Vec::new();
    for persona in std::iter::once(&config.persona()).chain(config.agents.values()) {
        let name = voice_of(persona);
        if loaded.iter().all(|(known, _)| *known != name) {
            let mut voice = voice::open(&name.voice, name.speed).map_err(|error| match error {
                OpenError::File(error) => StartError::Load(error),
                OpenError::Voice(error) => StartError::Broken("the voice", error),
            })?;
            let warm = voice.synthesize("Hello.", &CancelFlag::default());
            warm.map_err(|error| StartError::Broken("the voice", error))?;
            loaded.push((name, voice));
        }
    }
    Ok(loaded)
}

/// Starts voices, which remember their speech. If they are not the built-in one, that one stands in for them.
/// Returns the first one, too.
///
/// # Errors
/// If the built-in voice does not start, or the operating system gives no thread.
pub(super) fn start(
    config: &Config,
    loaded: Vec<Loaded>,
    cores: &Cores,
    wards: &mut Wards,
    counted: impl Fn(Arc<dyn Speak>) -> Arc<dyn Speak>,
) -> Result<(Arc<dyn Speak>, Voices), StartError> {
    let mut stand_in: Option<Arc<dyn Speak>> = None;
    let mut voices: Vec<Voice> = Vec::new();
    for (name, synthesizer) in loaded {
        let engine = match (voices.is_empty(), name.speed) {
            (true, _) => "tts".to_owned(),
            (false, speed) if (speed - 1.0).abs() < f32::EPSILON => format!("tts:{}", name.voice),
            (false, speed) => format!("tts:{}@{speed}", name.voice),
        };
        let heartbeat = Arc::<Heartbeat>::default();
        let speak = counted(synthesizing::start_watched(&engine, synthesizer, cores, heartbeat.clone())?);
        let health = wards.admit(&engine, vec![heartbeat]);
        if voice::is_built_in(&name.voice) {
            let phrases = PhraseCache::around(speak, |voice| guarded::speak(voice, health));
            voices.push(Voice { name, phrases, standby: None });
            continue;
        }
        let spare = match &stand_in {
            Some(spare) => spare.clone(),
            None => {
                let built_in = built_in(config.tts.speed)?;
                let spare = synthesizing::start_watched("tts-spare", built_in, cores, Arc::default())?;
                stand_in.insert(counted(spare)).clone()
            }
        };
        // What the other voice spoke is not kept: it speaks for a while only.
        let mut standby = None;
        let phrases = PhraseCache::around(speak, |voice| {
            let voice = Standby::new(&name.voice, voice, health, spare);
            standby = Some(voice.clone());
            Arc::new(voice)
        });
        voices.push(Voice { name, phrases, standby });
    }
    let first = voices.first().map(|voice| Arc::new(voice.phrases.clone()) as Arc<dyn Speak>);
    let none = || StartError::Broken("the voice", EngineError::Failed("there is none".to_owned()));
    let voices = Voices::new(voices);
    prepare(config, &voices);
    Ok((first.ok_or_else(none)?, voices))
}

/// The built-in voice.
///
/// # Errors
/// If it does not start.
pub(super) fn built_in(speed: f32) -> Result<Box<dyn Synthesizer>, StartError> {
    voice::open(voice::BUILT_IN, speed)
        .map_err(|error| StartError::Broken("the built-in voice", EngineError::Failed(error.to_string())))
}

/// Prepares the phrases of all agents before calls want them.
pub(super) fn prepare(config: &Config, voices: &Voices) {
    for persona in std::iter::once(&config.persona()).chain(config.agents.values()) {
        let Some(voice) = voices.get(&voice_of(persona)) else { continue };
        for chunk in persona.agent.phrases.chunks(&ENGLISH, &persona.tts.pronounce) {
            if let Err(error) = voice.phrases.prepare(&chunk) {
                tracing::warn!(
                    %error, "not all phrases were prepared: the others are spoken when they are wanted"
                );
                return;
            }
        }
    }
}
