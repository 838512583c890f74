//! What traces of calls promise, against a collector that is as hostile as a test wants it: spans that nest,
//! link and add up, no words unless they are wanted, and no call that waits. Each test is a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and measure from outside"
)]

mod collector;
mod property;
mod sending;
mod spans;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use offhook_core::dialogue::Usage;
use offhook_core::ids::{CallId, TurnId};
use offhook_core::report::{
    Beginning, Consumption, End, Failure, Happened, Hidden, ReportedTurn, Speculation, Stages, Summary,
    TokenCount, Trouble, TurnReport,
};
use offhook_core::units::CallTime;
use offhook_otlp::{Exporter, Options, Retries};

use collector::Collector;

/// Long enough for any machine.
const LONG: Duration = Duration::from_secs(60);

/// When the calls of these tests start, since 1970.
const START: Duration = Duration::from_millis(1_700_000_000_250);

/// What trouble was told.
type Troubles = Arc<Mutex<Vec<String>>>;

/// An exporter to this collector that sends at once and does not wait between tries.
fn options(collector: &Collector) -> Options {
    Options {
        longest_wait: Duration::from_millis(1),
        retries: Retries {
            tries: 3,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
        },
        ..Options::to(collector.endpoint())
    }
}

/// The same, with what it tells.
fn told(options: Options) -> (Options, Troubles) {
    let troubles = Troubles::default();
    let told = Arc::clone(&troubles);
    let report = move |trouble: &offhook_otlp::Trouble| told.lock().unwrap().push(trouble.to_string());
    (Options { report: Arc::new(report), ..options }, troubles)
}

fn call() -> CallId {
    CallId::new("c-1")
}

/// A moment so many milliseconds into the call.
fn at(ms: u64) -> Duration {
    START + Duration::from_millis(ms)
}

fn started() -> Happened {
    Happened::Started(Beginning {
        gateway: "twilio".into(),
        rate: 8000,
        client_id: Some("private-session".into()),
        from: Some("+1555private".into()),
        to: Some("+1666private".into()),
        data: [("ticket".to_owned(), "private-ticket".to_owned())].into(),
    })
}

fn stages() -> Stages {
    Stages {
        endpoint_ms: 250.0,
        stt_ms: 12.5,
        llm_first_token_ms: 90.123,
        tts_first_audio_ms: 40.0,
        first_frame_ms: 1.0,
    }
}

/// A turn after which the caller's last sound was 2 s into the call.
fn turn(number: u32) -> TurnReport {
    TurnReport {
        turn: TurnId(number),
        heard: "private words of the caller".into(),
        reply: "private words of the agent".into(),
        speech_end: Some(CallTime::from_millis(2000)),
        stages: Some(stages()),
        answer_ms: Some(393.623),
        hidden: Some(Hidden { stt_ms: 80.0, llm_ms: 7.0, tts_ms: 0.0 }),
        mark_return_ms: Some(120.0),
        speculation: Speculation::Used,
        tokens: Some(Usage { prompt: 100, reused: 90, generated: 12, ..Usage::default() }),
        ..TurnReport::default()
    }
}

fn over(turn: TurnReport) -> Happened {
    Happened::Turn(ReportedTurn { turn, model: "small".into(), speech_end_ms: Some(1990.0) })
}

fn failed() -> Happened {
    let message = "could not say private words".into();
    Happened::Failed(Trouble::Engine, Failure { code: "tts".into(), message })
}

fn ended() -> Happened {
    let consumed = Consumption {
        tokens: TokenCount { prompt: 300, reused: 200, generated: 30 },
        caller_audio_s: 9.5,
        agent_audio_s: 4.25,
        cpu_s: 1.5,
    };
    Happened::Ended(Summary {
        end: End { code: "caller_hung_up".into(), reason: "private reason".into() },
        duration_ms: 10_000.0,
        turns: 1,
        interruptions: 2,
        consumed,
        ..Summary::default()
    })
}

/// Tells events of a call, a second apart, and waits until they are sent or dropped.
fn tell(exporter: &Exporter, events: &[Happened]) {
    for (second, happened) in (0..).zip(events) {
        exporter.tell(at(second * 1000), &call(), happened);
    }
    assert!(exporter.flush(LONG));
}

fn wait_until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < LONG, "it does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}
