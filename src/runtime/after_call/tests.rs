//! Which calls wait, and what their followers are told before a model is asked.

use std::path::Path;

use super::*;
use crate::config::parse;
use crate::ids::TurnId;
use crate::report::{Speaker, Summary, TranscriptLine};

#[derive(Default)]
struct Heard(Mutex<Vec<(String, AfterCall)>>);

impl Follower for Heard {
    fn told(&self, call: &CallId, happened: &Happened) {
        if let Happened::Summarised(after) = happened {
            self.0.lock().unwrap().push((call.as_str().to_owned(), after.clone()));
        }
    }
}

fn wanted(keys: &str) -> (Option<Arc<AfterCalls>>, Arc<Heard>) {
    let text = format!("[records]\nfile = \"calls.db\"\n[after_call]\n{keys}");
    let config = parse(&text, "test", Path::new("")).unwrap();
    let heard = Arc::new(Heard::default());
    (AfterCalls::wanted(&config, vec![heard.clone()]), heard)
}

fn ends(after_calls: &AfterCalls, call: &str, words: &str) {
    let line = TranscriptLine { turn: TurnId(1), speaker: Speaker::Caller, text: words.to_owned() };
    let summary = Summary { transcript: vec![line], ..Summary::default() };
    after_calls.told(&CallId::new(call), &Happened::Ended(summary));
}

#[test]
fn without_a_wish_nothing_is_made() {
    assert!(wanted("").0.is_none());
}

#[test]
fn of_too_many_calls_the_oldest_is_dropped_and_told() {
    let (after_calls, heard) = wanted("summary = true\nmax_waiting = 2");
    let after_calls = after_calls.unwrap();
    for call in ["a", "b", "c"] {
        ends(&after_calls, call, "two rooms");
    }
    assert_eq!(after_calls.waiting(), 2);
    let told = heard.0.lock().unwrap();
    let states: Vec<(&str, &str)> =
        told.iter().map(|(call, after)| (call.as_str(), after.state.name())).collect();
    assert_eq!(states, [("a", "pending"), ("b", "pending"), ("c", "pending"), ("a", "failed")]);
    assert_eq!(told[3].1.code.as_deref(), Some("dropped"));
}

#[test]
fn what_is_known_of_a_call_without_words_is_told_behind_those_before_it() {
    let keys = "summary = true\nfields = { properties = { name = { type = \"string\" } } }";
    let (after_calls, heard) = wanted(keys);
    let after_calls = after_calls.unwrap();
    ends(&after_calls, "a", " ");
    // It takes its turn: another call of its name may wait before it.
    assert_eq!(after_calls.waiting(), 1);
    let told = heard.0.lock().unwrap();
    assert_eq!((told.len(), told[0].1.state), (1, AfterState::Pending));
    let after = after_calls.of_silence();
    assert_eq!(after.state, AfterState::Done);
    assert_eq!(after.summary.as_deref(), Some("The caller said nothing."));
    assert_eq!(after.fields, serde_json::json!({"name": null}).as_object().cloned());
}
