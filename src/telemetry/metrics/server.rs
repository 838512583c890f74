//! The figures of the server at the moment of a scrape: places, cores, memory. Must not know where they come
//! from.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::engine::health::HealthFigures;
use crate::engine::llm::PoolUse;
use crate::quality::breaker::Health;
use crate::quality::ladder::Measure;
use crate::records::{Counters, RecordingCounters};
use crate::report::CoreUse;
use crate::runtime::lookup::LookupCounters;
use crate::webhooks;

/// The figures of one moment.
#[derive(Debug, Clone, Default)]
pub struct ServerFigures {
    /// Time since the start.
    pub uptime: Duration,
    /// When the server started, since 1970.
    pub started: Duration,
    /// Calls are accepted.
    pub ready: bool,
    /// Calls in progress.
    pub calls: usize,
    /// The most calls at once.
    pub max_calls: usize,
    /// Cores that engines share.
    pub cores: usize,
    /// The use of cores by each kind of work.
    pub work: BTreeMap<&'static str, CoreUse>,
    /// Where the pages of the language models' caches came from.
    pub pages: PoolUse,
    /// Processor time of the whole process.
    pub cpu: Duration,
    /// Memory of the process that is in use, in bytes.
    pub resident_bytes: u64,
    /// Its threads.
    pub threads: u64,
    /// Clients that were refused, by kind.
    pub refused: BTreeMap<&'static str, u64>,
    /// Log lines that were dropped because the output did not keep up.
    pub dropped_log_lines: u64,
    /// What was written of records and what was lost, if any are kept.
    pub records: Option<Counters>,
    /// What was recorded, if calls are recorded.
    pub recordings: Option<RecordingCounters>,
    /// What was done with events of calls, if any are sent.
    pub webhooks: Option<webhooks::Counters>,
    /// How look-ups before calls ended, if anybody is asked.
    pub lookups: Option<LookupCounters>,
    /// The health of each engine.
    pub health: Vec<HealthFigures>,
    /// How many measures are taken against load.
    pub quality_step: u32,
    /// How often each measure was taken (true) or withdrawn.
    pub moves: BTreeMap<(Measure, bool), u64>,
}

impl ServerFigures {
    pub(super) fn registry(self) -> Registry {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        registry
    }
}

/// A figure without labels, and its help.
type Plain<V> = (&'static str, &'static str, V);

impl Collector for ServerFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let gauges: [Plain<f64>; 9] = [
            ("offhook_calls_active", "Calls in progress", self.calls as f64),
            ("process_start_time_seconds", "When the server started, since 1970", self.started.as_secs_f64()),
            ("offhook_uptime_seconds", "Time since the start of the server", self.uptime.as_secs_f64()),
            (
                "offhook_ready",
                "1 if calls are taken, be the server full or not",
                f64::from(u8::from(self.ready)),
            ),
            ("offhook_calls_limit", "The most calls at once (server.max_calls)", self.max_calls as f64),
            ("offhook_cores", "Cores that the engines share", self.cores as f64),
            ("process_resident_memory_bytes", "Memory in use", self.resident_bytes as f64),
            ("process_threads", "Threads of the process", self.threads as f64),
            (
                "offhook_quality_step",
                "Measures taken against load; 0 is full quality",
                f64::from(self.quality_step),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let cpu = ConstCounter::new(self.cpu.as_secs_f64());
        let metric =
            encoder.encode_descriptor("process_cpu_seconds", "Processor time", None, cpu.metric_type())?;
        cpu.encode(metric)?;
        let counted: [Plain<u64>; 3] = [
            ("offhook_log_lines_dropped", "Log lines that the output could not take", self.dropped_log_lines),
            (
                "llm_pages_reused",
                "Pages of the language models' caches that had been used before",
                self.pages.reused,
            ),
            ("llm_pages_made", "Pages of the language models' caches whose memory was new", self.pages.made),
        ];
        for (name, help, value) in counted {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        if let Some(records) = self.records {
            let events = [
                ("written", records.written),
                ("dropped", records.dropped),
                ("lost", records.lost),
                ("failed_tries", records.failed),
            ];
            let events = events.into_iter().map(|(outcome, count)| (outcome, count as f64));
            let name = ("offhook_record_events", "Events for the records of calls, by outcome", "outcome");
            counters(&mut encoder, name, events)?;
        }
        if let Some(recordings) = self.recordings {
            let ended = [
                ("whole", recordings.whole),
                ("failed", recordings.failed),
                ("too_long", recordings.too_long),
            ];
            let ended = ended.into_iter().map(|(outcome, count)| (outcome, count as f64));
            counters(&mut encoder, ("offhook_recordings", "Recordings that ended", "outcome"), ended)?;
            let dropped = [("dropped", recordings.dropped as f64)];
            let name = ("offhook_recording_blocks", "Blocks of audio that no recording has", "outcome");
            counters(&mut encoder, name, dropped.into_iter())?;
        }
        self.encode_webhooks(&mut encoder)?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let info = ConstGauge::new(1.0);
        let mut metric =
            encoder.encode_descriptor("offhook_build", "The version", None, info.metric_type())?;
        info.encode(metric.encode_family(&version)?)?;
        self.encode_health(&mut encoder)?;
        let refused = self.refused.iter().map(|(kind, count)| (*kind, *count as f64));
        counters(&mut encoder, ("offhook_refused", "Clients that were refused", "kind"), refused)?;
        let of_work = |of: fn(&CoreUse) -> f64| self.work.iter().map(move |(work, used)| (*work, of(used)));
        let held = ("offhook_core_held_seconds", "Time for which engines held cores", "work");
        counters(&mut encoder, held, of_work(|used| used.held.as_secs_f64()))?;
        let waited = ("offhook_core_wait_seconds", "Time for which engines waited for cores", "work");
        counters(&mut encoder, waited, of_work(|used| used.waited.as_secs_f64()))?;
        let jobs = ("offhook_core_grants", "How often cores were granted", "work");
        counters(&mut encoder, jobs, of_work(|used| used.jobs as f64))?;
        let dropped = ("offhook_core_refusals", "Work that found no core, or was broken off", "work");
        counters(&mut encoder, dropped, of_work(|used| used.dropped as f64))
    }
}

impl ServerFigures {
    fn encode_webhooks(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        if let Some(webhooks) = self.webhooks {
            let events = [
                ("delivered", webhooks.delivered),
                ("failed_tries", webhooks.retried),
                ("given_up", webhooks.given_up),
                ("dropped", webhooks.dropped),
                ("lost", webhooks.lost),
            ];
            let events = events.into_iter().map(|(outcome, count)| (outcome, count as f64));
            counters(encoder, ("offhook_webhooks", "Webhooks of calls, by outcome", "outcome"), events)?;
            let waiting = ConstGauge::new((webhooks.waiting + webhooks.queued) as f64);
            let help = "Webhooks that are not delivered yet";
            let name = "offhook_webhooks_waiting";
            waiting.encode(encoder.encode_descriptor(name, help, None, waiting.metric_type())?)?;
        }
        let Some(lookups) = self.lookups else { return Ok(()) };
        let ended = [
            ("answered", lookups.answered),
            ("late", lookups.late),
            ("failed", lookups.failed),
            ("nonsense", lookups.nonsense),
        ];
        let ended = ended.into_iter().map(|(outcome, count)| (outcome, count as f64));
        counters(encoder, ("offhook_lookups", "Look-ups before calls, by outcome", "outcome"), ended)
    }

    fn encode_health(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let any = ConstGauge::new(0.0);
        let help = "1 for the state in which an engine is";
        let mut family = encoder.encode_descriptor("offhook_engine_health", help, None, any.metric_type())?;
        for engine in &self.health {
            for health in [Health::Ok, Health::Degraded, Health::Open, Health::HalfOpen] {
                let labels = [("engine", engine.name.as_str()), ("state", health.name())];
                let value = f64::from(u8::from(engine.health == health));
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        let any = ConstCounter::new(0.0);
        let help = "How often an engine was left alone because it failed";
        let mut family = encoder.encode_descriptor("offhook_engine_opened", help, None, any.metric_type())?;
        for engine in &self.health {
            let labels = [("engine", engine.name.as_str())];
            ConstCounter::new(engine.opened as f64).encode(family.encode_family(&labels)?)?;
        }
        let help = "How often a measure against load was taken or withdrawn";
        let mut family = encoder.encode_descriptor("offhook_quality_moves", help, None, any.metric_type())?;
        for measure in Measure::ALL {
            for (taken, way) in [(true, "taken"), (false, "withdrawn")] {
                let count = self.moves.get(&(measure, taken)).copied().unwrap_or(0);
                let labels = [("measure", measure.name()), ("way", way)];
                ConstCounter::new(count as f64).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// A family of counters: its name, its help, its label, and the values.
fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, label): (&str, &str, &'static str),
    values: impl Iterator<Item = (&'static str, f64)>,
) -> Result<(), std::fmt::Error> {
    let any = ConstCounter::new(0.0);
    let mut family = encoder.encode_descriptor(name, help, None, any.metric_type())?;
    for (value, count) in values {
        let labels = [(label, value)];
        let metric = family.encode_family(&labels)?;
        ConstCounter::new(count).encode(metric)?;
    }
    Ok(())
}
