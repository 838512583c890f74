//! Whether partial transcripts of one call delay the finals of another: finals alone and finals beside a
//! caller whose partials never stop, in turns. Knows the engines as a call does.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::name;
use super::timing::{ms, now};
use crate::app::engines::{open_models, start};
use crate::cli::output::outln;
use crate::config::Config;
use crate::engine::CancelFlag;
use crate::engine::cpu_time::CpuTime;
use crate::engine::engines::Engines;
use crate::engine::ports::HearRequest;
use crate::stats::Distribution;
use crate::telemetry::metrics::Metrics;
use crate::units::PHONE_RATE;
use anyhow::{Context as _, bail};

/// From a final to the next: a time for which people speak between two finals, and never in step with
/// partials.
const BETWEEN: Duration = Duration::from_millis(137);

/// From one partial of the other caller to the next, at least.
const PACE: Duration = Duration::from_millis(20);

/// The times of finals, in milliseconds.
#[derive(Debug, serde::Serialize)]
struct Row {
    model: String,
    beside: &'static str,
    finals: usize,
    median_ms: f64,
    p95_ms: f64,
    longest_ms: f64,
    /// Partials of the other caller that were completed.
    partials: usize,
    /// Partials that gave way.
    broken_off: usize,
}

/// Measures `finals` of each kind for `audio` (8 kHz) and prints the distributions.
pub(super) fn run(config: &Config, audio: &[i16], finals: usize, json: bool) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let engines =
        start(config, open_models(config)?, crate::runtime::clock::uptime(), &metrics.engines, None)?;
    let mut times: [Vec<f64>; 2] = Default::default();
    let (mut done, mut broken_off) = (0, 0);
    let mut other = Other::new(&engines, audio);
    // Blocks of both kinds take turns, so that noise of the machine affects both.
    let block = finals.div_ceil(8).max(1);
    while times[1].len() < finals {
        for (kind, times) in times.iter_mut().enumerate() {
            for _ in 0..block {
                let until = now() + BETWEEN;
                while now() < until {
                    if kind == 1 {
                        other.look()?;
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
                times.push(final_of(&engines, audio, &mut other, kind == 1)?);
            }
        }
        let (now_done, now_broken_off) = other.settle();
        done += now_done;
        broken_off += now_broken_off;
    }
    let model = name(&config.stt.model);
    let [alone, beside] = times.map(row);
    print(&Row { beside: "nothing", partials: 0, broken_off: 0, model: model.clone(), ..alone }, json)?;
    print(&Row { beside: "partials of another call", partials: done, broken_off, model, ..beside }, json)
}

/// The time of one final, from the request to its words, in milliseconds.
fn final_of(engines: &Engines, audio: &[i16], other: &mut Other<'_>, beside: bool) -> anyhow::Result<f64> {
    let (results, heard) = mpsc::channel();
    let asked = now();
    ask(engines, audio, false, &results)?;
    while asked.elapsed() < Duration::from_secs(60) {
        match heard.try_recv() {
            Ok(true) => return Ok(ms(asked)),
            Ok(false) => bail!("a final failed"),
            Err(_) if beside => other.look()?,
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    bail!("a final was not ready after a minute")
}

/// The other caller, who never stops speaking.
struct Other<'e> {
    engines: &'e Engines,
    audio: &'e [i16],
    results: mpsc::Sender<bool>,
    heard: mpsc::Receiver<bool>,
    looking: bool,
    next: Instant,
    done: usize,
    broken_off: usize,
}

impl<'e> Other<'e> {
    fn new(engines: &'e Engines, audio: &'e [i16]) -> Self {
        let (results, heard) = mpsc::channel();
        Self { engines, audio, results, heard, looking: false, next: now(), done: 0, broken_off: 0 }
    }

    /// Asks for the next partial once the last one is done.
    fn look(&mut self) -> anyhow::Result<()> {
        self.hear();
        if !self.looking && now() >= self.next {
            ask(self.engines, self.audio, true, &self.results)?;
            self.looking = true;
            self.next = now() + PACE;
        }
        Ok(())
    }

    fn hear(&mut self) {
        while let Ok(whole) = self.heard.try_recv() {
            self.looking = false;
            self.done += usize::from(whole);
            self.broken_off += usize::from(!whole);
        }
    }

    /// Waits for the last partial. Returns the number of partials that were completed and broken off since
    /// the last call.
    fn settle(&mut self) -> (usize, usize) {
        let patience = now() + Duration::from_secs(10);
        while self.looking && now() < patience {
            self.hear();
            std::thread::sleep(Duration::from_millis(1));
        }
        (std::mem::take(&mut self.done), std::mem::take(&mut self.broken_off))
    }
}

fn ask(engines: &Engines, audio: &[i16], partial: bool, results: &mpsc::Sender<bool>) -> anyhow::Result<()> {
    let cancel = CancelFlag::default();
    let request =
        HearRequest { samples: audio.to_vec(), rate: PHONE_RATE, partial, cancel, cpu: CpuTime::default() };
    let results = results.clone();
    let done = Box::new(move |outcome: Result<_, _>| {
        // The send fails if the measurement is over.
        let _ = results.send(outcome.is_ok());
    });
    engines.hear.hear(request, done).context("the queue of the recognisers is full")
}

fn row(times: Vec<f64>) -> Row {
    let times: Distribution = times.into_iter().collect();
    Row {
        model: String::new(),
        beside: "",
        finals: times.count(),
        median_ms: times.median().unwrap_or_default(),
        p95_ms: times.percentile(95.0).unwrap_or_default(),
        longest_ms: times.longest().unwrap_or_default(),
        partials: 0,
        broken_off: 0,
    }
}

fn print(row: &Row, json: bool) -> anyhow::Result<()> {
    if json {
        outln!("{}", crate::cli::json::line(row)?)?;
        return Ok(());
    }
    outln!(
        "{:<30} beside {:<26} {:>4} finals: median {:>6.1} ms, p95 {:>6.1}, longest {:>6.1}; {} partials, {} broken off",
        row.model,
        row.beside,
        row.finals,
        row.median_ms,
        row.p95_ms,
        row.longest_ms,
        row.partials,
        row.broken_off
    )?;
    Ok(())
}
