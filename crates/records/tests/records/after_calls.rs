//! What is made of calls after their ends, as it is kept, taken out, deleted and brought over from older
//! databases.

use offhook_core::report::{AfterCall, AfterState, Happened};
use offhook_records::{By, OpenError, Options, Recorder, Redaction, Store, VERSION, backup, restore};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::support::*;

fn made(summary: &str, fields: Value) -> AfterCall {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    AfterCall {
        state: AfterState::Done,
        summary: Some(summary.into()),
        fields: Some(fields),
        ..AfterCall::default()
    }
}

fn tell(recorder: &Recorder, name: &str, after: AfterCall) {
    recorder.tell(START + 6_000, &id(name), &Happened::Summarised(after));
}

/// A whole call whose summary is going to be made.
fn pending(recorder: &Recorder, name: &str) {
    whole_call(recorder, name, START);
    tell(recorder, name, AfterCall::pending());
}

#[test]
fn a_summary_is_kept_with_its_call_and_exported() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    whole_call(&recorder, "other", START);
    assert!(recorder.flush(LONG));
    assert_eq!(place.call("c").call.after_call, AfterCall::pending());
    let after = made("The caller booked <b>two</b> rooms.", json!({"rooms": 2, "name": null}));
    tell(&recorder, "c", after.clone());
    assert!(recorder.close(LONG));
    let whole = place.call("c");
    assert_eq!(whole.call.after_call, after);
    let value = whole.export().unwrap();
    let told = &value["call"]["after_call"];
    assert_eq!((&told["state"], &told["fields"]), (&json!("done"), &json!({"rooms": 2, "name": null})));
    assert_eq!(told["summary"], "The caller booked <b>two</b> rooms.");
    assert_eq!(serde_json::from_value::<offhook_records::FullCall>(value).unwrap(), whole);
    assert_eq!(place.call("other").call.after_call, AfterCall::default());
    assert_eq!(place.list().len(), 2);
}

#[test]
fn what_failed_says_why_and_keeps_what_was_made() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    let after = made("The caller booked.", json!({})).failed("late", "it took too long");
    tell(&recorder, "c", after.clone());
    assert!(recorder.close(LONG));
    assert_eq!(place.call("c").call.after_call, after);
}

#[test]
fn a_summary_that_a_server_left_to_be_made_has_failed_at_the_next_start() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    assert!(recorder.close(LONG));
    let again = place.recorder();
    let after = place.call("c").call.after_call;
    assert_eq!((after.state, after.code.as_deref()), (AfterState::Failed, Some("server_ended")));
    // It is of no call of this session.
    tell(&again, "c", made("too late", json!({})));
    assert!(again.close(LONG));
    assert_eq!(place.call("c").call.after_call.summary, None);
}

#[test]
fn without_words_only_the_state_of_a_summary_is_kept() {
    let place = place();
    let options = Options { transcripts: false, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    pending(&recorder, "c");
    tell(&recorder, "c", made("The caller is Marigold.", json!({"name": "Marigold"})));
    assert!(recorder.close(LONG));
    let after = place.call("c").call.after_call;
    assert_eq!(after, AfterCall { state: AfterState::Done, ..AfterCall::default() });
    assert!(!place.has_on_disk("Marigold"));
}

#[test]
fn personal_values_are_in_no_summary_and_no_field() {
    let place = place();
    let options = Options { redact: Redaction::All, batch: 1, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    whole_call(&recorder, "c", START);
    recorder.tell(START + 10_000, &id("d"), &began());
    recorder.captured(START + 10_000, &id("d"), &["Marigold".into()]);
    recorder.tell(START + 11_000, &id("d"), &ended("hung_up", 1.0));
    for name in ["c", "d"] {
        tell(&recorder, name, AfterCall::pending());
        let fields = json!({"name": "Marigold", "phone": "415 555 2671", "number": 4_155_552_671_u64});
        tell(&recorder, name, made("Marigold, card 4111 1111 1111 1111, booked.", fields));
    }
    assert!(recorder.flush(LONG));
    let after = place.call("d").call.after_call;
    assert_eq!(after.summary.as_deref(), Some("[captured], card [card], booked."));
    assert_eq!(after.fields.unwrap()["name"], "[captured]");
    // What becomes known later is taken out of what is there.
    recorder.captured(START + 20_000, &id("c"), &["Marigold".into()]);
    assert!(recorder.close(LONG));
    let after = place.call("c").call.after_call;
    assert_eq!(after.summary.as_deref(), Some("[captured], card [card], booked."));
    for secret in ["Marigold", "4111 1111", "555 2671", "4155552671"] {
        assert!(!place.has_on_disk(secret), "{secret}");
    }
}

#[test]
fn a_deleted_call_keeps_no_summary_and_gets_none() {
    let place = place();
    let recorder = place.recorder();
    for name in ["made", "late"] {
        pending(&recorder, name);
    }
    tell(&recorder, "made", made("The caller likes Marigold.", json!({"flower": "Marigold"})));
    assert!(recorder.flush(LONG));
    for name in ["made", "late"] {
        assert_eq!(place.store().delete(&By::Call(name.into())).unwrap().calls, 1);
    }
    assert!(!place.has_on_disk("Marigold"));
    tell(&recorder, "late", made("The caller likes Marigold.", json!({})));
    assert!(recorder.close(LONG));
    assert!(place.list().is_empty() && !place.has_on_disk("Marigold"));
}

#[test]
fn of_two_calls_of_a_name_each_has_its_own_summary() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    // The next one is running when the summary of the first comes.
    recorder.tell(START + 20_000, &id("c"), &began());
    tell(&recorder, "c", made("first", json!({})));
    recorder.tell(START + 25_000, &id("c"), &ended("hung_up", 1.0));
    tell(&recorder, "c", AfterCall::pending());
    tell(&recorder, "c", made("second", json!({})));
    assert!(recorder.close(LONG));
    let summaries: Vec<_> = place.list().into_iter().map(|call| call.after_call.summary.unwrap()).collect();
    assert_eq!(summaries, ["second", "first"]);
}

#[test]
fn endless_fields_are_not_kept() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    tell(&recorder, "c", made(&"é".repeat(100_000), json!({"note": "x".repeat(100_000)})));
    assert!(recorder.close(LONG));
    let after = place.call("c").call.after_call;
    assert!(after.summary.unwrap().len() <= 16 << 10 && after.fields.is_none());
}

/// A database as the first version made it, with a call.
fn of_the_first_version(file: &std::path::Path) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let old = Connection::open(file).unwrap();
    old.execute_batch(include_str!("../../src/migrations/0001.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO calls (call_id, begun, started_at, ended_at, end_code) VALUES ('old', 1, 1, 2, 'hung_up');
         INSERT INTO turns (call, turn, at, heard, reply, heard_estimated, interrupted, hiccups, speculation,
             failed, rung, model) VALUES (1, 1, 1, 'hello', 'Hello.', 0, 0, 0, 'off', 0, 0, 'main');
         PRAGMA application_id = 0x6f66686b; PRAGMA user_version = 1;",
    )
    .unwrap();
}

#[test]
fn a_database_of_the_first_version_is_brought_over_with_its_calls() {
    let place = place();
    of_the_first_version(&place.file);
    assert!(matches!(Store::open(&place.file).unwrap_err(), OpenError::Older { found: 1, .. }));
    let recorder = place.recorder();
    pending(&recorder, "new");
    tell(&recorder, "new", made("The caller booked.", json!({})));
    assert!(recorder.close(LONG));
    assert_eq!(place.call("old").call.end_code.as_deref(), Some("hung_up"));
    let old = place.call("old");
    assert_eq!(old.call.after_call, AfterCall::default());
    assert_eq!((old.turns.len(), old.turns[0].sources.len(), &old.turns[0].cached), (1, 0, &None));
    assert_eq!(place.call("new").call.after_call.state, AfterState::Done);
}

#[test]
fn a_backup_holds_summaries_and_is_restored_with_them() {
    let place = place();
    let recorder = place.recorder();
    pending(&recorder, "c");
    let after = made("The caller booked.", json!({"rooms": 2}));
    tell(&recorder, "c", after.clone());
    assert!(recorder.close(LONG));
    let to = place.folder.path().join("saved");
    assert_eq!(backup(&place.file, &to, None, START).unwrap().version, VERSION);
    assert_eq!(restore(&to, &place.file, true).unwrap().calls, 1);
    assert_eq!(place.call("c").call.after_call, after);
}
