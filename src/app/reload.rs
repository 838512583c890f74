//! What a running server reads again when it is asked to (SIGHUP): the certificate, and which language model
//! is in use. Everything else stays as it was at the start.

use std::path::PathBuf;

use tokio::signal::unix::Signal;

use super::App;
use super::certificates::Certificates;
use crate::config;

/// What is read again.
pub(crate) struct Reload {
    pub(crate) certificates: Option<Certificates>,
    pub(crate) app: App,
    /// Where the configuration was read, if it is not the built-in one.
    pub(crate) config: Option<PathBuf>,
}

impl Reload {
    /// SIGHUP, the signal that asks daemons to read their files again.
    pub(crate) async fn on_hangup(self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            match self.certificates.as_ref().map(Certificates::reload) {
                None => {}
                Some(Ok(())) => tracing::info!("the certificate was read again"),
                Some(Err(error)) => tracing::error!(%error, "the certificate in use stays"),
            }
            self.switch_models();
        }
    }

    fn switch_models(&self) {
        let Some(engines) = self.app.engines() else {
            tracing::warn!("models are being loaded: llm.use was not read again");
            return;
        };
        let models = &engines.models;
        let wanted = match self.config.as_deref().map(config::load) {
            None => {
                tracing::info!("no configuration file: nothing to read again for llm.use");
                return;
            }
            Some(Ok(config)) => config.llm.in_use,
            Some(Err(error)) => {
                tracing::error!(%error, in_use = models.in_use(), "the configuration was not read again");
                return;
            }
        };
        match models.switch_to(&wanted) {
            Ok(()) => tracing::info!(model = models.in_use(), "language model in use"),
            Err(error) => {
                tracing::error!(%error, in_use = models.in_use(), "llm.use; a model is loaded at the start")
            }
        }
    }
}
