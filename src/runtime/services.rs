//! The services of the server that a call needs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::followers::{Follower, Log};
use super::library::Library;
use super::lookup::Lookup;
use super::monitor::Monitor;
use super::provider_api::ProviderApi;
use super::records::Records;
use super::toolbox::Toolbox;
use super::transfers::Transfers;
use super::watching::Watching;
use crate::call::tap::AudioTap;
use crate::config::call::Known;
use crate::config::{Config, Line};
use crate::engine::engines::Engines;
use crate::ids::CallId;
use crate::knowledge::Knowledge;
use crate::report::{Failure, Happened};
use crate::streams::Start;
use crate::streams::dialect::Dialect;

/// A call waits no longer than this for the file of its recording.
const PATIENCE_WITH_DISKS: Duration = Duration::from_millis(300);

/// The services of the server that a call needs.
#[derive(Clone)]
pub struct Services {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The engines: speech to text, the language models, text to speech.
    pub engines: Engines,
    /// The client of the providers' APIs, if one is configured.
    pub provider_api: Option<ProviderApi>,
    /// The followers of calls, beside the log and the calls' own connections.
    pub followers: Vec<Arc<dyn Follower>>,
    /// The records, if any are kept; they are one of the followers.
    pub records: Option<Arc<Records>>,
    /// Asks for facts before a call, if anybody is asked.
    pub lookup: Option<Lookup>,
    /// What tools still do, also for calls that are over.
    pub errands: TaskTracker,
    /// The tools of the agent.
    pub toolbox: Arc<Toolbox>,
    /// What the agents know.
    pub library: Arc<Library>,
    /// Judges what the server does.
    pub monitor: Arc<Monitor>,
    /// Lets others watch running calls.
    pub watching: Arc<Watching>,
    /// The transfers that are under way.
    pub transfers: Arc<Transfers>,
    /// Cancelled when running calls must end.
    pub stop: CancellationToken,
}

impl Services {
    /// Tells the log and all followers.
    pub(super) fn tell(&self, call: &CallId, happened: &Happened) {
        Log.told(call, happened);
        self.followers.iter().for_each(|follower| follower.told(call, happened));
    }

    /// Begins the recording of a call, if calls are recorded. The disk is waited for elsewhere.
    pub(super) async fn record(&self, call: &CallId) -> Option<AudioTap> {
        let (records, id) = (self.records.clone()?, call.clone());
        let span = tracing::error_span!("call", %call);
        let begun = tokio::task::spawn_blocking(move || span.in_scope(|| records.record(&id)));
        let Ok(begun) = tokio::time::timeout(PATIENCE_WITH_DISKS, begun).await else {
            tracing::error!(%call, "the call is not recorded: the disk took too long");
            return None;
        };
        begun.ok().flatten()
    }

    /// What is known of the caller, if anybody is asked, and what went wrong. A call that brings its own
    /// system prompt is not looked up.
    pub(super) async fn look_up(
        &self,
        call: &CallId,
        start: &Start,
        dialect: Option<Dialect>,
    ) -> (Known, Option<Failure>) {
        let lookup = self.lookup.as_ref().filter(|_| start.agent.system_prompt.is_none());
        let Some(lookup) = lookup else { return (Known::default(), None) };
        lookup.ask(call, dialect.map_or("", Dialect::name), start).await
    }

    /// What its agent knows; `None` if it has no folder.
    #[must_use]
    pub fn knowledge(&self) -> Option<Arc<Knowledge>> {
        self.library.of(&self.config.agent)
    }

    /// How much audio is kept in the playback buffer of the gateway that speaks `dialect`.
    #[must_use]
    pub fn lead(&self, dialect: Option<Dialect>) -> Duration {
        self.line(dialect).and_then(|line| line.lead).unwrap_or(self.config.playback.lead)
    }

    /// The configuration of the provider that speaks `dialect`.
    pub(super) fn line(&self, dialect: Option<Dialect>) -> Option<&Line> {
        self.config.lines.taken.get(&dialect?)
    }
}
