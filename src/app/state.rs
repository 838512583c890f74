//! The state of the application, which all requests and signals share. Must not know how clients connect.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certificates::Certificates;
use super::config_file::ConfigFile;
use super::login::Login;
use super::settings::Settings;
use super::trials::Trials;
use crate::access::ReplayGuard;
use crate::config::Config;
use crate::engine::engines::Engines;
use crate::engine::llm::free_memory;
use crate::quality::ladder::Move;
use crate::runtime::admission::Admission;
use crate::runtime::after_call::AfterCalls;
use crate::runtime::clock::{Uptime, since_1970, uptime};
use crate::runtime::followers::Follower;
use crate::runtime::library::Library;
use crate::runtime::lookup::Lookup;
use crate::runtime::monitor::{LOOK, Monitor, Seen};
use crate::runtime::process;
use crate::runtime::provider_api::ProviderApi;
use crate::runtime::records::Records;
use crate::runtime::registry::{Refused, Registry};
use crate::runtime::services::Services;
use crate::runtime::toolbox::Toolbox;
use crate::runtime::transfers::Transfers;
use crate::runtime::watching::Watching;
use crate::runtime::webhooks::Webhooks;
use crate::telemetry::latencies::{Figures, Latencies};
use crate::telemetry::logging;
use crate::telemetry::metrics::{EngineMetrics, Metrics};
use crate::telemetry::refusals::{Kind, Refusals, Sum};

/// How often the sums of refusals are collected.
const SUMS: Duration = Duration::from_secs(5);

/// The state that all requests share.
#[derive(Clone)]
pub struct App {
    /// The configuration with which the server started.
    pub(crate) config: Arc<Config>,
    pub(crate) settings: Arc<Settings>,
    /// The certificate, if the server has one of its own.
    pub(crate) certificates: Option<Certificates>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) admission: Arc<Admission>,
    /// The single-use credentials that have been used.
    pub(crate) seen: Arc<Mutex<ReplayGuard>>,
    /// The login of administrators with a password, if there is one.
    pub(crate) login: Option<Arc<Login>>,
    /// Changes of the agent that wait for the call in which they are tried.
    pub(crate) trials: Arc<Trials>,
    pub(crate) services: Arc<OnceLock<Services>>,
    /// When the server started, since 1970.
    pub(crate) started: Duration,
    /// The monotonic clock.
    pub(crate) uptime: Uptime,
    pub(crate) refusals: Arc<Mutex<Refusals>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) latencies: Arc<Latencies>,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) watching: Arc<Watching>,
    pub(crate) transfers: Arc<Transfers>,
    pub(crate) followers: Vec<Arc<dyn Follower>>,
    pub(crate) records: Option<Arc<Records>>,
    pub(crate) webhooks: Option<Arc<Webhooks>>,
    pub(crate) lookup: Option<Lookup>,
    pub(crate) after_calls: Option<Arc<AfterCalls>>,
    pub(crate) toolbox: Arc<Toolbox>,
    /// What tools still do, also for calls that are over.
    pub(crate) errands: TaskTracker,
    /// Places for requests of programs.
    pub(crate) requests: Arc<Semaphore>,
    /// Cancelled when running calls and requests are ended.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// An application that takes no calls until [`Self::ready`]. `refuses` lets it refuse calls when answers
    /// would become too slow.
    #[must_use]
    pub fn new(config: Arc<Config>, refuses: bool) -> Self {
        let server = &config.server;
        let (uptime, metrics) = (uptime(), Arc::<Metrics>::default());
        let latencies = Arc::new(Latencies::new(uptime.clone()));
        let monitor = Arc::new(Monitor::new(config.clone(), uptime.clone(), refuses));
        let login = config.password.clone().map(|hash| Arc::new(Login::new(hash, uptime.clone())));
        Self {
            registry: Arc::new(Registry::new(server.max_calls)),
            admission: Arc::new(Admission::new(server.max_waiting, server.max_calls_per_peer)),
            settings: Arc::new(Settings::new(config.clone(), ConfigFile::new(None), Library::default())),
            certificates: None,
            transfers: Arc::new(Transfers::new(uptime.clone())),
            requests: Arc::new(Semaphore::new(config.api.at_once)),
            config,
            seen: Arc::default(),
            login,
            trials: Arc::new(Trials::new(uptime.clone())),
            services: Arc::default(),
            started: since_1970(),
            uptime,
            refusals: Arc::default(),
            followers: vec![Arc::new(metrics.calls.clone()), latencies.clone(), monitor.clone()],
            metrics,
            latencies,
            monitor,
            watching: Arc::default(),
            records: None,
            webhooks: None,
            lookup: None,
            after_calls: None,
            toolbox: Arc::default(),
            errands: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Names the file from which the configuration came, and the folders that it names, which were read.
    #[must_use]
    pub fn configured_by(mut self, file: ConfigFile, library: Library) -> Self {
        self.settings = Arc::new(Settings::new(self.config.clone(), file, library));
        self
    }

    /// Names the certificate with which it listens, which may be read again.
    #[must_use]
    pub fn secured_by(mut self, certificates: Option<Certificates>) -> Self {
        self.certificates = certificates;
        self
    }

    /// Adds a follower, which gets the events of all calls.
    #[must_use]
    pub fn followed_by(mut self, follower: Arc<dyn Follower>) -> Self {
        self.followers.push(follower);
        self
    }

    /// Keeps records of calls.
    #[must_use]
    pub fn recorded_by(mut self, records: Arc<Records>) -> Self {
        self.records = Some(records.clone());
        self.followed_by(records)
    }

    /// Sends events of calls.
    #[must_use]
    pub fn notified_by(mut self, webhooks: Arc<Webhooks>) -> Self {
        self.webhooks = Some(webhooks.clone());
        self.followed_by(webhooks)
    }

    /// Makes of calls after their ends what the configuration wants. The followers that it has by now are
    /// told what came of it.
    #[must_use]
    pub fn summarising(mut self) -> Self {
        self.after_calls = AfterCalls::wanted(&self.config, self.followers.clone());
        match self.after_calls.clone() {
            Some(after_calls) => self.followed_by(after_calls),
            None => self,
        }
    }

    /// Asks for facts before a call.
    #[must_use]
    pub fn asking(mut self, lookup: Option<Lookup>) -> Self {
        self.lookup = lookup;
        self
    }

    /// Gives the agent tools.
    #[must_use]
    pub fn equipped_with(mut self, toolbox: Arc<Toolbox>) -> Self {
        self.toolbox = toolbox;
        self
    }

    /// Takes calls from now on: the engines are loaded and warm.
    pub fn ready(&self, engines: Engines, provider_api: Option<ProviderApi>) {
        let engines = self.counted(engines);
        self.monitor.begin(&engines);
        if let Some(after_calls) = self.after_calls.clone() {
            tokio::spawn(after_calls.work(engines.clone()));
        }
        let (config, followers, stop) = (self.config.clone(), self.followers.clone(), self.stop.clone());
        let (records, monitor, lookup) = (self.records.clone(), self.monitor.clone(), self.lookup.clone());
        let (watching, transfers) = (self.watching.clone(), self.transfers.clone());
        let services = Services {
            config,
            engines,
            provider_api,
            followers,
            records,
            lookup,
            errands: self.errands.clone(),
            toolbox: self.toolbox.clone(),
            library: Arc::default(),
            monitor,
            watching,
            transfers,
            stop,
        };
        self.toolbox.start(&services.engines.grammars, &services.engines.guides);
        // The services are set once; a second set of engines would be dropped unused.
        let _ = self.services.set(services);
    }

    /// The engines, with their work counted. The voice is counted behind its cache of phrases and its
    /// stand-in, where it is started.
    fn counted(&self, engines: Engines) -> Engines {
        let (count, now) = (&self.metrics.engines, &self.uptime);
        Engines {
            hear: count.hear(engines.hear, now),
            requests: engines.requests.map(|them| them.heard_through(|ears| count.hear(ears, now))),
            models: engines.models.wrapped(|name, model| count.think(name, model, now)),
            ..engines
        }
    }

    /// Counts what the engines do.
    #[must_use]
    pub fn engine_metrics(&self) -> EngineMetrics {
        self.metrics.engines.clone()
    }

    /// The engines, once they are ready.
    #[must_use]
    pub fn engines(&self) -> Option<&Engines> {
        self.services.get().map(|services| &services.engines)
    }

    /// The running calls.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// True if no socket is open, not even one whose call is over and that is still being closed.
    #[must_use]
    pub fn sockets_are_gone(&self) -> bool {
        self.admission.are_empty()
    }

    /// Tools that still work, and telephones that ring for callers who were transferred.
    #[must_use]
    pub fn errands(&self) -> usize {
        self.errands.len() + self.transfers.ringing()
    }

    /// Calls that are still to be summarised.
    #[must_use]
    pub fn summaries_to_make(&self) -> usize {
        self.after_calls.as_ref().map_or(0, |after_calls| after_calls.waiting())
    }

    /// Makes nothing more of calls: what waits has failed, and is told so.
    pub async fn make_no_more_summaries(&self) {
        if let Some(after_calls) = &self.after_calls {
            after_calls.close().await;
        }
    }

    /// Requests of programs that are being answered.
    #[must_use]
    pub fn requests_under_way(&self) -> usize {
        self.config.api.at_once.saturating_sub(self.requests.available_permits())
    }

    /// Ends all running calls, and what programs have asked for.
    pub fn stop_calls(&self) {
        self.stop.cancel();
    }

    /// Records a refused client. The refusal is logged, or counted in a sum with others.
    pub(crate) fn refused(&self, kind: Kind, peer: IpAddr, line: &'static str, reason: &dyn Display) {
        let reason = reason.to_string();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.is_first(kind, line, peer, &reason, (self.uptime)()) {
            drop(refusals);
            tracing::warn!(%peer, line, %reason, "{}", kind.told());
        }
    }

    /// Looks at what the server does and acts on it, for ever.
    pub async fn watch_over(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(engines) = self.engines() else { continue };
            let step = self.monitor.look(self.seen(engines), engines);
            if let (Some(step), Some(records)) = (step, &self.records) {
                let (measure, way) = match step {
                    Move::Down(measure) => (measure, "from now on"),
                    Move::Up(measure) => (measure, "until now"),
                };
                records.quality(measure.name(), &format!("{way}, {}", measure.sentence()));
            }
        }
    }

    /// What the server was seen to do.
    fn seen(&self, engines: &Engines) -> Seen {
        let process = process::own();
        let p95 = |figures: Figures| figures.into_iter().map(|(name, spread)| (name, spread.p95)).collect();
        let records = self.records.as_ref().map(|records| records.counters()).unwrap_or_default();
        Seen {
            calls: self.registry.calls(),
            cpu: process.cpu,
            resident: process.resident,
            free_memory: free_memory(),
            work: engines.meters().into_iter().map(|(work, used)| (work.name(), used)).collect(),
            p95: if self.monitor.advises_next() {
                p95(self.latencies.since_start())
            } else {
                BTreeMap::new()
            },
            records_dropped: records.dropped,
            records_lost: records.lost,
            log_lines: logging::dropped_lines(),
        }
    }

    /// Logs the sums of refusals, for ever.
    pub async fn sum_up(self) {
        loop {
            tokio::time::sleep(SUMS).await;
            let due = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).due((self.uptime)());
            tell(due);
        }
    }

    /// Logs the sums that are left at shutdown.
    pub fn sum_up_the_rest(&self) {
        let all = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).all();
        tell(all);
    }

    /// Whether calls are taken at all. A full server is still ready: calls must not be sent elsewhere for
    /// good, and each is refused individually.
    ///
    /// # Errors
    /// Why no calls are taken.
    pub fn is_ready(&self) -> Result<(), Refused> {
        match self.services() {
            Ok(_) | Err(Refused::Full(_) | Refused::Memory(_)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Why a call that began now would be refused, if it would.
    pub(crate) fn would_refuse(&self) -> Option<Refused> {
        self.services().err()
    }

    /// The services for what is done with running calls; `None` before the engines are ready.
    pub(crate) fn serving(&self) -> Option<Services> {
        let services = self.services.get()?;
        Some(self.settings.of_new_calls(services))
    }

    /// The services for a new call, or why a call that began now would be refused.
    pub(crate) fn services(&self) -> Result<Services, Refused> {
        let services = self.services.get().ok_or(Refused::NotReady)?;
        self.registry.has_room()?;
        if !services.engines.has_room() {
            return Err(Refused::Memory(self.registry.calls()));
        }
        self.monitor.admit(self.registry.calls())?;
        Ok(self.settings.of_new_calls(services))
    }
}

fn tell(sums: Vec<Sum>) {
    for Sum { kind, line, peer, more, last } in sums {
        let peer = peer.map_or_else(|| "others".to_owned(), |peer| peer.to_string());
        tracing::warn!(%peer, line, more, %last, "{}: and {more} more in the last minute", kind.told());
    }
}
