//! Answers to questions that are likely to come: what is learnt at the start, and from where. Must not know
//! how they are prepared.

use std::sync::Arc;

use super::App;
use super::start_error::StartError;
use crate::answers::Patterns;
use crate::config::Config;
use crate::records::{Said, Store};
use crate::runtime::foresight::Foresight;

/// So many turns of the past are read: some days of a busy line.
const MOST_TURNS: u32 = 20_000;

/// Prepares answers, if the configuration wants it.
///
/// # Errors
/// Never: a test reads the patterns.
pub fn foresight(config: &Config) -> Result<Option<Arc<Foresight>>, StartError> {
    Ok(Foresight::wanted(config, Patterns::english()?))
}

impl App {
    /// Prepares answers for ever, to what callers have asked by the records and by what they ask now. The
    /// engines are ready.
    pub async fn foresee(self, foresight: Arc<Foresight>) {
        if let Some(file) = self.config.records.file.clone() {
            let read = move || -> anyhow::Result<Vec<Said>> { Ok(Store::open(&file)?.said(MOST_TURNS)?) };
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(said)) => foresight.learn(said),
                Ok(Err(error)) => tracing::warn!(%error, "nothing was learnt from the records"),
                // The server is being stopped.
                Err(_) => return,
            }
        }
        foresight.work(move || self.serving()).await;
    }
}
