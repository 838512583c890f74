//! What people at a command line find, take out and delete.

use std::path::Path;

use offhook_core::report::{Beginning, Happened};
use offhook_records::{By, Filter, Options, Recorder, Redaction, RemovalError, Which};

use super::support::*;

fn from_of(caller: &str, gateway: &str) -> Happened {
    Happened::Started(Beginning {
        from: Some(caller.into()),
        gateway: gateway.into(),
        ..Beginning::default()
    })
}

/// A call whose files are told before it begins, as a server does.
fn with_files(recorder: &Recorder, name: &str, recording: Option<&Path>) {
    recorder.files(START + 3, &id(name), recording, None);
    recorder.tell(START + 4, &id(name), &from_of("+3", "twilio"));
    recorder.tell(START + 5, &id(name), &turn(1, "300% of Blue_rooms", "fine"));
    recorder.tell(START + 6, &id(name), &ended("hung_up", 450.0));
}

/// Three calls: well, badly, and one that still runs.
fn three(recorder: &Recorder) {
    let [well, badly, running] = ["well", "badly", "running"].map(id);
    recorder.tell(START, &well, &from_of("+1", "twilio"));
    recorder.tell(START + 1, &well, &turn(1, "100% of Two_rooms", "fine"));
    recorder.tell(START + 2, &well, &ended("hung_up", 450.0));
    recorder.tell(START + 10, &badly, &from_of("+2", "telnyx"));
    recorder.tell(START + 12, &badly, &ended("connection_lost", 900.0));
    recorder.tell(START + 20, &running, &from_of("+1", "twilio"));
    recorder.tell(START + 21, &running, &turn(1, "hello", "good morning"));
    assert!(recorder.flush(LONG));
}

#[test]
fn calls_are_found_by_what_is_known_of_them_newest_first() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let store = place.store();
    let found = |filter: Filter| -> Vec<String> {
        store.list(&filter).unwrap().into_iter().map(|call| call.call_id).collect()
    };
    let none = Filter::default;
    assert_eq!(found(none()), ["running", "badly", "well"]);
    assert_eq!(found(Filter { limit: 1, ..none() }), ["running"]);
    assert_eq!(found(Filter { before: Some(2), ..none() }), ["well"]);
    assert_eq!(found(Filter { from: Some(START + 10), to: Some(START + 20), ..none() }), ["badly"]);
    assert_eq!(found(Filter { caller: Some("+1".into()), ..none() }), ["running", "well"]);
    assert_eq!(found(Filter { gateway: Some("telnyx".into()), ..none() }), ["badly"]);
    assert_eq!(found(Filter { ended_badly: true, ..none() }), ["badly"]);
    assert_eq!(found(Filter { v2v_p95_ms: Some(450.0), ..none() }), ["badly", "well"]);
    assert_eq!(found(Filter { text: Some("two_ROOMS".into()), ..none() }), ["well"]);
    assert_eq!(found(Filter { text: Some("0% o".into()), ..none() }), ["well"]);
    assert_eq!(found(Filter { text: Some("Two.rooms".into()), ..none() }), [""; 0]);
    assert_eq!(found(Filter { text: Some("good".into()), caller: Some("+2".into()), ..none() }), [""; 0]);
    assert_eq!(found(Filter { text: Some("'; DROP TABLE calls; --".into()), ..none() }), [""; 0]);
}

#[test]
fn a_call_is_named_by_its_number_or_by_its_name() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let store = place.store();
    let named = |which: &str| store.call(&Which::from(which)).unwrap().map(|whole| whole.call.call_id);
    assert_eq!(named("2").as_deref(), Some("badly"));
    assert_eq!(named("#2").as_deref(), Some("badly"));
    assert_eq!(named("well").as_deref(), Some("well"));
    assert_eq!((named("99"), named("nobody"), named("")), (None, None, None));
}

#[test]
fn an_exported_call_has_a_form_that_stays() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let whole = place.call("well");
    let value = whole.export().unwrap();
    assert_eq!(value["offhook_call"], 1);
    assert_eq!(value["call"]["call_id"], "well");
    assert_eq!(value["call"]["latency"]["v2v_ms"]["p95"], 450.0);
    assert_eq!(value["turns"][0]["heard"], "100% of Two_rooms");
    assert_eq!(value["turns"][0]["stages"]["first_sound"]["stt_ms"], 20.0);
    let read: offhook_records::FullCall = serde_json::from_value(value).unwrap();
    assert_eq!(read, whole);
}

#[test]
fn a_deleted_call_is_gone_from_the_files_with_its_recording() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let recording = place.folder.path().join("kept.wav");
    std::fs::write(&recording, "x").unwrap();
    with_files(&recorder, "kept", Some(&recording));
    assert!(recorder.flush(LONG));
    let deleted = place.store().delete(&By::Call("kept".into())).unwrap();
    assert_eq!((deleted.calls, deleted.recordings), (1, 1));
    assert!(!recording.exists());
    let words = b"300% of Blue_rooms";
    for entry in std::fs::read_dir(place.file.parent().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(words.len()).any(|window| window == words));
    }
    // The server goes on.
    recorder.tell(START + 30, &id("running"), &ended("hung_up", 1.0));
    assert!(recorder.close(LONG));
    assert_eq!(place.call("running").call.end_code.as_deref(), Some("hung_up"));
    assert_eq!(place.store().delete(&By::Call("kept".into())).unwrap().calls, 0);
}

/// Fault: the recording of a call whose name came again hung on the call before, whose own was never deleted.
#[test]
fn files_belong_to_the_call_that_is_about_to_begin() {
    let place = place();
    let recorder = place.recorder();
    let files = ["first.wav", "second.wav"].map(|name| place.folder.path().join(name));
    for file in &files {
        std::fs::write(file, "x").unwrap();
        with_files(&recorder, "again", Some(file));
    }
    assert!(recorder.close(LONG));
    let kept: Vec<_> = place.list().into_iter().map(|call| (call.recording, call.begun)).collect();
    let named = |file: &Path| Some(file.to_string_lossy().into_owned());
    assert_eq!(kept, [(named(&files[1]), true), (named(&files[0]), true)]);
    assert_eq!(place.store().delete(&By::OlderThan(i64::MAX)).unwrap().recordings, 2);
}

/// Fault: under redaction, only the last two digits are kept, and nothing was deleted by a number.
#[test]
fn the_calls_of_a_number_are_found_and_deleted_although_it_is_not_kept() {
    let place = place();
    let options = Options { redact: Redaction::All, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    for (name, number) in [("a", "+1 555 123-4567"), ("b", "+1 555 999-4567"), ("c", "+15551234567")] {
        recorder.tell(START, &id(name), &from_of(number, "twilio"));
        recorder.tell(START + 1, &id(name), &ended("hung_up", 450.0));
    }
    assert!(recorder.close(LONG));
    assert!(place.list().iter().all(|call| call.caller.as_deref() == Some("…67")));
    let of = |caller: &str| {
        let filter = Filter { caller: Some(caller.into()), ..Filter::default() };
        place.store().list(&filter).unwrap().len()
    };
    assert_eq!((of("(1) 555 1234567"), of("…67"), of("+1555")), (2, 3, 0));
    assert_eq!(place.store().delete(&By::Caller("15551234567".into())).unwrap().calls, 2);
    assert_eq!(place.list()[0].call_id, "b");
}

#[test]
fn a_running_call_is_not_deleted_while_its_server_runs() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let delete = |by: By| place.store().delete(&by).unwrap().calls;
    assert_eq!(delete(By::Call("running".into())), 0);
    assert_eq!(delete(By::Caller("+1".into())), 1);
    assert_eq!(delete(By::OlderThan(i64::MAX)), 1);
    assert_eq!(place.list().len(), 1);
    assert!(recorder.close(LONG));
    assert_eq!(delete(By::Call("running".into())), 1);
    assert!(place.list().is_empty());
}

#[test]
fn of_two_calls_of_a_name_the_newer_is_deleted() {
    let place = place();
    let recorder = place.recorder();
    whole_call(&recorder, "c", START);
    whole_call(&recorder, "c", START + 10_000);
    assert!(recorder.close(LONG));
    assert_eq!(place.store().delete(&By::Call("c".into())).unwrap().calls, 1);
    assert_eq!(place.call("c").call.started_at, START);
}

#[test]
fn a_recording_that_cannot_be_deleted_keeps_its_call() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    // A folder is no recording, and is left alone; a file in a folder that is gone is gone.
    with_files(&recorder, "nowhere", Some(&place.folder.path().join("nowhere/a.wav")));
    with_files(&recorder, "folder", Some(place.folder.path()));
    assert!(recorder.flush(LONG));
    let deleted = place.store().delete(&By::OlderThan(i64::MAX)).unwrap();
    assert_eq!((deleted.calls, deleted.recordings), (4, 0));
    drop(recorder);
    std::fs::remove_dir_all(place.file.parent().unwrap()).unwrap();
}

#[test]
fn what_cannot_be_deleted_is_said() {
    let place = place();
    let recorder = place.recorder();
    three(&recorder);
    let store = place.store();
    let lock = rusqlite::Connection::open(&place.file).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.delete(&By::Caller("+1".into())).unwrap_err();
    assert!(matches!(error, RemovalError::Delete(_)), "{error}");
    assert!(error.to_string().contains("locked"), "{error}");
}
