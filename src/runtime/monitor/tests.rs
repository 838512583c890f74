//! The monitor on a clock of its own: what it leaves out, takes back and refuses. No engine computes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::config::{DEFAULT_CONFIG, parse};
use crate::dialogue::CountTokens;
use crate::engine::cores::Cores;
use crate::engine::grammars::Grammars;
use crate::engine::ladder;
use crate::engine::measures::Measures;
use crate::engine::ports::{Speak, SpeakRequest, SpeakSink, Think};
use crate::engine::queue::QueueFull;
use crate::engine::scripted::{ScriptedHear, ScriptedThink};
use crate::engine::voices::Voices;
use crate::report::{ReportedTurn, Stages, TurnReport};

struct Mute;

impl Speak for Mute {
    fn speak(&self, _: SpeakRequest, _: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        Ok(())
    }
}

fn engines() -> Engines {
    let model = || -> Arc<dyn Think> { Arc::new(ScriptedThink::new(None)) };
    Engines {
        hear: Arc::new(ScriptedHear::new(None)),
        models: ladder::Ladder::new(vec![("main".to_owned(), model()), ("small".to_owned(), model())]),
        speak: Arc::new(Mute),
        cores: Cores::new(2, Arc::new(|| Duration::ZERO)),
        count: CountTokens::new(|text| text.len()),
        route: None,
        answers: Arc::default(),
        guides: Arc::default(),
        grammars: Grammars::new(Cores::new(2, Arc::new(|| Duration::ZERO))),
        measures: Measures::default(),
        voices: Voices::default(),
        requests: None,
        health: Arc::new([]),
        watch: None,
        faults: None,
    }
}

/// A server on a clock of its own, in which every second has a turn.
struct House {
    monitor: Monitor,
    engines: Engines,
    clock: Arc<AtomicU64>,
    cpu: Duration,
    calls: usize,
}

impl House {
    fn new() -> Self {
        let text = DEFAULT_CONFIG
            .replace("small_model = \"\"", "small_model = \"small\"")
            .replace("stand_ins = []", "stand_ins = [{ name = \"small\", model = \"small.gguf\" }]");
        let config = Arc::new(parse(&text, "test", std::path::Path::new("")).expect("a configuration"));
        let clock = Arc::<AtomicU64>::default();
        let reads = clock.clone();
        let now: Now = Arc::new(move || Duration::from_millis(reads.load(Ordering::SeqCst)));
        let (monitor, engines) = (Monitor::new(config, now, true), engines());
        monitor.begin(&engines);
        Self { monitor, engines, clock, cpu: Duration::ZERO, calls: 4 }
    }

    /// So many seconds, with a turn in each of which the transcript took `stt_ms`, and so many busy cores.
    fn run(&mut self, seconds: u32, stt_ms: f64, busy: f64) {
        for _ in 0..seconds {
            self.clock.fetch_add(1000, Ordering::SeqCst);
            self.cpu += Duration::from_secs_f64(busy);
            let stages = Some(Stages { endpoint_ms: 250.0, stt_ms, ..Stages::default() });
            let turn =
                ReportedTurn { turn: TurnReport { stages, ..TurnReport::default() }, ..Default::default() };
            self.monitor.told(&CallId::new("c"), &Happened::Turn(turn));
            let seen = Seen { calls: self.calls, cpu: self.cpu, ..Seen::default() };
            self.monitor.look(seen, &self.engines);
        }
    }

    fn left_out(&self) -> u32 {
        self.monitor.quality().step
    }
}

#[test]
fn a_pressed_server_leaves_things_out_one_by_one_and_takes_them_back_when_it_is_at_ease() {
    let mut house = House::new();
    house.run(30, 100.0, 0.5);
    assert_eq!(house.left_out(), 0);
    // Each step is judged by the turns that follow it.
    house.run(90, 900.0, 1.9);
    let quality = house.monitor.quality();
    assert_eq!((quality.step, quality.of), (3, 3), "{quality:?}");
    assert!(quality.because.contains("transcript"), "{quality:?}");
    assert!(house.engines.measures.no_partials());
    assert_eq!(house.engines.measures.reply_words(), Some(25));
    assert_eq!(house.engines.models.in_use(), "small");
    // Each step back takes half a minute of ease.
    house.run(240, 100.0, 0.5);
    assert_eq!(house.left_out(), 0, "{:?}", house.monitor.quality());
    assert!(!house.engines.measures.no_partials());
    assert_eq!((house.engines.measures.reply_words(), house.engines.models.in_use()), (None, "main"));
    assert_eq!(house.monitor.moves().values().sum::<u64>(), 6);
}

#[test]
fn a_call_that_would_make_answers_too_slow_is_refused_with_the_figures() {
    let mut house = House::new();
    house.run(60, 300.0, 0.4);
    assert_eq!(house.monitor.admit(house.calls), Ok(()));
    assert!(house.monitor.admission(house.calls).room > 0);
    // Answers are slow already, at few busy cores.
    house.run(60, 2100.0, 0.4);
    let refused = house.monitor.admit(house.calls).expect_err("it is refused").to_string();
    assert!(refused.contains("quality.max_p95_ms"), "{refused}");
    assert_eq!(house.monitor.admission(house.calls).room, 0);
    // Nobody would be disturbed.
    assert_eq!(house.monitor.admit(0), Ok(()));
    // Answers are quick, but the cores are busy.
    house.run(60, 100.0, 1.75);
    let refused = house.monitor.admit(house.calls).expect_err("it is refused").to_string();
    assert!(refused.contains("quality.max_busy"), "{refused}");
}

#[test]
fn a_peak_of_an_hour_ago_keeps_nobody_out() {
    let mut house = House::new();
    house.run(120, 100.0, 1.75);
    assert!(house.monitor.admit(4).is_err());
    house.clock.fetch_add(3_600_000, Ordering::SeqCst);
    house.calls = 1;
    house.run(2, 100.0, 0.2);
    assert_eq!(house.monitor.admit(1), Ok(()));
}
