//! What becomes of a connection to an MCP server: why it ended, and whether it still answers. Must not know
//! the protocol.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::sync::watch;

/// So many calls in a row without an answer, and the connection is given up.
const MOST_LATE: u32 = 3;

/// The fate of one connection.
pub(crate) struct Fate {
    why: watch::Sender<Option<String>>,
    bytes: AtomicUsize,
    late: AtomicU32,
}

impl Fate {
    pub(crate) fn new() -> Self {
        Self { why: watch::Sender::new(None), bytes: AtomicUsize::new(0), late: AtomicU32::new(0) }
    }

    /// Ends the connection. The first reason counts.
    pub(crate) fn seal(&self, why: &str) {
        self.why.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(why.to_owned());
            }
            first
        });
    }

    /// Why the connection has ended; `None` if it has not.
    pub(crate) fn why(&self) -> Option<String> {
        self.why.borrow().clone()
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.why.borrow().is_some()
    }

    /// Waits for the end, and says why.
    pub(crate) async fn sealed(&self) -> String {
        let mut why = self.why.subscribe();
        match why.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Bytes came; how many since the last message.
    pub(crate) fn heard_bytes(&self, came: usize) -> usize {
        self.bytes.fetch_add(came, Ordering::Relaxed).saturating_add(came)
    }

    pub(crate) fn heard_a_message(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// A call had an answer.
    pub(crate) fn answered(&self) {
        self.late.store(0, Ordering::Relaxed);
    }

    /// A call had none. The third in a row ends the connection.
    pub(crate) fn unanswered(&self) {
        if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_LATE {
            self.seal(&format!("{MOST_LATE} calls in a row had no answer"));
        }
    }
}
