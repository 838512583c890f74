//! The form of the JSON: what it is called, and that servers of other versions are read.

use offhook_top::{Call, HISTORY, Health, History, Pressure, State};
use serde_json::{Value, json};

use super::realistic;

#[test]
fn what_was_written_is_read_again() {
    let state = realistic();
    let written = serde_json::to_value(&state).unwrap();
    assert_eq!(serde_json::from_value::<State>(written.clone()).unwrap(), state);
    let file: Value = serde_json::from_str(include_str!("realistic.json")).unwrap();
    assert_eq!(written, file);
}

#[test]
fn a_server_of_an_older_version_tells_the_names_of_calls_alone() {
    let old = json!({"version": "0.1.0", "ready": true, "calls": ["CA1", "CA2"], "max_calls": 4});
    let state: State = serde_json::from_value(old).unwrap();
    assert_eq!(state.calls[1], Call { id: "CA2".to_owned(), ..Call::default() });
    assert_eq!((state.ready, state.max_calls, state.engines.len()), (true, 4, 0));
}

#[test]
fn words_and_fields_of_a_later_version_are_passed_over() {
    let new = json!({
        "engines": [{"name": "stt", "health": "sleeping", "mood": 7}],
        "quality": {"pressure": "extreme"},
        "weather": {"sunny": true},
    });
    let state: State = serde_json::from_value(new).unwrap();
    assert_eq!(state.engines[0].health, Health::Unknown);
    assert_eq!(state.quality.pressure, Pressure::Unknown);
}

#[test]
fn a_figure_that_is_not_finite_costs_only_itself() {
    let state = State { cpu_s: f64::NAN, ready: true, ..State::default() };
    let written = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&written).unwrap(), State { cpu_s: 0.0, ..state });
    let history = json!({"history": {"cpu": [1.0, null], "v2v_p95_ms": [null, 3.0]}});
    let state: State = serde_json::from_value(history).unwrap();
    assert_eq!((state.history.cpu, state.history.v2v_p95_ms), (vec![1.0, 0.0], vec![None, Some(3.0)]));
}

#[test]
fn a_history_forgets_its_oldest_samples() {
    let mut history = History::default();
    for i in 0..150 {
        history.push(f64::from(i), 1.0, 2, None);
    }
    assert_eq!((history.cpu.len(), history.cpu[0], history.v2v_p95_ms.len()), (HISTORY, 30.0, HISTORY));
}
