//! The last two minutes of a server, one sample every few seconds. Must not know who takes the samples.

use serde::{Deserialize, Serialize};

use crate::lenient::{all_or_default, or_default};

/// The most samples of a history.
pub const HISTORY: usize = 120;

/// Samples of the last minutes, the oldest first. All lists are equally long.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct History {
    /// The time from one sample to the next, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub every_s: f64,
    /// The cores that were busy.
    #[serde(deserialize_with = "all_or_default")]
    pub cpu: Vec<f64>,
    /// The memory that the server held, in megabytes.
    #[serde(deserialize_with = "all_or_default")]
    pub memory_mb: Vec<f64>,
    /// The calls that were open.
    #[serde(deserialize_with = "all_or_default")]
    pub calls: Vec<u64>,
    /// The 95th percentile of voice to voice, in milliseconds; `None` when nothing was answered.
    #[serde(deserialize_with = "or_default")]
    pub v2v_p95_ms: Vec<Option<f64>>,
}

impl History {
    /// Adds a sample, and forgets the oldest beyond [`HISTORY`].
    pub fn push(&mut self, cpu: f64, memory_mb: f64, calls: u64, v2v_p95_ms: Option<f64>) {
        fn add<T>(samples: &mut Vec<T>, sample: T) {
            let surplus = (samples.len() + 1).saturating_sub(HISTORY);
            samples.drain(..surplus);
            samples.push(sample);
        }
        add(&mut self.cpu, cpu);
        add(&mut self.memory_mb, memory_mb);
        add(&mut self.calls, calls);
        add(&mut self.v2v_p95_ms, v2v_p95_ms);
    }
}
