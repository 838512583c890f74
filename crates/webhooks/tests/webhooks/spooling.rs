//! What is kept over the end of a server, and spools that do not work.

use offhook_webhooks::{OpenError, SpoolError, look};
use rusqlite::Connection;

use super::*;

/// A dead end point: nothing listens there.
fn dead() -> EndPoint {
    EndPoint::answering(|_, _| None)
}

#[test]
fn what_was_not_delivered_is_sent_after_a_restart_under_the_same_ids_and_in_order() {
    let (place, end_point) = (place(), dead());
    let webhooks = place.webhooks(&end_point);
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().retried == 1);
    assert!(webhooks.close(LONG));
    assert_eq!((webhooks.counters().waiting, webhooks.counters().queued), (3, 0));
    drop(webhooks);
    let first = end_point.requests()[0].id();
    let end_point = EndPoint::good();
    place.pass(Duration::from_secs(2));
    let webhooks = place.webhooks(&end_point);
    wait_until(|| webhooks.counters().delivered == 3);
    let kinds: Vec<_> = end_point.requests().iter().map(|request| request.kind()).collect();
    assert_eq!(kinds, ["call.started", "call.turn", "call.ended"]);
    assert_eq!(end_point.requests()[0].id(), first);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_back() {
    let (place, end_point) = (place(), dead());
    let webhooks = place.webhooks(&end_point);
    webhooks.tell(START, &id("c"), &started());
    wait_until(|| webhooks.counters().retried == 1);
    drop(webhooks);
    place.millis.store(1_000_000, Relaxed);
    let webhooks = place.webhooks(&EndPoint::good());
    wait_until(|| webhooks.counters().delivered == 1);
}

#[test]
fn a_killed_server_loses_nothing_that_was_in_the_spool() {
    const FOLDER: &str = "OFFHOOK_WEBHOOKS_KILLED";
    let Some(folder) = std::env::var_os(FOLDER) else {
        let place = place();
        let own = "spooling::a_killed_server_loses_nothing_that_was_in_the_spool";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", own, "--nocapture"])
            .env(FOLDER, place.folder.path())
            .output()
            .unwrap();
        assert!(!child.status.success(), "it was killed");
        place.pass(Duration::from_secs(2));
        let webhooks = place.webhooks(&EndPoint::good());
        wait_until(|| webhooks.counters().delivered == 30);
        return;
    };
    let place = Place { file: PathBuf::from(folder).join("hooks/spool.db"), ..place() };
    let webhooks = place.webhooks(&dead());
    (0..10).for_each(|n| whole_call(&webhooks, &format!("c{n}")));
    wait_until(|| webhooks.counters().waiting == 30);
    let me = rustix::process::getpid();
    rustix::process::kill_process(me, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_full_spool_drops_the_oldest_and_counts_them() {
    let (place, end_point) = (place(), dead());
    let options = Options { most_rows: 5, ..place.options(&end_point) };
    let webhooks = Webhooks::open(options).unwrap();
    (0..4).for_each(|n| whole_call(&webhooks, &format!("c{n}")));
    wait_until(|| webhooks.counters().dropped == 7);
    assert_eq!(webhooks.counters().waiting, 5);
    assert!(place.told().iter().any(|trouble| matches!(trouble, Trouble::Full { .. })));
    drop(webhooks);
    let options = Options { most_bytes: 1000, ..place.options(&end_point) };
    let webhooks = Webhooks::open(options).unwrap();
    whole_call(&webhooks, "more");
    wait_until(|| webhooks.counters().queued == 0 && webhooks.counters().dropped > 0);
    assert!(webhooks.counters().waiting < 8);
}

#[test]
fn a_second_server_is_refused_while_the_first_has_the_spool() {
    let (place, end_point) = (place(), EndPoint::good());
    let first = place.webhooks(&end_point);
    let error = Webhooks::open(place.options(&end_point)).unwrap_err();
    assert!(matches!(error, OpenError::Spool(SpoolError::InUse(_))), "{error}");
    assert!(look(&place.file).is_ok(), "a check beside a running server finds nothing wrong");
    drop(first);
    drop(place.webhooks(&end_point));
}

#[test]
fn what_is_no_spool_is_refused_and_stays_as_it_is() {
    let (place, end_point) = (place(), EndPoint::good());
    assert!(look(&place.file).is_ok(), "it is made");
    std::fs::create_dir(place.file.parent().unwrap()).unwrap();
    let text = "not a database, but a letter ".repeat(100);
    std::fs::write(&place.file, &text).unwrap();
    assert!(matches!(look(&place.file), Err(SpoolError::Foreign(_))));
    assert!(Webhooks::open(place.options(&end_point)).is_err());
    assert_eq!(std::fs::read_to_string(&place.file).unwrap(), text);
    std::fs::remove_file(&place.file).unwrap();
    Connection::open(&place.file).unwrap().execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    assert!(matches!(look(&place.file), Err(SpoolError::Foreign(_))));
    let error = Webhooks::open(place.options(&end_point)).unwrap_err();
    assert!(error.to_string().contains("it is no spool of webhooks"), "{error}");
    std::fs::remove_file(&place.file).unwrap();
    std::os::unix::fs::symlink(place.folder.path().join("other"), &place.file).unwrap();
    let error = Webhooks::open(place.options(&end_point)).unwrap_err();
    assert!(error.to_string().contains("link"), "{error}");
}

#[test]
fn a_spool_that_cannot_be_written_costs_events_and_is_told_once() {
    let (place, end_point) = (place(), dead());
    let options = place.options(&end_point);
    drop(Webhooks::open(options.clone()).unwrap());
    // As a full disk: nothing more fits.
    let full = Connection::open(&place.file).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END";
    full.execute_batch(refuse).unwrap();
    drop(full);
    let webhooks = Webhooks::open(options).unwrap();
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().lost == 3);
    let told = place.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(&told[0], Trouble::Spool { problem } if problem.contains("full")), "{told:?}");
    assert!(webhooks.close(LONG));
}

#[test]
fn no_other_user_reads_the_spool() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    let webhooks = place.webhooks(&dead());
    whole_call(&webhooks, "c");
    wait_until(|| webhooks.counters().waiting == 3);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let folder = place.file.parent().unwrap();
    assert_eq!(mode(folder), 0o700);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.for_each(|file| assert_eq!(mode(&file), 0o600, "{}", file.display()));
}
