//! The state of the server as its administrators see it, put together. Must not know who asks.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::App;
use crate::engine::engines::Engines;
use crate::engine::health::HealthFigures;
use crate::quality::breaker;
use crate::telemetry::latencies::Figures;
use crate::telemetry::logging;
use crate::top::{Advice, Engine, Health, Percentiles, RecordCounts, State, Thrift, Work};

/// The state of this moment.
pub(super) fn server_state(app: &App) -> State {
    let (figures, engines, monitor) = (app.figures(), app.engines(), &app.monitor);
    let models = engines.map(|engines| &engines.models);
    let latency_lately = lately(app);
    let refused = app.would_refuse();
    State {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_s: figures.uptime.as_secs(),
        ready: figures.ready,
        not_ready: refused.map(|refused| refused.to_string()),
        draining: app.registry.is_draining(),
        calls: monitor.calls(|call| app.registry.spent(call)),
        max_calls: figures.max_calls,
        model_in_use: models.map_or_else(String::new, |models| models.in_use().to_owned()),
        models: models.into_iter().flat_map(|models| models.names().map(str::to_owned)).collect(),
        latency: percentiles(app.latencies.since_start()),
        engines: engines_now(app, &latency_lately),
        latency_lately,
        cores: figures.cores,
        work: figures.work.iter().map(|(name, used)| ((*name).to_owned(), work(used))).collect(),
        cpu_s: figures.cpu.as_secs_f64(),
        resident_mb: figures.resident_bytes >> 20,
        threads: figures.threads,
        refused: figures.refused.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        dropped_log_lines: figures.dropped_log_lines,
        records: figures.records.map(|counters| RecordCounts {
            written: counters.written,
            batches: counters.batches,
            waiting: counters.waiting,
            dropped: counters.dropped,
            lost: counters.lost,
            failed: counters.failed,
        }),
        log_level: logging::level(),
        quality: monitor.quality(),
        admission: monitor.admission(app.registry.calls()),
        advice: advice_now(app),
        history: monitor.history(),
        faults: engines
            .and_then(|engines| engines.faults.as_ref())
            .map(|faults| faults.told())
            .unwrap_or_default(),
        thrift: engines
            .map(|engines| thrift(engines, monitor.prompt_tokens(), app.metrics.engines.shared()))
            .unwrap_or_default(),
    }
}

/// The engines, in the order in which a turn meets them, with the latencies of the last minutes.
pub(super) fn engines_now(app: &App, lately: &BTreeMap<String, Percentiles>) -> Vec<Engine> {
    let (health, real_time) =
        (app.engines().map(Engines::health).unwrap_or_default(), app.monitor.real_time());
    health.iter().map(|figures| engine(figures, lately, real_time)).collect()
}

/// The latencies of the last minutes.
pub(super) fn lately(app: &App) -> BTreeMap<String, Percentiles> {
    percentiles(app.latencies.lately())
}

/// What an administrator should change.
pub(super) fn advice_now(app: &App) -> Vec<Advice> {
    let told = app.monitor.advice().into_iter();
    told.map(|told| Advice { key: told.key.to_owned(), because: told.because, change: told.change }).collect()
}

fn percentiles(figures: Figures) -> BTreeMap<String, Percentiles> {
    let named = figures.into_iter().map(|(name, of)| {
        let crate::telemetry::latencies::Percentiles { count, p50, p95, p99, max } = of;
        (name.to_owned(), Percentiles { count, p50, p95, p99, max })
    });
    named.collect()
}

fn work(used: &crate::report::CoreUse) -> Work {
    let whole_ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Work {
        jobs: used.jobs,
        dropped: used.dropped,
        waited_ms: whole_ms(used.waited),
        longest_wait_ms: whole_ms(used.longest_wait),
        held_ms: whole_ms(used.held),
    }
}

/// An engine, with the stage of a turn that it makes.
fn engine(
    figures: &HealthFigures,
    latency: &BTreeMap<String, Percentiles>,
    (stt, tts): (Option<f64>, Option<f64>),
) -> Engine {
    // A language model works on all its jobs at once, in one batch.
    let (stage, real_time_factor, at_once) = match figures.name.split(':').next() {
        Some("stt") => ("stt_ms", stt, figures.workers),
        Some("llm") => ("llm_first_token_ms", None, usize::MAX),
        Some("tts") => ("tts_first_audio_ms", tts, figures.workers),
        // No turn waits for the others.
        _ => ("", None, figures.workers),
    };
    let running = figures.running.min(at_once);
    Engine {
        name: figures.name.clone(),
        health: match figures.health {
            breaker::Health::Ok => Health::Ok,
            breaker::Health::Degraded => Health::Degraded,
            breaker::Health::Open => Health::Open,
            breaker::Health::HalfOpen => Health::HalfOpen,
        },
        running: running as u64,
        waiting: (figures.running - running) as u64,
        done: figures.done,
        failed: figures.failed,
        recent: figures.recent.0 as u64,
        recent_failed: figures.recent.1 as u64,
        opened: figures.opened,
        retry_in_s: figures.retry_in.map(|time| time.as_secs_f64()),
        real_time_factor,
        p95_ms: latency.get(stage).map(|of| of.p95),
        note: match figures.stuck {
            0 => String::new(),
            1 => "a thread does not come back".to_owned(),
            stuck => format!("{stuck} threads do not come back"),
        },
    }
}

fn thrift(engines: &Engines, (prompt_tokens, reused_tokens): (u64, u64), shared_generations: u64) -> Thrift {
    let remembered = engines.voices.remembered();
    let pages = engines.pages_used();
    Thrift {
        shared_generations,
        pages_reused: pages.reused,
        pages_made: pages.made,
        phrase_hits: remembered.hits,
        phrase_misses: remembered.misses,
        prompt_tokens,
        reused_tokens,
    }
}
