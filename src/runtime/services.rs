//! What a call needs of the house.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::carrier::Carrier;
use super::reporter::Reporter;
use crate::config::{Config, Line};
use crate::engine::engines::Engines;
use crate::streams::dialect::Dialect;

/// What a call needs of the house.
#[derive(Clone)]
pub struct Services {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Listening, thinking, speaking.
    pub engines: Engines,
    /// The way to the lines' own APIs, if one is to be asked.
    pub carrier: Option<Carrier>,
    /// Where it is told how turns and calls went, beside their own lines.
    pub reporter: Option<Reporter>,
    /// Cancelled when running calls must end.
    pub stop: CancellationToken,
}

impl Services {
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
