//! The voices that are loaded: each once, whoever speaks with it. Must not know agents.

use std::sync::Arc;

use super::phrase_cache::{PhraseCache, Remembered};
use super::standby::Standby;

/// A voice, and the speed at which it speaks.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceName {
    /// Its name, such as "flite:slt".
    pub voice: String,
    /// 1 is its own pace.
    pub speed: f32,
}

/// A voice that is loaded.
#[derive(Clone)]
pub struct Voice {
    /// What it is called.
    pub name: VoiceName,
    /// It remembers what it spoke.
    pub phrases: PhraseCache,
    /// Whether another one stands in for it.
    pub standby: Option<Standby>,
}

/// All voices that are loaded.
#[derive(Clone, Default)]
pub struct Voices(Arc<[Voice]>);

impl Voices {
    /// These voices.
    #[must_use]
    pub fn new(voices: Vec<Voice>) -> Self {
        Self(voices.into())
    }

    /// The voice of the first agent.
    #[must_use]
    pub fn first(&self) -> Option<&Voice> {
        self.0.first()
    }

    /// The voice of this name at this speed, if it is loaded.
    #[must_use]
    pub fn get(&self, name: &VoiceName) -> Option<&Voice> {
        self.0.iter().find(|voice| voice.name == *name)
    }

    /// The names of all voices, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|voice| voice.name.voice.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A voice of this name, at any speed.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Voice> {
        self.0.iter().find(|voice| voice.name.voice == name)
    }

    /// How often what was spoken before came back.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let each = self.0.iter().map(|voice| voice.phrases.remembered());
        each.fold(Remembered::default(), |sum, of| Remembered {
            hits: sum.hits + of.hits,
            misses: sum.misses + of.misses,
        })
    }

    /// Whether another voice stands in for one of them.
    #[must_use]
    pub fn have_standbys(&self) -> bool {
        self.0.iter().any(|voice| voice.standby.is_some())
    }

    /// Lets the stand-ins speak, or the voices again: stand-ins need less of the machine.
    pub fn relieve(&self, relieved: bool) {
        self.0
            .iter()
            .filter_map(|voice| voice.standby.as_ref())
            .for_each(|standby| standby.relieve(relieved));
    }
}
