//! A server that is killed: what was in a whole batch is there.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use offhook_records::{Options, Recorder, RecordingOptions, Recordings, Store};

use super::support::*;

/// The folder of the process that is to be killed.
const FOLDER: &str = "OFFHOOK_RECORDS_KILLED";

const BATCH: usize = 10;

fn child(test: &str, folder: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The last number that the child said before it was killed.
fn killed_after(mut child: Child, count: usize) -> u64 {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut last = 0;
    let mut line = String::new();
    let mut said = 0;
    while said < count {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended");
        if let Some(number) = line.trim().strip_prefix("said ") {
            last = number.parse().unwrap();
            said += 1;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let more = rest.lines().filter_map(|line| line.trim().strip_prefix("said ")?.parse().ok());
    more.max().unwrap_or(last)
}

#[test]
fn a_killed_server_loses_at_most_a_batch_and_nothing_of_those_before() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        for count in [1, 3, 40] {
            let place = place();
            let child = child(
                "killed::a_killed_server_loses_at_most_a_batch_and_nothing_of_those_before",
                place.folder.path(),
            );
            // What it says is written is in the database.
            let written = killed_after(child, count);
            let again = place.recorder();
            let turns = place.call("c").turns.len() as u64;
            assert!(turns + 1 >= written, "{turns} of {written}");
            assert_eq!((turns + 1) % BATCH as u64, 0, "a part of a batch: {turns}");
            assert_eq!((again.left(), place.call("c").call.end_code.as_deref()), (1, Some("server_ended")));
        }
        return;
    };
    let file = std::path::PathBuf::from(folder).join("records/calls.db");
    let options = Options { batch: BATCH, longest_wait: LONG, ..Options::of(file) };
    let recorder = Recorder::open(options, START).unwrap();
    recorder.tell(START, &id("c"), &began());
    for number in 1.. {
        recorder.tell(START + i64::from(number), &id("c"), &turn(number, "words", "and more"));
        // No more than a batch is told that is not written.
        if (number as usize + 1).is_multiple_of(BATCH) {
            until(|| recorder.counters().waiting == 0 && recorder.counters().written > u64::from(number));
            println!("\nsaid {}", recorder.counters().written);
        }
    }
}

#[test]
fn the_recording_of_a_killed_server_can_be_played() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        let folder = tempfile::tempdir().unwrap();
        let child = child("killed::the_recording_of_a_killed_server_can_be_played", folder.path());
        let blocks = killed_after(child, 150);
        let path = folder.path().join("recordings/c-7.wav");
        let mut reader =
            offhook_core::audio::wav::Reader::open(std::fs::File::open(&path).unwrap(), "a recording")
                .unwrap();
        let promised = reader.promised().unwrap();
        while reader.read().unwrap().is_some() {}
        assert_eq!(reader.channel_count(), 2);
        assert!(!matches!(reader.completeness(), offhook_core::audio::wav::Completeness::Short(_)));
        let behind = Duration::from_millis(20 * blocks).saturating_sub(promised);
        // It may be a second behind, and machines may be slow.
        assert!(behind < Duration::from_secs(3), "{behind:?} of {blocks} blocks");
        return;
    };
    let folder = std::path::PathBuf::from(folder).join("recordings");
    let recordings = Recordings::open(&RecordingOptions::of(folder)).unwrap();
    let recording = recordings.begin(&id("c"), 7).unwrap();
    for number in 0_u32.. {
        recording.caller(Duration::from_millis(20) * number, &[100; 160]);
        println!("\nsaid {}", number + 1);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_store_reads_while_a_server_writes() {
    let place = place();
    let recorder = Recorder::open(Options { batch: 7, ..Options::of(&place.file) }, START).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..300).for_each(|n| {
                whole_call(&recorder, &format!("c{n}"), START + n);
                std::thread::yield_now();
            });
            assert!(recorder.flush(LONG));
        });
        let store = Store::open(&place.file).unwrap();
        let mut seen = 0;
        while seen < 300 {
            let calls = store.list(&Default::default()).unwrap();
            assert!(calls.len() >= seen);
            seen = calls.len();
        }
    });
    assert_eq!(recorder.counters().dropped, 0);
}
