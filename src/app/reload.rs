//! What a running server reads again on SIGHUP: the certificate, and which language model is in use.
//! Everything else stays as it was at startup.

use std::path::PathBuf;

use tokio::signal::unix::Signal;

use super::App;
use super::certificates::Certificates;
use crate::config;

/// The parts that are read again.
pub(crate) struct Reload {
    pub(crate) certificates: Option<Certificates>,
    pub(crate) app: App,
    /// The path of the configuration, unless it is the built-in one.
    pub(crate) config: Option<PathBuf>,
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
            self.switch_models();
        }
    }

    fn switch_models(&self) {
        let Some(engines) = self.app.engines() else {
            tracing::warn!("models are still being loaded: llm.use was not reloaded");
            return;
        };
        let models = &engines.models;
        let wanted = match self.config.as_deref().map(config::load) {
            None => {
                tracing::info!("no configuration file: llm.use was not reloaded");
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
