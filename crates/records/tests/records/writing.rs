//! What is written of calls, when, and what is not.

use std::time::Duration;

use offhook_core::dialogue::{CachedBy, Usage};
use offhook_core::report::Happened;
use offhook_records::{Options, Recorder, Redaction, Store, Which};

use super::support::*;

#[test]
fn a_call_is_kept_with_its_turns_its_figures_and_what_went_wrong() {
    let place = place();
    let recorder = place.recorder();
    recorder.files(START, &id("c"), Some("/r/c.wav".as_ref()), None);
    recorder.files(START, &id("c"), None, Some("/t/c.jsonl".as_ref()));
    whole_call(&recorder, "c", START);
    recorder.tell(START + 4_500, &id("c"), &failed("the recogniser was late"));
    assert!(recorder.close(LONG));
    let whole = place.call("c");
    let call = &whole.call;
    assert_eq!((call.started_at, call.duration_ms), (START, Some(5_000.0)));
    assert_eq!((call.gateway.as_str(), call.caller.as_deref()), ("twilio", Some("+14155552671")));
    assert_eq!((call.end_code.as_deref(), call.turns, call.interruptions), (Some("hung_up"), 2, 1));
    assert_eq!((call.data["plan"].as_str(), call.client_id.as_deref()), ("gold", Some("client")));
    assert_eq!((call.latency["v2v_ms"].p95, call.begun), (500.0, true));
    assert_eq!((call.recording.as_deref(), call.trace.as_deref()), (Some("/r/c.wav"), Some("/t/c.jsonl")));
    let turn = &whole.turns[1];
    assert_eq!((turn.turn, turn.heard.as_deref()), (1, Some("two rooms please")));
    assert_eq!((turn.v2v_ms, turn.answer_ms, turn.speculation.as_str()), (Some(400.0), Some(400.0), "used"));
    assert_eq!((turn.stages.first_sound["endpoint_ms"], turn.stages.hidden["stt_ms"]), (250.0, 80.0));
    assert!(turn.stages.answer.is_empty());
    assert_eq!(turn.tokens.unwrap().reused, 80);
    assert_eq!(turn.end_of_turn.unwrap().wait_ms, 300.0);
    assert_eq!((whole.events.len(), whole.events[0].code.as_str()), (1, "stt_late"));
    assert_eq!(whole.transcript(), "agent: Hello!\ncaller: two rooms please\nagent: Of course.\n");
}

#[test]
fn what_the_server_did_for_all_calls_belongs_to_none() {
    let place = place();
    let recorder = place.recorder();
    recorder.server(START, "quality", "short_replies", "replies are kept short");
    assert!(recorder.close(LONG));
    let events = place.store().own_events().unwrap();
    assert_eq!((events[0].kind.as_str(), events[0].code.as_str()), ("quality", "short_replies"));
    assert!(place.list().is_empty());
}

#[test]
fn an_orderly_end_loses_nothing() {
    let place = place();
    for (round, closed) in [true, false].into_iter().enumerate() {
        let recorder = place.recorder();
        (0..333).for_each(|n| whole_call(&recorder, &format!("r{round}-{n}"), START + n));
        if closed {
            assert!(recorder.close(LONG));
            assert_eq!((recorder.counters().written, recorder.counters().dropped), (4 * 333, 0));
        }
    }
    let calls = place.list();
    assert_eq!(calls.len(), 666);
    assert!(calls.iter().all(|call| call.end_code.as_deref() == Some("hung_up")));
}

#[test]
fn a_batch_is_written_when_it_is_full_or_has_waited_long_enough() {
    let place = place();
    let options = Options { batch: 4, longest_wait: LONG, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    recorder.tell(START, &id("c"), &began());
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!((recorder.counters().written, recorder.counters().waiting), (0, 1));
    (0..3).for_each(|n| recorder.tell(START, &id("c"), &turn(n, "", "")));
    until(|| recorder.counters().written == 4);
    drop(recorder);
    let options = Options { longest_wait: Duration::from_millis(20), ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    recorder.tell(START, &id("d"), &began());
    until(|| recorder.counters().written == 1);
    assert_eq!(recorder.counters().batches, 1);
}

#[test]
fn a_call_that_a_server_left_without_an_end_has_one_when_it_starts_again() {
    let place = place();
    let clocks = Clocks::at(START);
    let options = Options { clock: clocks.clock(), ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    recorder.tell(START, &id("c"), &began());
    clocks.pass(Duration::from_secs(9));
    recorder.tell(START + 9_000, &id("c"), &turn(1, "hello?", ""));
    assert!(recorder.close(LONG));
    assert_eq!(place.call("c").call.ended_at, None);
    let again = place.recorder();
    assert_eq!(again.left(), 1);
    let call = place.call("c").call;
    assert_eq!((call.end_code.as_deref(), call.ended_at), (Some("server_ended"), Some(START + 9_000)));
    assert_eq!((call.end_reason.as_deref(), call.turns), (Some("the server ended in the call"), 1));
    // The name is used again, by another call.
    whole_call(&again, "c", START + 20_000);
    assert!(again.close(LONG));
    assert_eq!(place.list().len(), 2);
    assert_eq!(place.call("c").call.started_at, START + 20_000);
}

#[test]
fn a_call_whose_beginning_was_dropped_has_a_row_all_the_same() {
    let place = place();
    let recorder = place.recorder();
    recorder.tell(START, &id("c"), &turn(3, "hi", "hello"));
    recorder.tell(START + 1, &id("c"), &ended("hung_up", 1.0));
    recorder.tell(START + 2, &id("c"), &failed("late"));
    assert!(recorder.close(LONG));
    let whole = place.call("c");
    assert_eq!((whole.call.begun, whole.turns.len(), whole.events.len()), (false, 1, 1));
    assert_eq!(place.list().len(), 1);
}

#[test]
fn a_call_that_a_newer_socket_takes_over_ends_as_itself() {
    let place = place();
    let recorder = place.recorder();
    recorder.tell(START, &id("c"), &began());
    recorder.tell(START + 10, &id("c"), &began());
    recorder.tell(START + 11, &id("c"), &ended("taken_over", 1.0));
    recorder.tell(START + 20, &id("c"), &ended("hung_up", 1.0));
    assert!(recorder.close(LONG));
    let ends: Vec<_> =
        place.list().iter().map(|call| (call.started_at, call.end_code.clone().unwrap())).collect();
    assert_eq!(ends, [(START + 10, "hung_up".into()), (START, "taken_over".into())]);
}

#[test]
fn words_are_kept_only_if_they_are_to_be() {
    let place = place();
    let options = Options { transcripts: false, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    whole_call(&recorder, "c", START);
    assert!(recorder.close(LONG));
    let whole = place.call("c");
    assert!(whole.turns.iter().all(|turn| turn.heard.is_none() && turn.reply.is_none()));
    assert_eq!(whole.transcript(), "");
    assert_eq!(whole.turns[1].v2v_ms, Some(400.0));
}

#[test]
fn personal_values_are_in_no_file() {
    let place = place();
    let options = Options { redact: Redaction::All, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    let call = id("c");
    recorder.tell(START, &call, &began());
    recorder.tell(
        START,
        &call,
        &turn(1, "my card is 4111 1111 1111 1111", "thank you, mail jane@example.com"),
    );
    recorder.tell(START, &call, &failed("no answer to 415 555 2671"));
    assert!(recorder.close(LONG));
    let whole = place.call("c");
    assert_eq!(whole.turns[0].heard.as_deref(), Some("my card is [card]"));
    assert_eq!(whole.turns[0].reply.as_deref(), Some("thank you, mail [email]"));
    assert_eq!(whole.events[0].message, "no answer to [phone]");
    assert_eq!((whole.call.caller.as_deref(), whole.call.called.as_deref()), (Some("…71"), Some("…18")));
    for secret in ["1111 1111", "jane@", "555 2671", "4155552671"] {
        assert!(!place.has_on_disk(secret), "{secret}");
    }
}

#[test]
fn values_that_become_known_are_taken_out_before_and_after() {
    let place = place();
    let options = Options { redact: Redaction::Cards, batch: 1, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, START).unwrap();
    let call = id("c");
    recorder.tell(START, &call, &began());
    recorder.tell(START, &call, &turn(1, "I am Marigold Finch", "Hello Marigold."));
    assert!(recorder.flush(LONG));
    recorder.captured(START, &call, &["Marigold Finch".into(), "Marigold".into()]);
    recorder.tell(START, &call, &turn(2, "yes, marigold", "Thanks, gold is your plan"));
    recorder.tell(START, &id("d"), &turn(1, "marigold seeds", ""));
    assert!(recorder.flush(LONG));
    // Also while the server runs.
    assert!(!place.has_on_disk("Marigold"));
    assert!(recorder.close(LONG));
    let words = |name: &str, nth: usize| place.call(name).turns[nth].heard.clone().unwrap();
    assert_eq!((words("c", 0), words("c", 1)), ("I am [captured]".into(), "yes, [captured]".into()));
    assert_eq!(place.call("c").turns[0].reply.as_deref(), Some("Hello [captured]."));
    assert_eq!(words("d", 0), "marigold seeds");
    assert!(!place.has_on_disk("Marigold"));
}

#[test]
fn calls_are_deleted_with_their_recordings_when_they_were_kept_long_enough() {
    let place = place();
    let recorder = place.recorder();
    let recording = place.folder.path().join("old.wav");
    let other = place.folder.path().join("passwords");
    [&recording, &other].iter().for_each(|file| std::fs::write(file, "x").unwrap());
    recorder.files(START, &id("old"), Some(&recording), None);
    whole_call(&recorder, "old", START);
    recorder.files(START - 1, &id("older"), Some(&other), None);
    whole_call(&recorder, "older", START - 1);
    let day = Duration::from_secs(24 * 60 * 60);
    let now = START + (60 * day).as_millis() as i64;
    whole_call(&recorder, "new", now - (day + day / 2).as_millis() as i64);
    assert!(recorder.close(LONG));
    let clock = Clocks::at(now + 1).clock();
    let options = Options { keep: Some(60 * day), clock, ..Options::of(&place.file) };
    let recorder = Recorder::open(options, now + 1).unwrap();
    until(|| recorder.counters().expired == 2);
    assert!(recorder.close(LONG));
    assert_eq!(place.list().iter().map(|call| call.call_id.as_str()).collect::<Vec<_>>(), ["new"]);
    // What is no recording stays, whatever a database says.
    assert!(!recording.exists() && other.exists());
}

#[test]
fn a_long_text_is_cut_and_odd_numbers_harm_nothing() {
    let place = place();
    let recorder = place.recorder();
    recorder.tell(START, &id("c"), &turn(1, &"é".repeat(100_000), ""));
    let Happened::Turn(mut odd) = turn(2, "", "") else { panic!("a turn") };
    odd.speech_end_ms = Some(f64::NAN);
    odd.turn.answer_ms = Some(f64::INFINITY);
    odd.turn.stages.as_mut().unwrap().stt_ms = f64::NAN;
    recorder.tell(i64::MAX, &id("c"), &Happened::Turn(odd));
    recorder.tell(i64::MIN, &id("c"), &ended("hung_up", f64::NAN));
    assert!(recorder.close(LONG));
    assert_eq!(recorder.counters().lost, 0);
    let whole = place.store().call(&Which::Id(1)).unwrap().unwrap();
    assert_eq!(whole.turns[0].heard.as_ref().unwrap().len(), 16 << 10);
    assert_eq!(whole.turns[1].v2v_ms, None);
}

#[test]
fn a_note_is_in_the_file_when_it_is_told_to_be_and_the_next_of_its_tool_replaces_it() {
    let place = place();
    let recorder = place.recorder();
    recorder.tell(START, &id("c"), &began());
    for (tool, text) in [
        ("book", r#"{"day":"Tuesday","phone":"4155552671"}"#),
        ("message", r#"{"message":"call back"}"#),
        ("book", r#"{"day":"Wednesday","phone":"4155552671"}"#),
    ] {
        assert!(recorder.note(START + 10, &id("c"), tool, text, LONG));
        let events = place.call("c").events;
        let last = events.last().unwrap();
        // What is dictated for the office is not redacted.
        assert_eq!((last.kind.as_str(), last.code.as_str(), last.message.as_str()), ("note", tool, text));
    }
    let codes: Vec<String> = place.call("c").events.into_iter().map(|event| event.code).collect();
    assert_eq!(codes, ["message", "book"]);
}

#[test]
fn a_note_that_cannot_be_written_is_told_as_lost() {
    let place = place();
    let recorder =
        Recorder::open(Options { patience: Duration::from_millis(100), ..Options::of(&place.file) }, START)
            .unwrap();
    recorder.tell(START, &id("c"), &began());
    assert!(recorder.flush(LONG));
    let mut other = rusqlite::Connection::open(&place.file).unwrap();
    let lock = other.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    assert!(!recorder.note(START, &id("c"), "book", "{}", Duration::from_secs(20)));
    drop(lock);
    assert!(recorder.note(START, &id("c"), "book", "{}", LONG));
    // Nothing is cut that is told as kept.
    assert!(!recorder.note(START, &id("c"), "book", &"x".repeat(1 << 20), LONG));
}

#[test]
fn what_a_tool_did_is_an_event_with_words_only_where_words_are_kept() {
    for transcripts in [true, false] {
        let place = place();
        let recorder = Recorder::open(Options { transcripts, ..Options::of(&place.file) }, START).unwrap();
        recorder.tell(START, &id("c"), &began());
        recorder.tell(START + 10, &id("c"), &tool_ran());
        assert!(recorder.close(LONG));
        let events = place.call("c").events;
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!((event.kind.as_str(), event.code.as_str()), ("tool", "done"));
        let words = "book({\"day\":\"Tuesday\"}) took 120 ms: It is written down.";
        assert_eq!(event.message, if transcripts { words } else { "book took 120 ms" });
    }
}

#[test]
fn a_turn_keeps_where_its_answer_came_from_and_what_callers_said_is_read_in_order() {
    let place = place();
    let recorder = place.recorder();
    let id = id("c");
    recorder.tell(START, &id, &began());
    let first = Happened::Agent { name: "billing".to_owned(), first: true };
    recorder.tell(START, &id, &first);
    let Happened::Turn(mut told) = turn(1, "how much is a crown", "It is $900.") else { unreachable!() };
    let sources = vec!["prices.md#Crown".to_owned(), "x".repeat(100_000)];
    told.turn.tokens = Some(Usage { cached: Some(CachedBy::Pattern), sources, ..Usage::default() });
    recorder.tell(START + 1, &id, &Happened::Turn(told));
    recorder.tell(START + 2, &id, &turn(2, "thank you", "Goodbye."));
    whole_call(&recorder, "later", START + 10);
    assert!(recorder.close(LONG));
    let turns = place.call("c").turns;
    assert_eq!(turns[0].cached.as_deref(), Some("pattern"));
    assert_eq!(turns[0].sources[0], "prices.md#Crown");
    assert!(turns[0].sources[1].len() < 10_000, "endless names are cut");
    assert!(turns[1].cached.is_none() && turns[1].sources.is_empty());

    let said = |most| {
        let said = Store::open(&place.file).unwrap().said(most).unwrap();
        said.into_iter().map(|said| (said.agent, said.heard)).collect::<Vec<_>>()
    };
    let of = |agent: Option<&str>, heard: &str| (agent.map(str::to_owned), heard.to_owned());
    let all = [
        of(Some("billing"), "how much is a crown"),
        of(Some("billing"), "thank you"),
        of(None, "two rooms please"),
    ];
    assert_eq!(said(100), all);
    assert_eq!(said(2), all[1..]);
}
