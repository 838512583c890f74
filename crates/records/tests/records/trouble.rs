//! Files that are not to be written, and disks and databases that do not take what is told.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use offhook_records::{Counters, OpenError, Options, Recorder, Store, Trouble, VERSION};
use rusqlite::Connection;

use super::support::*;

#[test]
fn a_file_that_is_no_database_is_refused_and_stays_as_it_is() {
    let place = place();
    std::fs::create_dir(place.file.parent().unwrap()).unwrap();
    let text = "not a database, but a letter ".repeat(100);
    std::fs::write(&place.file, &text).unwrap();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase(_)), "{error}");
    assert!(matches!(Store::open(&place.file).unwrap_err(), OpenError::NotADatabase(_)));
    assert_eq!(std::fs::read_to_string(&place.file).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let place = place();
    std::fs::create_dir(place.file.parent().unwrap()).unwrap();
    let other = Connection::open(&place.file).unwrap();
    other.execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    drop(other);
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    let error = Store::open(&place.file).unwrap_err().to_string();
    assert!(error.contains("another program"), "{error}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_by_its_number() {
    let place = place();
    drop(place.recorder());
    Connection::open(&place.file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    let told = format!("has version 99, and this program knows versions up to {VERSION}");
    assert!(error.to_string().contains(&told), "{error}");
    assert!(matches!(Store::open(&place.file).unwrap_err(), OpenError::Newer { found: 99, .. }));
}

#[test]
fn a_damaged_database_is_told_when_it_is_opened() {
    let place = place();
    let recorder = place.recorder();
    (0..200).for_each(|n| whole_call(&recorder, &format!("c{n}"), START + n));
    assert!(recorder.close(LONG));
    let mut bytes = std::fs::read(&place.file).unwrap();
    let length = bytes.len();
    bytes[length / 4..length / 2].fill(0x5a);
    std::fs::write(&place.file, bytes).unwrap();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("restore a backup"), "{error}");
}

#[test]
fn a_link_in_place_of_the_database_is_refused() {
    let place = place();
    std::fs::create_dir(place.file.parent().unwrap()).unwrap();
    let other = place.folder.path().join("other");
    std::os::unix::fs::symlink(&other, &place.file).unwrap();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err().to_string();
    assert!(error.contains("link"), "{error}");
    assert!(!other.exists());
}

#[test]
fn no_other_user_reads_the_records() {
    let place = place();
    let recorder = place.recorder();
    whole_call(&recorder, "c", START);
    assert!(recorder.flush(LONG));
    let folder = place.file.parent().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
    // One that others could read is made the owner's again.
    assert!(recorder.close(LONG));
    std::fs::set_permissions(&place.file, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(place.recorder());
    assert_eq!(mode(&place.file), 0o600);
}

#[test]
fn a_second_server_is_refused_while_the_first_has_the_database() {
    let place = place();
    let first = place.recorder();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    assert!(first.close(LONG));
    drop(place.recorder());
}

#[test]
fn where_no_folder_can_be_made_that_is_said() {
    let place = place();
    std::fs::write(place.folder.path().join("records"), "").unwrap();
    let error = Recorder::open(Options::of(&place.file), START).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    assert!(matches!(Store::open(&place.file).unwrap_err(), OpenError::Missing(_)));
}

/// A database that somebody else has locked to write.
fn locked(place: &Place) -> Connection {
    let other = Connection::open(&place.file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[test]
fn a_batch_waits_for_a_locked_database_and_is_written_when_it_is_free() {
    let (place, told) = (place(), Told::default());
    let recorder = Recorder::open(told.options(&place.file), START).unwrap();
    let lock = locked(&place);
    whole_call(&recorder, "c", START);
    assert!(!recorder.flush(Duration::from_millis(100)));
    until(|| !told.all().is_empty());
    assert!(matches!(told.all()[..], [Trouble::Waiting { .. }]), "{:?}", told.all());
    lock.execute_batch("ROLLBACK").unwrap();
    assert!(recorder.flush(LONG));
    assert_eq!(told.all().last(), Some(&Trouble::Recovered));
    let Counters { written, lost, failed, waiting, .. } = recorder.counters();
    assert_eq!((written, lost, waiting), (4, 0, 0));
    assert!(failed > 0);
    assert_eq!(place.call("c").turns.len(), 2);
}

#[test]
fn what_does_not_fit_into_the_queue_is_counted_and_told_in_the_records() {
    let (place, told) = (place(), Told::default());
    let options = Options { queue: 10, batch: 4, ..told.options(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    let lock = locked(&place);
    for n in 0..100 {
        recorder.tell(START + n, &id("c"), &failed("late"));
    }
    let dropped = recorder.counters().dropped;
    assert!((86..=90).contains(&dropped), "{dropped}");
    drop(lock);
    assert!(recorder.close(LONG));
    let events = place.store().own_events().unwrap();
    let lost: u64 =
        events.iter().map(|event| event.message.split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!((lost, events[0].kind.as_str()), (dropped, "records_dropped"));
    assert_eq!(place.call("c").events.len() as u64 + dropped, 100);
}

#[test]
fn a_batch_that_is_not_written_for_too_long_is_lost_and_told() {
    let (place, told) = (place(), Told::default());
    let options = Options { patience: Duration::from_millis(1), ..told.options(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    let lock = locked(&place);
    whole_call(&recorder, "lost", START);
    assert!(recorder.flush(LONG));
    assert_eq!(recorder.counters().lost, 4);
    assert!(matches!(told.all()[..], [Trouble::Lost { events: 4, .. }]), "{:?}", told.all());
    drop(lock);
    whole_call(&recorder, "kept", START);
    assert!(recorder.close(LONG));
    assert_eq!(place.list().iter().map(|call| call.call_id.as_str()).collect::<Vec<_>>(), ["kept"]);
    assert_eq!(
        place.store().own_events().unwrap()[0].message,
        "4 events of calls are missing in the records"
    );
}

#[test]
fn closing_does_not_wait_for_a_locked_database_longer_than_it_may() {
    let place = place();
    let recorder = place.recorder();
    let _lock = locked(&place);
    whole_call(&recorder, "c", START);
    assert!(!recorder.close(Duration::from_millis(50)));
}

/// The limit of the pages of a database is one of a connection. So the limit of a process' files is taken, in
/// a process of its own.
#[test]
fn a_full_disk_costs_records_and_goes_on_when_there_is_room() {
    const ROLE: &str = "OFFHOOK_RECORDS_FULL_DISK";
    let Some(folder) = std::env::var_os(ROLE) else {
        let place = place();
        let own = "trouble::a_full_disk_costs_records_and_goes_on_when_there_is_room";
        // A program begins with the signals ignored that the shell before it ignored.
        let child = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", own, "--nocapture"])
            .env(ROLE, place.folder.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
        return;
    };
    let file = std::path::PathBuf::from(folder).join("records/calls.db");
    let told = Told::default();
    let options = Options { batch: 4, patience: Duration::from_millis(200), ..told.options(&file) };
    let recorder = Recorder::open(options, START).unwrap();
    whole_call(&recorder, "before", START);
    assert!(recorder.flush(LONG));
    // Writes beyond it fail as those on a full disk do (EFBIG in place of ENOSPC).
    let before = limit_files(Some(4096));
    whole_call(&recorder, "full", START + 1);
    assert!(recorder.flush(LONG));
    assert_eq!(recorder.counters().lost, 4);
    assert!(matches!(told.all().last(), Some(Trouble::Lost { events: 4, .. })), "{:?}", told.all());
    limit_files(before);
    whole_call(&recorder, "behind", START + 2);
    assert!(recorder.close(LONG));
    let store = Store::open(&file).unwrap();
    let calls = store.list(&Default::default()).unwrap();
    assert_eq!(calls.iter().map(|call| call.call_id.as_str()).collect::<Vec<_>>(), ["behind", "before"]);
}

/// Sets the largest file of this process. Returns what it was.
fn limit_files(most: Option<u64>) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: most, maximum: before.maximum }).unwrap();
    before.current
}
