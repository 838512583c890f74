//! Prints what the ear does on lines with echoes, by the level of the echo and its delay (docs/echo.md).
//! Arguments: levels in dB; none for the whole table. `--hard` adds lines that are worse than the table's.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, unreachable_pub, missing_docs)]

#[path = "../tests/support/echo_line.rs"]
mod echo_line;

use std::time::Instant;

use echo_line::{Outcome, Phrase, Way, call, recording};
use offhook_core::media::ear::EarSettings;

const LEVELS: [f64; 6] = [-12.0, -18.0, -24.0, -30.0, -35.0, -45.0];
const DELAYS: [f64; 4] = [50.0, 150.0, 250.0, 400.0];

/// An interruption is obeyed if the agent pauses at most this much later than on a line without echo.
const IN_TIME_MS: f64 = 400.0;

const OFF: EarSettings = EarSettings { dc: false, echo_guard: false, noise_suppression: false, level: false };

/// Sentences of one speaker, half a second apart, beginning with the `first`.
fn agent(first: usize) -> Vec<i16> {
    let mut names = ["0001", "0004", "0005", "0007", "0002", "0008"];
    names.rotate_left(first);
    let sentence = |name| recording(&format!("tests/data/people/ljspeech-LJ001-{name}.wav"));
    names.into_iter().flat_map(|name| [sentence(name), vec![0; 4000]].concat()).collect()
}

/// Eight phrases of other speakers.
fn callers(first: usize) -> Vec<Phrase> {
    let people = ["jfk", "librivox-0870", "librivox-0880", "librivox-0890", "librivox-0920", "librivox-0930"];
    let demo = (1..=8).map(|n| format!("models/demo/callers/{n}.wav"));
    let mut paths: Vec<String> =
        demo.chain(people.map(|name| format!("tests/data/people/{name}.wav"))).collect();
    paths.rotate_left(first * 5);
    let phrase = |(n, path): (usize, &String)| {
        let mut samples = recording(path);
        samples.truncate(24_000);
        ([1500, 3000, 700, 4200, 2500][(n + first) % 5], samples)
    };
    paths.iter().take(8).enumerate().map(phrase).collect()
}

#[derive(Default)]
struct Cell {
    false_pauses: usize,
    alone: f64,
    obeyed_ms: Vec<Option<f64>>,
    found_after: Vec<f64>,
    enhancement_db: Vec<f64>,
    caller_over_rest_db: Vec<f64>,
}

impl Cell {
    /// Three times a call in which the agent speaks alone, and a call with eight interruptions.
    fn measure(way: &Way, settings: EarSettings, quieter_db: f64) -> Self {
        let mut cell = Self::default();
        for k in 0..3 {
            let phrases: Vec<Phrase> = callers(k)
                .into_iter()
                .map(|(after, samples)| {
                    let quieter = |s: i16| (f64::from(s) * 10_f64.powf(-quieter_db / 20.0)) as i16;
                    (after, samples.into_iter().map(quieter).collect())
                })
                .collect();
            let alone = call(&agent(2 * k), &[], way, settings);
            let interrupted = call(&agent(2 * k), &phrases, way, settings);
            cell.add(&alone);
            cell.found_after.extend(alone.found_after);
            cell.enhancement_db.push(alone.enhancement_db);
            cell.add(&interrupted);
            // The level control would count as a difference between the caller and what is heard.
            let guard_only = EarSettings { echo_guard: settings.echo_guard, ..OFF };
            let clear = call(&agent(2 * k), &phrases, way, guard_only);
            cell.caller_over_rest_db.push(clear.caller_over_rest_db);
        }
        cell
    }

    fn add(&mut self, outcome: &Outcome) {
        self.false_pauses += outcome.false_pauses.len();
        self.alone += outcome.agent_alone;
        self.obeyed_ms.extend(&outcome.obeyed_ms);
    }

    fn false_a_minute(&self) -> f64 {
        self.false_pauses as f64 * 60.0 / self.alone
    }

    /// How much later than in `other` each interruption was noticed.
    fn later_than(&self, other: &Self) -> Vec<f64> {
        let late = |(mine, clean): (&Option<f64>, &Option<f64>)| match (mine, clean) {
            (Some(mine), Some(clean)) => mine - clean,
            (Some(_), None) => 0.0,
            (None, _) => f64::INFINITY,
        };
        self.obeyed_ms.iter().zip(&other.obeyed_ms).map(late).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn row(name: &str, way: &Way, quieter_db: f64) {
    let without = Cell::measure(way, OFF, quieter_db);
    let with = Cell::measure(way, EarSettings::default(), quieter_db);
    let silent = Way { gain_db: f64::NEG_INFINITY, ..*way };
    let clean = Cell::measure(&silent, OFF, quieter_db);
    let later = with.later_than(&clean);
    let in_time = later.iter().filter(|ms| **ms <= IN_TIME_MS).count();
    println!(
        "| {name} | {:.0} | {:.1} | {:.1} | {in_time} of {} | {:.0} ms | {:+.0} ms | {:.1} s | {:.0} dB | {:.0} dB | {:.0} dB |",
        way.delay_ms,
        without.false_a_minute(),
        with.false_a_minute(),
        later.len(),
        median(with.obeyed_ms.iter().flatten().copied()),
        median(later.iter().copied()),
        mean(&with.found_after),
        mean(&with.enhancement_db),
        mean(&without.caller_over_rest_db),
        mean(&with.caller_over_rest_db),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let levels: Vec<f64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    println!(
        "| echo | delay, ms | false pauses a minute without the ear | with it | obeyed in time | after | later than without echo | found after | filter takes | caller over echo, without | with |\n|---|---|---|---|---|---|---|---|---|---|---|"
    );
    for level in if levels.is_empty() { LEVELS.to_vec() } else { levels } {
        for delay in DELAYS {
            row(&format!("{level} dB"), &Way::new(delay, level), 0.0);
        }
    }
    if arguments.iter().any(|argument| argument == "--hard") {
        for level in [-12.0, -18.0, -24.0] {
            let way = Way::new(150.0, level);
            row(&format!("{level} dB, callers 12 dB quieter"), &way, 12.0);
            row(&format!("{level} dB, noise of -48 dBFS"), &Way { noise: 130.0, ..way }, 0.0);
            row(&format!("{level} dB, an overdriven loudspeaker"), &Way { overdrive: 4.0, ..way }, 0.0);
            row(&format!("{level} dB, clocks 100 ppm apart"), &Way { drift: 0.8, ..way }, 0.0);
            row(&format!("{level} dB, 30 ms more from 12 s on"), &Way { jump_ms: 30.0, ..way }, 0.0);
            row(&format!("{level} dB, 2 % of the messages lost"), &Way { one_lost_in: 50, ..way }, 0.0);
        }
    }
    let begun = Instant::now();
    let speech = agent(0);
    let with = call(&speech, &[], &Way::new(150.0, -18.0), EarSettings::default());
    let (guarded, frames) = (begun.elapsed(), with.heard.len() / 160);
    let begun = Instant::now();
    call(&speech, &[], &Way::new(150.0, -18.0), OFF);
    let ear = guarded.saturating_sub(begun.elapsed()).as_secs_f64();
    println!("\nthe ear takes {:.0} us a frame", ear * 1e6 / frames as f64);
}
