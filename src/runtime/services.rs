//! What a call needs of the house.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::followers::{Follower, Log};
use super::provider_api::ProviderApi;
use crate::config::{Config, Line};
use crate::engine::engines::Engines;
use crate::ids::CallId;
use crate::report::Happened;
use crate::streams::dialect::Dialect;

/// What a call needs of the house.
#[derive(Clone)]
pub struct Services {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Listening, thinking, speaking.
    pub engines: Engines,
    /// The way to the lines' own APIs, if one is to be asked.
    pub provider_api: Option<ProviderApi>,
    /// Who is told what happens to calls, beside the log and their own lines.
    pub followers: Vec<Arc<dyn Follower>>,
    /// Cancelled when running calls must end.
    pub stop: CancellationToken,
}

impl Services {
    /// Tells everybody who follows calls.
    pub(super) fn tell(&self, call: &CallId, happened: &Happened) {
        Log.told(call, happened);
        self.followers.iter().for_each(|follower| follower.told(call, happened));
    }

    /// How much audio may lie ready in the buffer of a line that speaks `dialect`.
    #[must_use]
    pub fn lead(&self, dialect: Option<Dialect>) -> Duration {
        self.line(dialect).and_then(|line| line.lead).unwrap_or(self.config.playback.lead)
    }

    /// The section of a line that speaks `dialect`.
    pub(super) fn line(&self, dialect: Option<Dialect>) -> Option<&Line> {
        self.config.lines.taken.get(&dialect?)
    }
}
