//! Handles to all engines, each behind its port; cheap to clone. Their threads end when the last handle is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::ladder::Ladder;
use super::ports::{Hear, Speak};
use super::{NoRoom, Room};
use crate::dialogue::CountTokens;
use crate::report::CoreUse;

/// Listening, thinking and speaking, for everybody who asks.
#[derive(Clone)]
pub struct Engines {
    /// Speech to text.
    pub hear: Arc<dyn Hear>,
    /// The language models, of which one is in use.
    pub models: Ladder,
    /// Text to speech.
    pub speak: Arc<dyn Speak>,
    /// What they share.
    pub cores: Cores,
    /// Counts tokens as the language model does.
    pub count: CountTokens,
}

impl Engines {
    /// True if every language model has memory for one session more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.models.all().all(|model| model.rooms().has_room())
    }

    /// The memory that one session more needs, of every language model that may answer it.
    ///
    /// # Errors
    /// If one of them has none left.
    pub fn admit(&self) -> Result<Vec<Room>, NoRoom> {
        self.models.all().map(|model| model.rooms().admit()).collect()
    }

    /// What each kind of work has waited for cores and held them, since the start.
    #[must_use]
    pub fn meters(&self) -> BTreeMap<Work, CoreUse> {
        self.cores.meters()
    }

    /// The time that a [`BufferedPlayback`](super::buffered_playback::BufferedPlayback) is told in.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cores.now()
    }

    /// Lets the language models forget a session.
    pub fn end_session(&self, session: &str) {
        self.models.all().for_each(|model| model.end_session(session));
    }
}
