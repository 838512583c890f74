//! Calls for tests, and what is read of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_core::dialogue::Usage;
use offhook_core::ids::{CallId, ToolCallId, TurnId};
use offhook_core::report::{
    Beginning, End, EndOfTurn, Failure, Happened, Hidden, ReportedTurn, Speculation, Spread, Stages, Summary,
    ToolEnd, ToolRun, Trouble as CallTrouble, TurnReport,
};
use offhook_records::{Call, Clock, Filter, FullCall, Moment, Options, Recorder, Store, Trouble, Which};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The start of the tests' calls: 2026-01-01.
pub(crate) const START: i64 = 1_767_225_600_000;

/// A database in a folder of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) file: PathBuf,
}

pub(crate) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records/calls.db");
    Place { folder, file }
}

impl Place {
    pub(crate) fn recorder(&self) -> Recorder {
        Recorder::open(Options::of(&self.file), START).unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.file).unwrap()
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        self.store().list(&Filter::default()).unwrap()
    }

    pub(crate) fn call(&self, name: &str) -> FullCall {
        self.store().call(&Which::Name(name.to_owned())).unwrap().unwrap()
    }

    /// Whether a text is in one of the database's files.
    pub(crate) fn has_on_disk(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.file.parent().unwrap()).unwrap();
        files
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

/// What a recorder reports.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Trouble>>>);

impl Told {
    pub(crate) fn options(&self, file: &Path) -> Options {
        let all = Arc::clone(&self.0);
        Options {
            report: Arc::new(move |trouble| all.lock().unwrap().push(trouble.clone())),
            ..Options::of(file)
        }
    }

    pub(crate) fn all(&self) -> Vec<Trouble> {
        self.0.lock().unwrap().clone()
    }
}

/// The clocks of a machine on which time passes, and on which somebody sets the time of day.
#[derive(Clone)]
pub(crate) struct Clocks(Arc<Mutex<Moment>>);

impl Clocks {
    pub(crate) fn at(time_of_day: i64) -> Self {
        Self(Arc::new(Mutex::new(Moment { time_of_day, elapsed: Duration::ZERO })))
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.lock().unwrap().time_of_day
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut moment = self.0.lock().unwrap();
        moment.time_of_day += time.as_millis() as i64;
        moment.elapsed += time;
    }

    /// Sets the time of day forward by so many milliseconds, or back.
    pub(crate) fn set(&self, by: i64) {
        self.0.lock().unwrap().time_of_day += by;
    }

    pub(crate) fn clock(&self) -> Clock {
        let moment = Arc::clone(&self.0);
        Arc::new(move || *moment.lock().unwrap())
    }
}

pub(crate) fn id(name: &str) -> CallId {
    CallId::new(name)
}

pub(crate) fn began() -> Happened {
    Happened::Started(Beginning {
        gateway: "twilio".into(),
        rate: 8_000,
        client_id: Some("client".into()),
        from: Some("+14155552671".into()),
        to: Some("+442079460018".into()),
        data: BTreeMap::from([("plan".into(), "gold".into())]),
    })
}

pub(crate) fn turn(number: u32, heard: &str, reply: &str) -> Happened {
    let turn = TurnReport {
        turn: TurnId(number),
        heard: heard.into(),
        reply: reply.into(),
        stages: Some(Stages {
            endpoint_ms: 250.0,
            stt_ms: 20.0,
            llm_first_token_ms: 130.0,
            ..Stages::default()
        }),
        hidden: Some(Hidden { stt_ms: 80.0, ..Hidden::default() }),
        answer_ms: Some(400.0),
        mark_return_ms: Some(90.0),
        speculation: Speculation::Used,
        end_of_turn: Some(EndOfTurn { rules: 0.5, model: Some(0.75), score: 0.75, wait_ms: 300.0 }),
        tokens: Some(Usage { prompt: 100, reused: 80, generated: 12, ..Usage::default() }),
        ..TurnReport::default()
    };
    Happened::Turn(ReportedTurn { turn, model: "small".into(), speech_end_ms: Some(1500.0) })
}

pub(crate) fn failed(message: &str) -> Happened {
    Happened::Failed(CallTrouble::Late, Failure { code: "stt_late".into(), message: message.into() })
}

pub(crate) fn ended(code: &str, v2v_p95_ms: f64) -> Happened {
    let spread = Spread { last: 1.0, p50: 400.0, p95: v2v_p95_ms, max: v2v_p95_ms };
    Happened::Ended(Summary {
        end: End { code: code.into(), reason: "because".into() },
        duration_ms: 5_000.0,
        turns: 2,
        interruptions: 1,
        latency: BTreeMap::from([("v2v_ms".into(), spread)]),
        ..Summary::default()
    })
}

/// Tells a whole call: 2 events and two turns.
pub(crate) fn whole_call(recorder: &Recorder, name: &str, at: i64) {
    let id = id(name);
    recorder.tell(at, &id, &began());
    recorder.tell(at + 1_000, &id, &turn(0, "", "Hello!"));
    recorder.tell(at + 4_000, &id, &turn(1, "two rooms please", "Of course."));
    recorder.tell(at + 5_000, &id, &ended("hung_up", 500.0));
}

/// Waits until something is so.
pub(crate) fn until(so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never was so");
}

/// A tool was called.
pub(crate) fn tool_ran() -> Happened {
    Happened::ToolRan(ToolRun {
        turn: TurnId(1),
        id: ToolCallId::default(),
        name: "book".to_owned(),
        arguments: "{\"day\":\"Tuesday\"}".to_owned(),
        end: ToolEnd::Done,
        output: "It is written down.".to_owned(),
        took_ms: 120.3,
    })
}
