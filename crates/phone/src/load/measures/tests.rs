//! What a step tells about its calls.

use super::*;

fn call(ended: Ended) -> CallMeasures {
    CallMeasures::without_a_word(ended)
}

fn turn(v2v_ms: f64) -> TurnMeasures {
    TurnMeasures { v2v_ms: Some(v2v_ms), ..TurnMeasures::default() }
}

fn talked(turns: Vec<TurnMeasures>) -> CallMeasures {
    CallMeasures { turns, ..call(Ended::Completed) }
}

fn folded(calls: Vec<CallMeasures>) -> StepResult {
    let mut measures = Measures::default();
    for call in calls {
        measures.add(call);
    }
    measures.result(Ran { callers: 4, ..Ran::default() })
}

#[test]
fn a_step_without_calls_has_no_figures_and_is_not_on_time() {
    let step = folded(Vec::new());
    assert_eq!((step.calls, step.turns), (Calls::default(), 0));
    assert_eq!((step.v2v_ms, step.on_time, step.slack_ms), (None, None, None));
    assert!(step.v2v_percentiles_ms.is_empty());
    assert_eq!(step.reported_minus_measured_ms, None);
}

#[test]
fn each_call_is_counted_by_how_it_ended() {
    let refused = |ms| Ended::Refused { why: "503".into(), after_ms: ms };
    let failed = Ended::Failed { why: "the connection broke".into() };
    let ends = [Ended::Completed, refused(2.0), refused(4.0), failed, Ended::Stopped];
    let step = folded(ends.into_iter().map(call).collect());
    let Calls { begun, completed, refused, failed, stopped, turned_away } = step.calls;
    assert_eq!((begun, completed, refused, failed, stopped, turned_away), (5, 1, 2, 1, 1, 0));
    assert_eq!(step.refusals, ["503 (2 times)"]);
    assert_eq!(step.failures, ["the connection broke"]);
    assert_eq!(step.refused_after_ms.unwrap().p50, 3.0);
}

#[test]
fn the_times_of_all_calls_are_one_distribution() {
    let calls = (0..10).map(|c| talked((1..=10).map(|t| turn(f64::from(c * 10 + t))).collect()));
    let step = folded(calls.collect());
    let v2v = step.v2v_ms.unwrap();
    assert_eq!((v2v.count, v2v.p50, v2v.max), (100, 50.5, 100.0));
    assert_eq!((v2v.p95, v2v.p99), (95.1, 99.0));
    assert_eq!((step.v2v_percentiles_ms.len(), step.v2v_percentiles_ms[0]), (101, 1.0));
    assert_eq!((step.turns, step.unanswered), (100, 0));
}

#[test]
fn a_turn_without_an_answer_is_counted_and_has_no_time() {
    let step = folded(vec![talked(vec![turn(500.0), TurnMeasures::default()])]);
    assert_eq!((step.turns, step.unanswered, step.v2v_ms.unwrap().count), (2, 1, 1));
}

#[test]
fn the_servers_time_is_compared_turn_by_turn() {
    let told = |measured: Option<f64>, v2v_ms: Option<f64>| TurnMeasures {
        v2v_ms: measured,
        reported: Some(Reported { v2v_ms, answer_ms: v2v_ms.map(|ms| ms + 100.0), ..Reported::default() }),
        ..TurnMeasures::default()
    };
    let turns = vec![
        told(Some(500.0), Some(480.0)),
        told(Some(900.0), Some(930.0)),
        told(Some(700.0), Some(690.0)),
        told(None, Some(10_000.0)),
        told(Some(1.0), None),
        turn(5000.0),
    ];
    let step = folded(vec![talked(turns)]);
    let deviation = step.reported_minus_measured_ms.unwrap();
    assert_eq!((deviation.pairs, deviation.median, deviation.p95_of_absolute), (3, -10.0, 29.0));
    assert_eq!(step.answer_ms.unwrap().count, 4);
    assert_eq!(step.reported_v2v_ms.unwrap().max, 10_000.0);
}

#[test]
fn the_stages_are_medians_of_the_turns_that_tell_them() {
    let with = |endpoint_ms| TurnMeasures {
        reported: Some(Reported {
            stages: StagesWire { endpoint_ms, ..StagesWire::default() },
            ..Reported::default()
        }),
        ..turn(500.0)
    };
    let step = folded(vec![talked(vec![with(Some(100.0)), with(None), with(Some(300.0))])]);
    assert_eq!((step.stages_ms.endpoint_ms, step.stages_ms.stt_ms), (Some(200.0), None));
}

#[test]
fn frames_are_on_time_unless_they_had_to_be_played_and_had_not_come() {
    let mut continuity = Continuity::default();
    let piece = |start, end| crate::continuity::Piece { start, end, cut: false };
    continuity.count(&[piece(0, 160 * 199), piece(160 * 200, 160 * 201)], 5600);
    let step = folded(vec![CallMeasures { continuity, ..call(Ended::Completed) }]);
    assert_eq!((step.underruns, step.frames, step.late_frames), (1, 199, 1));
    assert_eq!(step.on_time, Some(0.995));
}

#[test]
fn the_latest_of_all_callers_tells_how_accurate_the_times_are() {
    let late = |late_ms| CallMeasures { late_ms, ..call(Ended::Completed) };
    assert_eq!(folded(vec![late(1.0), late(14.25), late(2.0)]).caller_late_ms, 14.3);
}

#[test]
fn there_is_an_end_to_the_times_and_sentences_that_are_kept() {
    let turns = vec![turn(700.0); 1000];
    let mut measures = Measures::default();
    for n in 0..MOST_TURNS / 1000 + 2 {
        let errors = vec![format!("error {n}")];
        measures.add(CallMeasures { errors, ..talked(turns.clone()) });
    }
    let step = measures.result(Ran::default());
    assert_eq!((step.turns, step.turns_left_out), (202_000, 2000));
    assert_eq!(step.v2v_ms.unwrap().count, MOST_TURNS);
    assert_eq!(step.errors.len(), MOST_SENTENCES);
}

#[test]
fn what_was_not_measured_is_null_for_programs() {
    let json = serde_json::to_value(folded(Vec::new())).unwrap();
    assert!(json["v2v_ms"].is_null() && json["server"].is_null() && json["on_time"].is_null());
    assert_eq!(json["calls"]["refused"], 0);
}
