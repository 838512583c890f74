//! Is a further call taken? What a call costs is learned from the calls before, and how long answers would
//! take with one more is predicted. Must not know how the figures are measured, nor how a call is refused.
//!
//! A caller's wait has a part that is no computing, the silence that ends their turn, and a part in which
//! work is done and waits for other work. The second grows as `1 / (1 - share of busy cores)`, as the time in
//! a queue with one server does (M/M/1). Several cores share their queue and do better; so the prediction
//! errs on the side of those who are already in a call.

use std::time::Duration;

use crate::numbers::{counted, megabytes, percent, whole};

/// The weight of what was believed before anything was measured, in seconds of one call.
const PRIOR_WEIGHS: f64 = 60.0;

/// After so many seconds of calls (ten calls for a minute have 600), what was learned before counts half.
const HALF_LIFE: f64 = 600.0;

/// No prediction is longer, in milliseconds: who waits for a minute has hung up.
const LONGEST_MS: f64 = 60_000.0;

/// Nothing has more cores: it keeps sums finite whatever is measured.
const MOST_CORES: f64 = 1e6;

/// The most further calls that [`room`] looks for.
const MOST_ROOM: usize = 10_000;

/// The cores that one call takes on average, learned from the calls so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallCost {
    /// Seconds of cores and of calls, those of long ago with less weight.
    core_seconds: f64,
    call_seconds: f64,
}

impl CallCost {
    /// What a call takes (in cores) before anything was measured. It weighs as much as a minute of one call.
    #[must_use]
    pub fn new(prior: f64) -> Self {
        Self { core_seconds: plain(prior, MOST_CORES) * PRIOR_WEIGHS, call_seconds: PRIOR_WEIGHS }
    }

    /// Learns from a time in which so many calls kept so many cores busy. Nothing is learned from a time
    /// without calls. It makes no difference whether a time is told as a whole or in parts.
    pub fn learn(&mut self, calls: usize, busy_cores: f64, lasted: Duration) {
        let call_seconds = calls as f64 * lasted.as_secs_f64();
        if call_seconds <= 0.0 || !busy_cores.is_finite() {
            return;
        }
        let each = plain(busy_cores, MOST_CORES) / calls as f64;
        let decays = -call_seconds * std::f64::consts::LN_2 / HALF_LIFE;
        // The integral of the weights over this time: its first second has lost some of its own already.
        let weight = -decays.exp_m1() * HALF_LIFE / std::f64::consts::LN_2;
        self.core_seconds = self.core_seconds * decays.exp() + each * weight;
        self.call_seconds = self.call_seconds * decays.exp() + weight;
    }

    /// The cores that one call takes.
    #[must_use]
    pub fn cores_per_call(&self) -> f64 {
        self.core_seconds / self.call_seconds
    }
}

/// The load of a server now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Calls in progress.
    pub calls: usize,
    /// The cores that the server may use; 0 counts as 1.
    pub cores: usize,
    /// Cores that were busy over the last seconds.
    pub busy_cores: f64,
    /// The part of the caller's wait that is no computing, in milliseconds: the silence that ends a turn.
    pub fixed_ms: f64,
    /// In 95 of 100 turns, answers began within this, lately. `None` if there were too few turns.
    pub p95_ms: Option<f64>,
    /// Cores that were busy on average when `p95_ms` was measured.
    pub measured_busy: f64,
    /// Memory that is free, in bytes, without what calls in progress may still take.
    pub free_memory: u64,
    /// The memory that one call may take, in bytes.
    pub memory_per_call: u64,
}

/// What a server must keep to with a further call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// In 95 of 100 turns, answers must begin within this, in milliseconds; 0 sets no limit.
    pub p95_ms: f64,
    /// The greatest share of the cores that may be busy.
    pub most_busy: f64,
    /// Memory that must stay free, in bytes.
    pub spare_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { p95_ms: 0.0, most_busy: 0.9, spare_memory: 0 }
    }
}

/// A server with so many calls more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// In 95 of 100 turns, answers begin within this, in milliseconds, at most 60,000. `None` if nothing was
    /// measured from which to predict it.
    pub p95_ms: Option<f64>,
    /// The share of the cores that is busy; above 1, work piles up.
    pub busy: f64,
    /// The memory that stays free, in bytes; `None` if there is not enough for the calls.
    pub memory_left: Option<u64>,
}

/// Why a call is not taken. The texts are sentences.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TooMuch {
    /// Answers would begin too late.
    #[error(
        "with one more call, 95 of 100 answers would begin within {} ms; the limit is {} ms \
         (quality.max_p95_ms)",
        whole(*predicted_ms),
        whole(*limit_ms)
    )]
    Latency {
        /// What is predicted.
        predicted_ms: f64,
        /// The limit.
        limit_ms: f64,
        /// Calls in progress.
        calls: usize,
    },
    /// Too many cores would be busy.
    #[error(
        "with one more call than the {} in progress, {} of the cores would be in use; {} is the most",
        whole(*calls as f64),
        percent(*share),
        percent(*most)
    )]
    Busy {
        /// The share that would be busy.
        share: f64,
        /// The greatest share that may be.
        most: f64,
        /// Calls in progress.
        calls: usize,
    },
    /// Too little memory would be left.
    #[error(
        "{} of memory are free beside {}; one more may take {}, and {} must stay free",
        megabytes(*free),
        counted(*calls as u64, "call"),
        megabytes(*per_call),
        megabytes(*spare)
    )]
    Memory {
        /// What is free, in bytes.
        free: u64,
        /// What a call may take, in bytes.
        per_call: u64,
        /// What must stay free, in bytes.
        spare: u64,
        /// Calls in progress.
        calls: usize,
    },
}

/// Predicts how a server does with so many calls more.
#[must_use]
pub fn predict(load: &Load, cost: &CallCost, more: usize) -> Prediction {
    let cores = load.cores.max(1) as f64;
    // Calls that have only just begun do not work yet.
    let now = plain(load.busy_cores, MOST_CORES).max(load.calls as f64 * cost.cores_per_call());
    let busy = (now + more as f64 * cost.cores_per_call()) / cores;
    let measured = plain(load.measured_busy, MOST_CORES) / cores;
    let taken = u64::try_from(more).unwrap_or(u64::MAX).checked_mul(load.memory_per_call);
    Prediction {
        p95_ms: load.p95_ms.filter(|p95| !p95.is_nan()).map(|p95| slowed(p95, load.fixed_ms, measured, busy)),
        busy,
        memory_left: taken.and_then(|taken| load.free_memory.checked_sub(taken)),
    }
}

/// How long answers take when this share of the cores is busy, after they took so long at the measured share.
fn slowed(p95: f64, fixed: f64, measured: f64, busy: f64) -> f64 {
    if busy >= 1.0 {
        return LONGEST_MS;
    }
    let p95 = plain(p95, LONGEST_MS);
    let fixed = plain(fixed, p95);
    // What was measured while all cores were busy was measured just below that.
    let free = (1.0 - measured).max(0.01);
    (fixed + (p95 - fixed) * free / (1.0 - busy)).min(LONGEST_MS)
}

/// Decides whether one more call is taken. A server without calls takes one if there is memory: otherwise
/// nothing would ever be measured again.
///
/// # Errors
/// If a limit would be passed with one more call.
pub fn decide(load: &Load, cost: &CallCost, limits: &Limits) -> Result<Prediction, TooMuch> {
    let prediction = predict(load, cost, 1);
    check(&prediction, load, limits, load.calls == 0)?;
    Ok(prediction)
}

/// How many more calls would be taken now, at most 10,000.
#[must_use]
pub fn room(load: &Load, cost: &CallCost, limits: &Limits) -> usize {
    let fits = |more: usize| {
        let is_first = load.calls == 0 && more == 1;
        check(&predict(load, cost, more), load, limits, is_first).is_ok()
    };
    // No call fits where fewer did not: all figures grow with the calls.
    let (mut fitting, mut too_many) = (0, MOST_ROOM + 1);
    while too_many - fitting > 1 {
        let more = fitting + (too_many - fitting) / 2;
        if fits(more) { fitting = more } else { too_many = more }
    }
    fitting
}

/// Checks what is predicted against the limits. Cores come before latency, because the prediction of latency
/// means little where they are all busy.
fn check(prediction: &Prediction, load: &Load, limits: &Limits, is_first: bool) -> Result<(), TooMuch> {
    let calls = load.calls;
    if prediction.memory_left.is_none_or(|left| left < limits.spare_memory) {
        let (free, per_call, spare) = (load.free_memory, load.memory_per_call, limits.spare_memory);
        return Err(TooMuch::Memory { free, per_call, spare, calls });
    }
    if is_first {
        return Ok(());
    }
    if prediction.busy > limits.most_busy {
        return Err(TooMuch::Busy { share: prediction.busy, most: limits.most_busy, calls });
    }
    let late = prediction.p95_ms.filter(|&p95| limits.p95_ms > 0.0 && p95 > limits.p95_ms);
    late.map_or(Ok(()), |predicted_ms| Err(TooMuch::Latency { predicted_ms, limit_ms: limits.p95_ms, calls }))
}

/// A figure between 0 and `most`; what is no number counts as 0.
fn plain(figure: f64, most: f64) -> f64 {
    if figure.is_nan() { 0.0 } else { figure.clamp(0.0, most) }
}
