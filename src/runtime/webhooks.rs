//! Events of calls, sent to the customer by a follower of calls. Must not know how they are sent.

use std::sync::Arc;
use std::time::Duration;

use super::clock::since_1970;
use super::followers::Follower;
use crate::config::Webhooks as Settings;
use crate::ids::CallId;
use crate::report::Happened;
use crate::webhooks::{
    BadSecret, Counters, OpenError, Options, Retries, Signer, Trouble, Webhooks as Sender,
};

/// Why no webhooks can be sent.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// The secret has not the form.
    #[error("webhooks.secret")]
    Secret(#[from] BadSecret),
    /// The spool cannot be used, or nothing can be sent from this machine.
    #[error("webhooks.file")]
    Open(#[from] OpenError),
}

/// Sends events.
#[derive(Debug)]
pub struct Webhooks(Sender);

impl Webhooks {
    /// Starts to send to the address of the configuration; `None` if it names none.
    ///
    /// # Errors
    /// If the secret or the spool cannot be used.
    pub fn open(settings: &Settings) -> Result<Option<Self>, WebhooksError> {
        let (Some(url), Some(file)) = (&settings.url, &settings.file) else { return Ok(None) };
        let signer = Signer::new(settings.secret.iter().flat_map(|secret| secret.all()))?;
        let sender = Sender::open(Options {
            words: settings.words,
            timeout: settings.timeout,
            retries: Retries { longest_age: settings.longest_age, ..Retries::default() },
            most_rows: settings.most_waiting,
            report: Arc::new(|trouble: &Trouble| tracing::warn!("{trouble}")),
            ..Options::new(url.clone(), signer, file)
        })?;
        let waiting = sender.counters().waiting;
        if waiting > 0 {
            tracing::info!(waiting, "webhooks wait from before");
        }
        Ok(Some(Self(sender)))
    }

    /// What was delivered and what was lost.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters()
    }

    /// Keeps what waits in the spool, at the end of the server.
    pub fn close(&self, within: Duration) {
        if !self.0.close(within) {
            tracing::warn!("a webhook was still on its way: it will be sent again under the same id");
        }
        let Counters { waiting, queued, .. } = self.counters();
        if queued > 0 {
            tracing::error!(queued, "webhooks could not be kept in time");
        }
        if waiting > 0 {
            tracing::info!(waiting, "webhooks wait for the next start");
        }
    }
}

impl Follower for Webhooks {
    fn told(&self, call: &CallId, happened: &Happened) {
        self.0.tell(since_1970(), call, happened);
    }
}
