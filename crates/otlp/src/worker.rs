//! The exporter's thread: takes events from the queue, makes spans of them and has them sent. Must not know
//! how an event came into the queue.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::SyncSender;

use reqwest::header::HeaderMap;

use crate::calls::Calls;
use crate::endpoint::Endpoint;
use crate::options::Options;
use crate::post::Poster;
use crate::sender::{Sender, Shared};

/// The most calls at once whose beginnings are remembered.
const MOST_CALLS: usize = 20_000;

/// What the thread needs.
pub(crate) struct Worker {
    /// Shared with the handles.
    pub(crate) shared: Arc<Shared>,
    /// How spans are sent.
    pub(crate) options: Options,
    /// Where they are sent.
    pub(crate) endpoint: Endpoint,
    /// With these headers.
    pub(crate) headers: HeaderMap,
}

/// Says that the thread has ended, also if it panicked.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.queue.end();
    }
}

impl Worker {
    /// Runs until the queue ends, after saying to `opened` whether requests can be made.
    pub(crate) fn run(self, opened: &SyncSender<Result<(), String>>) {
        // Outlives the client, whose own thread ends with it.
        let _ending = Ending(Arc::clone(&self.shared));
        let address = self.endpoint.to_string();
        let poster = match Poster::new(self.endpoint, self.headers) {
            Ok(poster) => poster,
            Err(reason) => {
                let _ = opened.send(Err(reason));
                return;
            }
        };
        if opened.send(Ok(())).is_err() {
            return;
        }
        let (batch, longest_wait) = (self.options.batch, self.options.longest_wait);
        let mut sender = Sender::new(poster, address, Arc::clone(&self.shared), self.options);
        let mut calls = Calls::of(MOST_CALLS);
        while let Some(events) = self.shared.queue.next(batch, longest_wait) {
            let spans: Vec<_> = events.into_iter().flat_map(|told| calls.spans(told)).collect();
            self.shared.forgotten.store(calls.forgotten(), Relaxed);
            if !spans.is_empty() {
                sender.send(spans);
            }
        }
    }
}
