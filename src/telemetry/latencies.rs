//! The distribution of each figure of latency over all calls of the server, in bounded memory: since the
//! start, and over the last minutes. Must not know who reads it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::engine::cores::Now;
use crate::ids::CallId;
use crate::report::{Happened, TurnReport};
use crate::runtime::followers::Follower;

/// Values are kept in tenths of a millisecond, with three significant digits, up to ten minutes: 53 kB for a
/// figure.
const TENTHS: f64 = 10.0;
const MOST: u64 = 6_000_000;
const DIGITS: u8 = 3;

/// "The last minutes" are the running one of these and the one before it.
const WINDOW: Duration = Duration::from_secs(300);

/// The distribution of one figure, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Percentiles {
    /// The number of values.
    pub count: u64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest value.
    pub max: f64,
}

/// All figures by name: `v2v_ms`, `answer_ms`, `mark_return_ms` and the stages.
pub type Figures = BTreeMap<&'static str, Percentiles>;

/// The latencies of all calls.
pub struct Latencies {
    now: Now,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    since_start: Distributions,
    /// The running window, when it began, and the one before it.
    window: Distributions,
    began: Duration,
    before: Distributions,
}

type Distributions = BTreeMap<&'static str, Histogram<u32>>;

impl Latencies {
    /// No values yet; `now` tells the time.
    #[must_use]
    pub fn new(now: Now) -> Self {
        Self { now, kept: Mutex::default() }
    }

    /// The figures since the start of the server.
    #[must_use]
    pub fn since_start(&self) -> Figures {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        figures(&kept.since_start)
    }

    /// The figures of the last five to ten minutes.
    #[must_use]
    pub fn lately(&self) -> Figures {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn_over((self.now)());
        let mut both = kept.before.clone();
        for (name, window) in &kept.window {
            match both.get_mut(name) {
                // Both have the same limits.
                Some(before) => drop(before.add(window)),
                None => drop(both.insert(name, window.clone())),
            }
        }
        figures(&both)
    }

    fn turn(&self, turn: &TurnReport) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn_over((self.now)());
        let stages =
            turn.stages.map(|stages| stages.named().into_iter().chain([("v2v_ms", stages.total_ms())]));
        let others = [("answer_ms", turn.answer_ms), ("mark_return_ms", turn.mark_return_ms)];
        let others = others.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (name, ms) in stages.into_iter().flatten().chain(others) {
            let value = (ms * TENTHS).round().clamp(0.0, MOST as f64) as u64;
            record(&mut kept.since_start, name, value);
            record(&mut kept.window, name, value);
        }
    }
}

impl Kept {
    fn turn_over(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.began);
        if passed >= WINDOW {
            self.before = std::mem::take(&mut self.window);
            if passed >= 2 * WINDOW {
                self.before.clear();
            }
            self.began = now;
        }
    }
}

impl Follower for Latencies {
    fn told(&self, _: &CallId, happened: &Happened) {
        match happened {
            Happened::Turn(turn) => self.turn(&turn.turn),
            Happened::Started(_)
            | Happened::Disclosed { .. }
            | Happened::Agent { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..)
            | Happened::Ended(_)
            | Happened::Summarised(_) => {}
        }
    }
}

fn record(distributions: &mut Distributions, name: &'static str, value: u64) {
    if !distributions.contains_key(name) {
        let Ok(empty) = Histogram::new_with_bounds(1, MOST, DIGITS) else { return };
        distributions.insert(name, empty);
    }
    if let Some(distribution) = distributions.get_mut(name) {
        distribution.saturating_record(value);
    }
}

fn figures(distributions: &Distributions) -> Figures {
    let percentiles = |distribution: &Histogram<u32>| {
        let at = |quantile| distribution.value_at_quantile(quantile) as f64 / TENTHS;
        Percentiles {
            count: distribution.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: distribution.max() as f64 / TENTHS,
        }
    };
    distributions.iter().map(|(name, distribution)| (*name, percentiles(distribution))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::report::{ReportedTurn, Stages};

    fn turn(ms: f64) -> Happened {
        let stages = Some(Stages { endpoint_ms: ms, ..Stages::default() });
        Happened::Turn(ReportedTurn {
            turn: TurnReport { stages, ..TurnReport::default() },
            ..ReportedTurn::default()
        })
    }

    #[test]
    fn percentiles_are_right_to_a_tenth_of_a_percent_and_old_ones_are_forgotten() {
        let seconds = Arc::new(AtomicU64::new(0));
        let clock = seconds.clone();
        let latencies = Latencies::new(Arc::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))));
        for ms in 1..=1000 {
            latencies.told(&CallId::new("c"), &turn(f64::from(ms)));
        }
        let v2v = latencies.since_start()["v2v_ms"];
        assert_eq!(v2v.count, 1000);
        for (found, right) in [(v2v.p50, 500.0), (v2v.p95, 950.0), (v2v.p99, 990.0), (v2v.max, 1000.0)] {
            assert!((found - right).abs() <= right / 1000.0, "{found} for {right}");
        }
        seconds.store(301, Ordering::Relaxed);
        assert_eq!(latencies.lately()["v2v_ms"].count, 1000);
        latencies.told(&CallId::new("c"), &turn(5.0));
        assert_eq!(latencies.lately()["v2v_ms"].count, 1001);
        seconds.store(1500, Ordering::Relaxed);
        assert_eq!(latencies.lately().len(), 0);
        assert_eq!(latencies.since_start()["v2v_ms"].count, 1001);
    }
}
