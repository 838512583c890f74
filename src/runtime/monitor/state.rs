//! What the monitor knows, and what follows from it at once. Must not know the engines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::live_calls::LiveCalls;
use super::turns::{Lately, Turns};
use crate::quality::admission::{CallCost, Load};
use crate::quality::advice::{Advice, Figures, advise};
use crate::quality::ladder::{Ladder, LadderSettings, Measure};
use crate::quality::pressure::Pressure;
use crate::report::CoreUse;
use crate::top::History;

/// The cores that a call takes, before any was measured: twice what the models that ship take.
const PRIOR_CORES_PER_CALL: f64 = 0.1;

/// Use of cores is averaged over so many looks, and for the question whether a further call is taken over
/// this long.
const SMOOTHED: usize = 5;
const LATELY: Duration = Duration::from_secs(60);

/// The fewest turns of which a 95th percentile says anything.
const ENOUGH_TURNS: u64 = 20;

/// Memory that a call may take beside the language model's cache, and memory that stays free.
const MEMORY_PER_CALL: u64 = 4 << 20;
pub(super) const SPARE_MEMORY: u64 = 64 << 20;

/// What the server was seen to do at a look. Times and counts are since its start.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Calls that have a place.
    pub calls: usize,
    /// Processor time of the process.
    pub cpu: Duration,
    /// Its memory, in bytes.
    pub resident: u64,
    /// Memory that is free, in bytes; `None` if the system does not say.
    pub free_memory: Option<u64>,
    /// The use of cores by each kind of work.
    pub work: BTreeMap<&'static str, CoreUse>,
    /// The 95th percentile of each stage, by name, in milliseconds.
    pub p95: BTreeMap<&'static str, f64>,
    /// Events for the records that found no room.
    pub records_dropped: u64,
    /// Events for the records that could not be written.
    pub records_lost: u64,
    /// Lines of the log that were dropped.
    pub log_lines: u64,
}

/// What the monitor knows.
pub(super) struct State {
    pub(super) turns: Turns,
    pub(super) calls: LiveCalls,
    pub(super) cost: CallCost,
    pub(super) ladder: Ladder,
    pub(super) pressure: Pressure,
    pub(super) because: String,
    pub(super) looks: u64,
    pub(super) last: Option<(Duration, Seen)>,
    /// The cores that work somebody waits for kept busy, at the last looks.
    busy: VecDeque<f64>,
    /// The same with calls: at the looks of the last minute, with their time, and since the start.
    busy_with_calls: VecDeque<(Duration, f64)>,
    busy_since_start: (f64, u64),
    /// The most calls at once so far.
    pub(super) most_calls: usize,
    /// Seconds of a core for a second of audio, in speech to text and in the voice, when no call was running.
    pub(super) real_time: (Option<f64>, Option<f64>),
    pub(super) lately: Lately,
    pub(super) cores: usize,
    pub(super) history: History,
    pub(super) advice: Vec<Advice>,
    pub(super) told: BTreeSet<&'static str>,
    pub(super) moves: BTreeMap<(Measure, bool), u64>,
    pub(super) refused_full: u64,
    pub(super) refused_memory: u64,
}

impl State {
    /// Nothing was seen yet; it is looked at `every` so often.
    pub(super) fn new(every: Duration) -> Self {
        Self {
            turns: Turns::default(),
            calls: LiveCalls::default(),
            cost: CallCost::new(PRIOR_CORES_PER_CALL),
            ladder: Ladder::new(Vec::new(), LadderSettings::default()),
            pressure: Pressure::Low,
            because: String::new(),
            looks: 0,
            last: None,
            busy: VecDeque::new(),
            busy_with_calls: VecDeque::new(),
            busy_since_start: (0.0, 0),
            most_calls: 0,
            real_time: (None, None),
            lately: Lately::default(),
            cores: 1,
            history: History { every_s: every.as_secs_f64(), ..History::default() },
            advice: Vec::new(),
            told: BTreeSet::new(),
            moves: BTreeMap::new(),
            refused_full: 0,
            refused_memory: 0,
        }
    }

    /// A look at so many calls, which kept so many cores busy.
    pub(super) fn looked(&mut self, now: Duration, calls: usize, busy: f64) {
        self.busy.push_back(busy);
        if self.busy.len() > SMOOTHED {
            self.busy.pop_front();
        }
        if calls > 0 {
            self.busy_with_calls.push_back((now, busy));
            let (sum, looks) = self.busy_since_start;
            self.busy_since_start = (sum + busy, looks + 1);
        }
        // A peak of an hour ago says nothing about the next call.
        let old = now.saturating_sub(LATELY);
        while self.busy_with_calls.pop_front_if(|(at, _)| *at < old).is_some() {}
        self.most_calls = self.most_calls.max(calls);
    }

    /// The share of the cores that was busy over the last looks.
    pub(super) fn busy_share(&self) -> f64 {
        mean(self.busy.iter().copied()) / self.cores.max(1) as f64
    }

    /// The share of the cores that was busy while there were calls, since the start.
    pub(super) fn busy_share_with_calls(&self) -> f64 {
        let (sum, looks) = self.busy_since_start;
        sum / looks.max(1) as f64 / self.cores.max(1) as f64
    }

    /// Notes the real-time factors, which are known when no call is running: audio is counted at the end of
    /// its call.
    pub(super) fn note_real_time(&mut self, seen: &Seen) {
        let (heard_s, spoken_s) = self.turns.audio_s();
        if seen.calls > 0 || heard_s <= 0.0 || spoken_s <= 0.0 {
            return;
        }
        let held = |names: [&str; 2]| -> f64 {
            names.iter().filter_map(|name| seen.work.get(name)).map(|used| used.held.as_secs_f64()).sum()
        };
        self.real_time = (
            Some(held(["transcript", "partial"]) / heard_s),
            Some(held(["first_speech", "speech"]) / spoken_s),
        );
    }

    pub(super) fn load(&self, calls: usize) -> Load {
        let free = self.last.as_ref().and_then(|(_, seen)| seen.free_memory);
        let busy = mean(self.busy_with_calls.iter().map(|(_, busy)| *busy));
        Load {
            calls,
            cores: self.cores,
            busy_cores: if calls > 0 { busy } else { 0.0 },
            fixed_ms: self.lately.silence_ms.unwrap_or(0.0),
            p95_ms: self.lately.typical_v2v_ms().filter(|_| self.lately.turns >= ENOUGH_TURNS),
            measured_busy: busy,
            free_memory: free.unwrap_or(u64::MAX),
            memory_per_call: MEMORY_PER_CALL,
        }
    }

    /// Works advice out, and logs what is new in it, once.
    pub(super) fn advise(&mut self, figures: &Figures) {
        self.advice = advise(figures);
        for advice in &self.advice {
            if self.told.insert(advice.id) {
                tracing::info!(key = advice.key, "advice: {advice}");
            }
        }
    }
}

fn mean(looks: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = looks.len().max(1) as f64;
    looks.sum::<f64>() / count
}

/// The time for which cores were held by work that gives way to any other.
pub(super) fn gives_way(work: &BTreeMap<&'static str, CoreUse>) -> Duration {
    ["speculation", "idle"].iter().filter_map(|name| work.get(name)).map(|used| used.held).sum()
}

/// The mean wait of a job for cores between two looks, in the kind of work that waited longest.
pub(super) fn mean_wait(
    before: &BTreeMap<&'static str, CoreUse>,
    now: &BTreeMap<&'static str, CoreUse>,
) -> Duration {
    let waits = now.iter().map(|(name, used)| {
        let before = before.get(name).copied().unwrap_or_default();
        let jobs = u32::try_from(used.jobs.saturating_sub(before.jobs)).unwrap_or(u32::MAX);
        used.waited.saturating_sub(before.waited) / jobs.max(1)
    });
    waits.max().unwrap_or_default()
}
