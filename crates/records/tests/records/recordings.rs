//! What is in the recordings of calls, and what costs one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_core::audio::to_i16;
use offhook_core::audio::wav::Reader;
use offhook_records::{RecordingOptions, RecordingTrouble, Recordings};

use super::support::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The caller's and the agent's samples.
fn read(path: &Path) -> [Vec<i16>; 2] {
    let mut reader = Reader::open(std::fs::File::open(path).unwrap(), "a recording").unwrap();
    assert_eq!((reader.rate(), reader.channel_count()), (8_000, 2));
    let mut sides = [Vec::new(), Vec::new()];
    while let Some(channels) = reader.read().unwrap() {
        for (side, channel) in sides.iter_mut().zip(channels) {
            side.extend(to_i16(channel));
        }
    }
    sides
}

fn open(folder: &Path) -> Recordings {
    Recordings::open(&RecordingOptions::of(folder)).unwrap()
}

#[test]
fn where_no_file_can_be_made_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(Recordings::open(&RecordingOptions::of(file.join("below"))).is_err());
    let recordings = open(&folder.path().join("gone"));
    std::fs::remove_dir(folder.path().join("gone")).unwrap();
    let error = recordings.begin(&id("c"), START).unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn both_sides_are_where_they_were_heard() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = open(folder.path());
    let recording = recordings.begin(&id("c"), START).unwrap();
    let path = recording.path().to_owned();
    assert!(path.is_absolute() && path.ends_with(format!("c-{START}.wav")));
    // The agent's audio is known ahead; a second of the caller's is missing.
    recording.agent(ms(500), &[700; 8_000]);
    recording.caller(ms(0), &[100; 8_000]);
    recording.caller(ms(2_000), &[200; 8_000]);
    recording.cut(ms(1_000));
    recording.agent(ms(2_500), &[800; 1_600]);
    recording.end();
    assert!(recordings.close(LONG));
    let [caller, agent] = read(&path);
    assert_eq!((caller.len(), agent.len()), (24_000, 24_000));
    let runs = |side: &[i16]| -> Vec<(i16, usize)> {
        side.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
    };
    assert_eq!(runs(&caller), [(100, 8_000), (0, 8_000), (200, 8_000)]);
    assert_eq!(runs(&agent), [(0, 4_000), (700, 4_000), (0, 12_000), (800, 1_600), (0, 2_400)]);
    assert_eq!((recordings.counters().whole, recordings.counters().running), (1, 0));
}

#[test]
fn a_recording_can_be_played_while_its_call_runs() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = open(folder.path());
    let recording = recordings.begin(&id("c"), START).unwrap();
    assert_eq!(read(recording.path()), [[0; 0]; 2]);
    for second in 0..3 {
        recording.caller(ms(1_000 * second), &[100; 8_000]);
        assert!(recordings.flush(LONG));
        assert_eq!(read(recording.path())[0].len(), 8_000 * (second as usize + 1));
    }
}

#[test]
fn a_long_silence_takes_no_memory_and_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let recordings = open(folder.path());
    let recording = recordings.begin(&id("c"), START).unwrap();
    recording.caller(ms(0), &[100; 160]);
    recording.caller(ms(1_800_000), &[100; 160]);
    let path = recording.path().to_owned();
    recording.end();
    assert!(recordings.close(LONG));
    let [caller, _] = read(&path);
    assert_eq!(caller.len(), 1_800 * 8_000 + 160);
    assert_eq!((caller[0], caller[160], caller[1_800 * 8_000]), (100, 0, 100));
}

#[test]
fn a_recording_is_a_new_file_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("recordings");
    let recordings = open(&below);
    let nowhere = folder.path().join("nowhere");
    std::os::unix::fs::symlink(&nowhere, below.join("c-1.wav")).unwrap();
    let all = [recordings.begin(&id("c"), 1).unwrap(), recordings.begin(&id("c"), 1).unwrap()];
    assert!(!nowhere.exists());
    assert_ne!(all[0].path(), all[1].path());
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&below), mode(all[0].path()), mode(all[1].path())), (0o700, 0o600, 0o600));
}

#[test]
fn a_recording_that_is_as_long_as_it_may_be_ends_and_the_call_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<Vec<RecordingTrouble>>> = Arc::default();
    let all = Arc::clone(&told);
    let options = RecordingOptions {
        longest: ms(1_000),
        report: Arc::new(move |trouble| all.lock().unwrap().push(trouble.clone())),
        ..RecordingOptions::of(folder.path())
    };
    let recordings = Recordings::open(&options).unwrap();
    let recording = recordings.begin(&id("c"), START).unwrap();
    let path = recording.path().to_owned();
    (0..10).for_each(|n| recording.caller(ms(200 * n), &[100; 1_600]));
    recording.end();
    assert!(recordings.close(LONG));
    assert_eq!(read(&path)[0].len(), 8_000);
    assert_eq!(*told.lock().unwrap(), [RecordingTrouble::TooLong(path)]);
    assert_eq!((recordings.counters().too_long, recordings.counters().whole), (1, 0));
}

#[test]
fn what_does_not_fit_into_the_queue_is_silence_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let options = RecordingOptions { queue: 4, ..RecordingOptions::of(folder.path()) };
    let recordings = Recordings::open(&options).unwrap();
    let recording = recordings.begin(&id("c"), START).unwrap();
    let path = recording.path().to_owned();
    // 60 s in blocks of 0.2 s, at once: 4 fit.
    recording.caller(ms(0), &vec![100; 480_000]);
    assert!(recordings.flush(LONG));
    let dropped = recordings.counters().dropped;
    assert!(dropped > 200, "{dropped}");
    recording.caller(ms(60_000), &[200; 160]);
    recording.end();
    assert!(recordings.close(LONG));
    let [caller, _] = read(&path);
    assert_eq!((caller.len(), caller[480_000]), (480_160, 200));
    let lost = caller[..480_000].iter().filter(|&&sample| sample == 0).count() as u64;
    assert_eq!(lost, dropped * 1_600);
}

/// As on a full disk: what lies behind the limit of a process' files cannot be written.
#[test]
fn a_full_disk_ends_a_recording_which_can_be_played_up_to_there() {
    const ROLE: &str = "OFFHOOK_RECORDINGS_FULL_DISK";
    let Some(folder) = std::env::var_os(ROLE) else {
        let folder = tempfile::tempdir().unwrap();
        let own = "recordings::a_full_disk_ends_a_recording_which_can_be_played_up_to_there";
        // 512-byte blocks, or kilobytes: either way less than four seconds of audio.
        let child = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", own, "--nocapture"])
            .env(ROLE, folder.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
        return;
    };
    let recordings = open(Path::new(&folder));
    let recording = recordings.begin(&id("c"), START).unwrap();
    for second in 0..10 {
        recording.caller(ms(1_000 * second), &[100; 8_000]);
        assert!(recordings.flush(LONG));
    }
    let counters = recordings.counters();
    assert_eq!((counters.failed, counters.running), (1, 0));
    let [caller, _] = read(recording.path());
    assert!((8_000..40_000).contains(&caller.len()), "{}", caller.len());
    assert_eq!(caller.len() % 8_000, 0);
}
