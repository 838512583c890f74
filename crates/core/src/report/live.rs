//! Live figures of a call, as a client asks for them. Must not know how they come about.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The distribution of one figure over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Spread {
    /// The latest value.
    pub last: f64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The largest value.
    pub max: f64,
}

/// The quality of the caller's audio as it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct InboundQuality {
    /// The interarrival jitter of the messages (RFC 3550, section 6.4.1).
    pub jitter_ms: f64,
    /// Missing audio that was concealed.
    pub concealed_ms: f64,
    /// Holes of a second or more, which are not concealed.
    pub jumps: u64,
    /// Messages that were out of order or lost on the way.
    pub disordered: u64,
}

/// The cost of one kind of work so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CoreUse {
    /// How often cores were granted.
    pub jobs: u64,
    /// How often no core was free, or the work was broken off by more urgent work or by its own call.
    pub dropped: u64,
    /// Total time spent waiting for cores.
    pub waited: Duration,
    /// The longest single wait.
    pub longest_wait: Duration,
    /// Total time that cores were held.
    pub held: Duration,
}

/// Live figures of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pong {
    /// The ping's id.
    pub id: String,
    /// Turns answered so far.
    pub turns: u32,
    /// The spread so far of each figure: `v2v_ms`, `answer_ms`, `mark_return_ms` and the stages by name. A
    /// figure without a value is absent.
    pub latency: BTreeMap<String, Spread>,
    /// The entries waiting in each queue.
    pub queues: BTreeMap<String, u64>,
    /// The quality of the caller's audio.
    pub line: InboundQuality,
    /// How long each kind of work waited for cores and held them, over all calls since the server started.
    pub cores: BTreeMap<String, CoreUse>,
    /// What the server's operator should change, in sentences.
    pub advice: Vec<String>,
}
