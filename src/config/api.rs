//! `[api]`: who may use the HTTP interface for programs, and how much of it. Must not know what it offers.

use std::path::Path;
use std::time::Duration;

use super::secrets::secret;
use super::toml_reader::Reader;
use crate::access::Secret;

/// `[api]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The keys of clients; `None` lets programs on this machine in, and nobody else.
    pub keys: Option<Secret>,
    /// The most requests of one key in a minute.
    pub requests_per_minute: u32,
    /// The most requests of one key in a day; `None` is no limit.
    pub requests_per_day: Option<u32>,
    /// The most requests at once, of all keys together.
    pub at_once: usize,
    /// The largest request, in bytes.
    pub max_upload: usize,
    /// The longest recording.
    pub max_audio: Duration,
    /// The longest time from a request to the end of its answer.
    pub timeout: Duration,
}

/// Reads the section.
pub(super) fn api(r: &mut Reader, base: &Path) -> Api {
    Api {
        keys: secret(r, base, "api.keys"),
        requests_per_minute: r.integer("api.requests_per_minute", 120, 1..=100_000) as u32,
        requests_per_day: Some(r.integer("api.requests_per_day", 0, 0..=100_000_000) as u32)
            .filter(|&most| most > 0),
        at_once: r.integer("api.at_once", 4, 1..=1000) as usize,
        max_upload: (r.integer("api.max_upload_mb", 25, 1..=1000) as usize) << 20,
        max_audio: r.millis("api.max_audio_ms", 1_800_000, 1000..=7_200_000),
        timeout: r.millis("api.timeout_ms", 600_000, 1000..=3_600_000),
    }
}
