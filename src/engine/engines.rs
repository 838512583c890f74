//! Handles to all engines, each behind its port. They are cheap to clone; the threads end when the last
//! handle is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer_cache::AnswerCache;
use super::arbiter::Work;
use super::cores::Cores;
use super::faults::Faults;
use super::grammars::Grammars;
use super::health::{EngineHealth, HealthFigures};
use super::ladder::Ladder;
use super::llm::{Guides, PoolUse};
use super::measures::Measures;
use super::ports::{Hear, Speak};
use super::requests::Requests;
use super::route::Route;
use super::voices::{VoiceName, Voices};
use super::watch::Watch;
use super::{NoRoom, Room};
use crate::dialogue::{CountTokens, Message};
use crate::report::CoreUse;

/// The engines for speech to text, language and text to speech.
#[derive(Clone)]
pub struct Engines {
    /// Speech to text.
    pub hear: Arc<dyn Hear>,
    /// The language models; one of them is in use.
    pub models: Ladder,
    /// The way of hard questions, if they have one of their own.
    pub route: Option<Arc<Route>>,
    /// The answers that are kept of each language model, by its name; none if they are not kept.
    pub answers: Arc<BTreeMap<String, Arc<AnswerCache>>>,
    /// Text to speech.
    pub speak: Arc<dyn Speak>,
    /// The cores that they share.
    pub cores: Cores,
    /// Counts tokens as the language model does.
    pub count: CountTokens,
    /// What answers can be held to, for each language model that can be, by its name.
    pub guides: Arc<BTreeMap<String, Guides>>,
    /// Makes grammars of them.
    pub grammars: Grammars,
    /// What is left out under load.
    pub measures: Measures,
    /// The voices that are loaded; `speak` is one of them.
    pub voices: Voices,
    /// The engines for what no call waits for; `None` where nobody may ask for it.
    pub requests: Option<Requests>,
    /// The health of each engine, in the order in which a turn meets them.
    pub health: Arc<[EngineHealth]>,
    /// Sees when an engine does not come back.
    pub watch: Option<Arc<Watch>>,
    /// The faults that are injected, if that is allowed.
    pub faults: Option<Faults>,
}

impl Engines {
    /// The same engines for an agent who speaks with this voice, and asks this model first. For a voice that
    /// is not loaded, the first one speaks, and for a model that is not there, the one in use is asked.
    #[must_use]
    pub fn for_agent(&self, voice: &VoiceName, model: Option<&str>) -> Self {
        let mut engines = self.clone();
        let named = || self.voices.named(&voice.voice);
        if let Some(voice) = self.voices.get(voice).or_else(named).or_else(|| self.voices.first()) {
            engines.speak = Arc::new(voice.phrases.clone());
        }
        engines.models = self.models.beginning_with(model);
        engines
    }

    /// The language models for this conversation, the one first that is to be asked.
    #[must_use]
    pub fn models_for(&self, messages: &[Message]) -> Ladder {
        self.route.as_ref().map_or_else(|| self.models.clone(), |route| route.of(&self.models, messages))
    }

    /// True if every language model has memory for another session.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.models.all().all(|model| model.rooms().has_room())
    }

    /// Reserves the memory for another session in every language model that may answer it.
    ///
    /// # Errors
    /// If one of them has none left.
    pub fn admit(&self) -> Result<Vec<Room>, NoRoom> {
        self.models.all().map(|model| model.rooms().admit()).collect()
    }

    /// The health of each engine.
    #[must_use]
    pub fn health(&self) -> Vec<HealthFigures> {
        self.health.iter().map(EngineHealth::figures).collect()
    }

    /// Where the pages of all language models' caches came from.
    #[must_use]
    pub fn pages_used(&self) -> PoolUse {
        let each = self.models.all().map(|model| model.rooms().pages_used());
        each.fold(PoolUse::default(), |sum, of| PoolUse {
            reused: sum.reused + of.reused,
            made: sum.made + of.made,
        })
    }

    /// The waiting and holding times of each kind of work, since startup.
    #[must_use]
    pub fn meters(&self) -> BTreeMap<Work, CoreUse> {
        self.cores.meters()
    }

    /// The clock of [`BufferedPlayback`](super::buffered_playback::BufferedPlayback).
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cores.now()
    }

    /// Makes the language models forget a session.
    pub fn end_session(&self, session: &str) {
        self.models.all().for_each(|model| model.end_session(session));
    }
}
