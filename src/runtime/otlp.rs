//! Traces of calls, sent to a collector by a follower of calls. Must not know how they are sent.

use std::sync::Arc;
use std::time::Duration;

use super::clock::since_1970;
use super::followers::Follower;
use crate::config::Otlp;
use crate::ids::CallId;
use crate::otlp::{Exporter, OpenError, Options, Trouble};
use crate::report::Happened;

/// Sends traces.
pub struct Traces(Exporter);

impl Traces {
    /// Starts to send to the collector of the configuration; `None` if it names none.
    ///
    /// # Errors
    /// If the address or the header cannot be used.
    pub fn open(settings: &Otlp) -> Result<Option<Self>, OpenError> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        let header = settings.header.as_ref().and_then(|header| header.current().split_once(':'));
        let headers = header.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        let exporter = Exporter::open(Options {
            headers: headers.into_iter().collect(),
            words: settings.words,
            report: Arc::new(|trouble: &Trouble| tracing::warn!("{trouble}")),
            ..Options::to(endpoint)
        })?;
        Ok(Some(Self(exporter)))
    }

    /// Sends what waits, at the end of the server.
    pub fn close(&self, within: Duration) {
        if !self.0.close(within) {
            tracing::warn!("traces are not complete: the collector did not take them in time");
        }
    }
}

impl Follower for Traces {
    fn told(&self, call: &CallId, happened: &Happened) {
        self.0.tell(since_1970(), call, happened);
    }
}
