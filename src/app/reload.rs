//! What a running server reads again on SIGHUP: the certificate, which language model is in use, and for new
//! calls the agent and its turn-taking.
//! Everything else stays as it was at startup.

use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::App;
use super::certificates::Certificates;
use super::engines::prepare;
use crate::config::{Config, ConfigError, load};

/// The parts that are read again.
pub(crate) struct Reload {
    pub(crate) certificates: Option<Certificates>,
    pub(crate) app: App,
}

impl Reload {
    /// Reloads on SIGHUP, the usual signal for daemons to read their files again.
    pub(crate) async fn on_hangup(self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            match self.certificates.as_ref().map(Certificates::reload) {
                None => {}
                Some(Ok(())) => tracing::info!("the certificate was reloaded"),
                Some(Err(error)) => tracing::error!(%error, "reload failed: the certificate in use stays"),
            }
            self.read_configuration();
        }
    }

    fn read_configuration(&self) {
        let Some(engines) = self.app.engines() else {
            tracing::warn!("models are still being loaded: the configuration was not reloaded");
            return;
        };
        let models = &engines.models;
        let wanted = match self.app.read_again() {
            None => {
                tracing::info!("no configuration file: nothing of it was reloaded");
                return;
            }
            Some(Ok(config)) => config.llm.in_use,
            Some(Err(error)) => {
                tracing::error!(%error, in_use = models.in_use(), "the configuration was not reloaded");
                return;
            }
        };
        match models.switch_to(&wanted) {
            Ok(()) => tracing::info!(model = models.in_use(), "language model in use"),
            Err(error) => {
                tracing::error!(%error, in_use = models.in_use(), "llm.use: models load only at startup")
            }
        }
    }
}

impl App {
    /// New calls get the agent and the turn-taking of this configuration.
    pub(crate) fn take_over(&self, new: &Config) {
        let live = Arc::new(self.config.with_agent_of(new));
        self.settings.swap(live.clone());
        if let Some(phrases) = self.engines().and_then(|engines| engines.phrases.as_ref()) {
            prepare(&live, phrases);
        }
        tracing::info!("new calls have the agent and the turn-taking of the configuration");
    }

    /// Reads the file again, for new calls. `None` if there is none.
    ///
    /// # Errors
    /// What is wrong with the file; new calls then have what they had.
    fn read_again(&self) -> Option<Result<Config, ConfigError>> {
        let file = &self.settings.file;
        if file.read().is_ok_and(|contents| !contents.exists) {
            return None;
        }
        Some(load(file.path()).inspect(|config| self.take_over(config)))
    }
}
