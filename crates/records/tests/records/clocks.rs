//! Clocks that are wrong and are set: forward, back, in the middle of a call. Nothing is lost by them, and
//! what is old goes.

use std::time::Duration;

use offhook_records::{Filter, Options, Recorder, RecordingOptions, Recordings, Redaction, Trouble, Which};
use rusqlite::Connection;

use super::support::*;

const HOUR: Duration = Duration::from_secs(60 * 60);
const SECOND: Duration = Duration::from_secs(1);
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A machine with a database that keeps calls for 90 days.
struct Machine {
    place: Place,
    clocks: Clocks,
    told: Told,
}

impl Machine {
    /// It is the year 2026, and day 100.
    fn new() -> Self {
        Self { place: place(), clocks: Clocks::at(START + 100 * DAY), told: Told::default() }
    }

    /// One that has a call of each of the last 100 days, called by its day.
    fn with_calls() -> Self {
        let machine = Self::new();
        let recorder = machine.place.recorder();
        (0..100).for_each(|day| whole_call(&recorder, &format!("day-{day}"), START + day * DAY));
        assert!(recorder.close(LONG));
        machine
    }

    fn starts(&self) -> Recorder {
        let keep = Some(90 * 24 * HOUR);
        let options = Options { keep, clock: self.clocks.clock(), ..self.told.options(&self.place.file) };
        let recorder = Recorder::open(options, self.clocks.now()).unwrap();
        assert!(recorder.flush(LONG));
        recorder
    }

    /// Hours pass, and the server looks for old calls in each.
    fn runs(&self, recorder: &Recorder, hours: u32) {
        for _ in 0..hours {
            self.clocks.pass(HOUR);
            assert!(recorder.flush(LONG));
        }
    }

    fn call(&self, recorder: &Recorder, name: &str) {
        whole_call(recorder, name, self.clocks.now());
        assert!(recorder.flush(LONG));
    }

    fn names(&self) -> Vec<String> {
        self.place.list().into_iter().map(|call| call.call_id).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.names().iter().any(|has| has == name)
    }

    /// How often it was told that the clock may be wrong, and by how many days.
    fn doubts(&self) -> Vec<u64> {
        let days = |trouble: &Trouble| {
            if let Trouble::ClockDoubted { days } = trouble { Some(*days) } else { None }
        };
        self.told.all().iter().filter_map(days).collect()
    }
}

/// Fault: the clock at the start made calls 60 days older, and those that were younger than `keep` were lost.
#[test]
fn a_clock_that_is_ahead_at_the_start_deletes_nothing_until_it_is_set_right() {
    let machine = Machine::with_calls();
    machine.clocks.set(60 * DAY);
    let recorder = machine.starts();
    machine.call(&recorder, "ahead");
    machine.runs(&recorder, 5);
    assert_eq!((machine.names().len(), machine.doubts()), (101, vec![61]));
    machine.clocks.set(-60 * DAY);
    machine.runs(&recorder, 35);
    // It is the second half of day 101, and day 11 is 90 days old.
    let days: Vec<_> = (12..100).rev().map(|day| format!("day-{day}")).collect();
    assert_eq!(machine.names()[1..], days);
}

#[test]
fn a_clock_that_jumps_for_an_hour_while_the_server_runs_loses_no_call() {
    let machine = Machine::with_calls();
    let recorder = machine.starts();
    machine.runs(&recorder, 24);
    let before = machine.names();
    for by in [60 * DAY, 26_000 * DAY, -26_000 * DAY, -DAY - 1] {
        machine.clocks.set(by);
        machine.runs(&recorder, 1);
        machine.clocks.set(-by);
        assert!(recorder.flush(LONG));
        assert_eq!(machine.names(), before, "{by}");
    }
}

#[test]
fn a_server_that_crashes_and_starts_by_a_clock_that_is_ahead_loses_no_call() {
    let machine = Machine::with_calls();
    machine.clocks.set(26_000 * DAY);
    for round in 0..10 {
        let recorder = machine.starts();
        machine.call(&recorder, &format!("ahead-{round}"));
        machine.runs(&recorder, 2);
        assert!(recorder.close(LONG));
    }
    assert_eq!(machine.names().len(), 110);
    assert!(machine.doubts().iter().all(|days| *days == 26_001), "{:?}", machine.doubts());
}

#[test]
fn a_machine_that_starts_in_the_same_wrong_year_again_and_again_loses_no_call() {
    let machine = Machine::with_calls();
    for day in 100..110 {
        machine.clocks.set(26_000 * DAY);
        let recorder = machine.starts();
        machine.call(&recorder, &format!("ahead-{day}"));
        machine.clocks.set(-26_000 * DAY);
        machine.call(&recorder, &format!("day-{day}"));
        machine.runs(&recorder, 24);
        assert!(recorder.close(LONG));
    }
    // Day 110 begins.
    assert!(machine.has("day-20") && !machine.has("day-19"));
}

#[test]
fn old_calls_of_a_server_that_was_off_are_deleted_within_hours() {
    let machine = Machine::with_calls();
    machine.clocks.set(60 * DAY);
    let recorder = machine.starts();
    machine.runs(&recorder, 5);
    assert_eq!(machine.names().len(), 100);
    machine.runs(&recorder, 1);
    let left = machine.names();
    assert_eq!((left.len(), left.last().unwrap().as_str()), (29, "day-71"));
    assert_eq!((recorder.counters().expired, machine.doubts()), (71, vec![61]));
}

#[test]
fn they_are_deleted_as_soon_if_it_is_started_every_few_hours_and_is_called() {
    let machine = Machine::with_calls();
    machine.clocks.set(60 * DAY);
    for round in 0..6 {
        let recorder = machine.starts();
        machine.call(&recorder, &format!("new-{round}"));
        machine.runs(&recorder, 5);
        assert!(recorder.close(LONG));
    }
    assert!(machine.has("day-72") && !machine.has("day-70"));
}

#[test]
fn a_machine_that_sleeps_every_night_deletes_what_is_old_all_the_same() {
    let machine = Machine::with_calls();
    let recorder = machine.starts();
    for _ in 0..20 {
        machine.runs(&recorder, 10);
        // Monotonic clocks stand still in the night.
        machine.clocks.set(14 * 60 * 60 * 1000);
    }
    let left = machine.names();
    assert_eq!(left.last().unwrap(), "day-30");
}

#[test]
fn a_weekend_without_calls_is_no_reason_to_doubt_the_clock_aloud() {
    let machine = Machine::with_calls();
    machine.clocks.set(3 * DAY);
    let recorder = machine.starts();
    machine.runs(&recorder, 20);
    assert_eq!((machine.names().len(), machine.doubts()), (86, vec![]));
}

#[test]
fn a_server_that_is_called_every_day_deletes_at_its_start() {
    let machine = Machine::with_calls();
    machine.clocks.pass(HOUR);
    let recorder = machine.starts();
    assert_eq!((machine.names().len(), recorder.counters().expired), (89, 11));
}

/// Fault: a call that was dated by a clock that was behind was deleted within the hour in which it ended.
#[test]
fn a_call_that_is_dated_by_a_clock_that_was_behind_is_kept_as_long_as_the_calls_around_it() {
    let machine = Machine::with_calls();
    let recorder = machine.starts();
    machine.call(&recorder, "before");
    machine.clocks.set(-26_000 * DAY);
    machine.call(&recorder, "behind");
    machine.clocks.set(26_000 * DAY);
    machine.call(&recorder, "right");
    machine.runs(&recorder, 24 * 90);
    assert_eq!(machine.names(), ["right", "behind", "before"]);
    machine.runs(&recorder, 24);
    assert_eq!(machine.names(), [""; 0]);
}

/// Fault: a call that was dated by a clock that was ahead was kept until that time had come, and `keep` had
/// passed.
#[test]
fn a_call_that_is_dated_by_a_clock_that_was_ahead_goes_with_the_calls_around_it() {
    let machine = Machine::with_calls();
    let recorder = machine.starts();
    machine.clocks.set(26_000 * DAY);
    machine.call(&recorder, "ahead");
    machine.clocks.set(-26_000 * DAY);
    machine.call(&recorder, "right");
    machine.runs(&recorder, 24 * 90);
    assert_eq!(machine.names(), ["right", "ahead"]);
    machine.runs(&recorder, 24);
    assert_eq!(machine.names(), [""; 0]);
}

#[test]
fn what_happened_to_the_server_is_kept_and_deleted_by_the_same_rule() {
    let machine = Machine::with_calls();
    let recorder = machine.starts();
    let happened = |code: &str| recorder.server(machine.clocks.now(), "quality", code, "");
    happened("before");
    machine.clocks.set(-26_000 * DAY);
    happened("behind");
    machine.clocks.set(52_000 * DAY);
    happened("ahead");
    machine.clocks.set(-26_000 * DAY);
    happened("right");
    let codes = || -> Vec<String> {
        machine.place.store().own_events().unwrap().into_iter().map(|event| event.code).collect()
    };
    machine.runs(&recorder, 24 * 90);
    assert_eq!(codes(), ["before", "behind", "ahead", "right"]);
    machine.runs(&recorder, 24);
    assert_eq!(codes(), [""; 0]);
}

/// Fault: events of a call were dated by the time of day, and came before those that were told before them.
#[test]
fn a_call_goes_on_by_its_own_time_when_the_clock_is_set() {
    for by in [-DAY, 60 * DAY, -1_000, 1_000] {
        let machine = Machine::new();
        let (recorder, began_at) = (machine.starts(), machine.clocks.now());
        let tell = |happened| {
            recorder.tell(machine.clocks.now(), &id("c"), &happened);
            machine.clocks.pass(SECOND);
        };
        recorder.files(machine.clocks.now(), &id("c"), Some("/r/c.wav".as_ref()), None);
        tell(began());
        tell(failed("first"));
        tell(turn(1, "one", ""));
        // In one batch, and between two.
        machine.clocks.set(by);
        tell(turn(2, "two", ""));
        assert!(recorder.flush(LONG));
        tell(failed("second"));
        machine.clocks.set(-by);
        tell(failed("third"));
        machine.clocks.set(by);
        tell(ended("hung_up", 1.0));
        assert!(recorder.close(LONG));
        let whole = machine.place.call("c");
        let since = |at: i64| at - began_at;
        assert_eq!(whole.turns.iter().map(|turn| since(turn.at)).collect::<Vec<_>>(), [2_000, 3_000]);
        let events: Vec<_> =
            whole.events.iter().map(|event| (event.message.as_str(), since(event.at))).collect();
        assert_eq!(events, [("first", 1_000), ("second", 4_000), ("third", 5_000)]);
        assert_eq!((since(whole.call.started_at), whole.call.ended_at.map(since)), (0, Some(6_000)));
        assert_eq!(machine.names().len(), 1);
    }
}

/// Fault: the call of a killed server was 60 days long, or had no length.
#[test]
fn a_call_that_its_server_did_not_end_is_as_long_as_it_was_when_the_clock_is_set() {
    for by in [-DAY, 60 * DAY] {
        let machine = Machine::new();
        let recorder = machine.starts();
        recorder.tell(machine.clocks.now(), &id("c"), &began());
        machine.clocks.pass(7 * SECOND);
        machine.clocks.set(by);
        recorder.tell(machine.clocks.now(), &id("c"), &turn(1, "hello?", ""));
        assert!(recorder.close(LONG));
        drop(machine.starts());
        assert_eq!(machine.place.call("c").call.duration_ms, Some(7_000.0), "{by}");
    }
}

#[test]
fn the_next_call_of_a_name_begins_by_the_clock_as_it_is_then() {
    let machine = Machine::new();
    let recorder = machine.starts();
    recorder.tell(machine.clocks.now(), &id("c"), &began());
    machine.clocks.set(-DAY);
    recorder.tell(machine.clocks.now(), &id("c"), &began());
    let began_at = machine.clocks.now();
    machine.clocks.pass(SECOND);
    recorder.tell(machine.clocks.now(), &id("c"), &ended("hung_up", 1.0));
    machine.clocks.set(3 * DAY);
    machine.call(&recorder, "c");
    let calls: Vec<_> = machine.place.list().into_iter().map(|call| (call.id, call.started_at)).collect();
    assert_eq!(calls[..2], [(3, machine.clocks.now()), (2, began_at)]);
    let ended = machine.place.store().call(&Which::Id(2)).unwrap().unwrap().call.ended_at;
    assert_eq!(ended, Some(began_at + 1_000));
}

/// Fault: the list was ordered by times and its pages were cut by numbers: calls came twice, or never.
#[test]
fn a_list_is_newest_first_and_its_pages_have_every_call_once_whatever_the_clock_said() {
    let machine = Machine::new();
    let recorder = machine.starts();
    for (name, by) in [("first", 0), ("behind", -DAY), ("ahead", 30 * DAY), ("right", -29 * DAY)] {
        machine.clocks.set(by);
        machine.call(&recorder, name);
    }
    let list = |filter: Filter| machine.place.store().list(&filter).unwrap();
    let (mut names, mut before) = (Vec::new(), None);
    loop {
        let page = list(Filter { limit: 2, before, ..Filter::default() });
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        names.extend(page.into_iter().map(|call| call.call_id));
    }
    assert_eq!(names, ["right", "ahead", "behind", "first"]);
    // Times are as the clock said.
    let between = |from, to| {
        let found = list(Filter { from: Some(from), to: Some(to), ..Filter::default() });
        found.into_iter().map(|call| call.call_id).collect::<Vec<_>>()
    };
    let now = machine.clocks.now();
    assert_eq!(between(now - 1, now + 1), ["right", "first"]);
    assert_eq!(between(now + 1, i64::MAX), ["ahead"]);
    assert_eq!(between(0, now), ["behind"]);
}

#[test]
fn two_recordings_of_a_name_and_a_time_are_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = Recordings::open(&RecordingOptions::of(folder.path())).unwrap();
    let [first, again] = [START, START].map(|at| recordings.begin(&id("c"), at).unwrap());
    assert_ne!(first.path(), again.path());
}

/// Fault: what was known of a call that ended in a batch was forgotten although the batch was not written:
/// its words were written as they were, and its last times by the time of day.
#[test]
fn a_batch_that_is_tried_again_is_written_by_what_was_known_before_it() {
    let machine = Machine::new();
    let options = Options {
        redact: Redaction::Cards,
        clock: machine.clocks.clock(),
        ..machine.told.options(&machine.place.file)
    };
    let (recorder, began_at) = (Recorder::open(options, START).unwrap(), machine.clocks.now());
    recorder.tell(began_at, &id("c"), &began());
    recorder.captured(began_at, &id("c"), &["Marigold".into()]);
    assert!(recorder.flush(LONG));
    let other = Connection::open(&machine.place.file).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END";
    other.execute_batch(refuse).unwrap();
    machine.clocks.pass(SECOND);
    machine.clocks.set(-DAY);
    recorder.tell(machine.clocks.now(), &id("c"), &turn(1, "it is Marigold", ""));
    recorder.tell(machine.clocks.now(), &id("c"), &ended("hung_up", 1.0));
    recorder.tell(machine.clocks.now(), &id("other"), &failed("late"));
    assert!(!recorder.flush(Duration::from_millis(50)));
    until(|| !machine.told.all().is_empty());
    other.execute_batch("DROP TRIGGER refuse").unwrap();
    assert!(recorder.close(LONG));
    let whole = machine.place.call("c");
    assert_eq!(whole.turns[0].heard.as_deref(), Some("it is [captured]"));
    assert_eq!(whole.call.ended_at, Some(began_at + 1_000));
}
