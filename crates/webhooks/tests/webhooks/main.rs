//! What webhooks promise, against an end point that is as hostile as a test wants it: nothing is lost that
//! was kept, calls keep their order, and no call waits. Each test is a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and measure from outside"
)]

mod delivering;
mod end_point;
mod events;
mod property;
mod spooling;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use offhook_core::ids::{CallId, ToolCallId, TurnId};
use offhook_core::report::{
    AfterCall, AfterState, Beginning, End, Failure, Happened, ReportedTurn, Speaker, Stages, Summary,
    ToolEnd, ToolRun, TranscriptLine, TurnReport,
};
use offhook_webhooks::{Endpoint, Options, Retries, Signer, Trouble, Webhooks};
use tempfile::TempDir;

use end_point::EndPoint;

/// Long enough for any machine.
const LONG: Duration = Duration::from_secs(60);

/// When the calls of these tests start, since 1970.
const START: Duration = Duration::from_millis(1_700_000_000_250);

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A place for a spool, a clock that tests set, and what trouble was told.
struct Place {
    folder: TempDir,
    file: PathBuf,
    millis: Arc<AtomicU64>,
    told: Arc<Mutex<Vec<Trouble>>>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hooks/spool.db");
    let millis = Arc::new(AtomicU64::new(START.as_millis() as u64));
    Place { folder, file, millis, told: Arc::default() }
}

impl Place {
    /// Options for this end point: a second between tries, on the simulated clock.
    fn options(&self, end_point: &EndPoint) -> Options {
        let (millis, told) = (Arc::clone(&self.millis), Arc::clone(&self.told));
        let second = Duration::from_secs(1);
        let endpoint = Endpoint::new(&end_point.url()).unwrap();
        Options {
            retries: Retries { first_pause: second, longest_pause: 60 * second, ..Retries::default() },
            look: Duration::from_millis(2),
            clock: Arc::new(move || Duration::from_millis(millis.load(Relaxed))),
            report: Arc::new(move |trouble: &Trouble| told.lock().unwrap().push(trouble.clone())),
            ..Options::new(endpoint, Signer::new([SECRET]).unwrap(), &self.file)
        }
    }

    fn webhooks(&self, end_point: &EndPoint) -> Webhooks {
        Webhooks::open(self.options(end_point)).unwrap()
    }

    fn pass(&self, time: Duration) {
        self.millis.fetch_add(time.as_millis() as u64, Relaxed);
    }

    fn told(&self) -> Vec<Trouble> {
        self.told.lock().unwrap().clone()
    }
}

fn id(name: &str) -> CallId {
    CallId::new(name)
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

fn turn(number: u32) -> Happened {
    let turn = TurnReport {
        turn: TurnId(number),
        heard: "private words of the caller".into(),
        reply: "private words of the agent".into(),
        stages: Some(Stages { endpoint_ms: 250.0, stt_ms: 12.5, ..Stages::default() }),
        ..TurnReport::default()
    };
    Happened::Turn(ReportedTurn { turn, model: "small".into(), speech_end_ms: Some(f64::NAN) })
}

fn ended() -> Happened {
    let line = |text: &str| TranscriptLine { turn: TurnId(1), speaker: Speaker::Caller, text: text.into() };
    Happened::Ended(Summary {
        call_id: "c".into(),
        end: End { code: "hung_up".into(), reason: "private reason".into() },
        client_id: Some("private-session".into()),
        data: [("ticket".to_owned(), "private-ticket".to_owned())].into(),
        turns: 1,
        transcript: vec![line("private words of the caller")],
        errors: vec![Failure { code: "stt_late".into(), message: "private text".into() }],
        ..Summary::default()
    })
}

/// Tells a call of one turn.
fn whole_call(webhooks: &Webhooks, name: &str) {
    for happened in [started(), turn(1), ended()] {
        webhooks.tell(START, &id(name), &happened);
    }
}

fn wait_until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < LONG, "it does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}
