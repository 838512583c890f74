//! Pictures of calls that went well, badly or not at all: always valid XML, never an invalid number.

use super::super::scripted_caller::Turn;
use super::*;
use offhook_core::streams::native::TurnReportWire;

/// Turns of five seconds; the caller speaks for two, the agent answers with a tone.
fn call(times: &[Option<f64>], stages: StagesWire, text: &str) -> (CallResult, Outcome) {
    let second = PHONE_RATE as usize;
    let mut outcome = Outcome::default();
    let mut results = Vec::new();
    for (i, &v2v_ms) in times.iter().enumerate() {
        let start = outcome.caller.len();
        let speech_end = start + 2 * second;
        outcome.turns.push(Turn { start, speech_start: start, speech_end, v2v_ms, silent_after_ms: None });
        outcome.caller.extend((0..5 * second).map(|n| if n < 2 * second { 9000 } else { 0 }));
        outcome.agent.extend((0..5 * second).map(|n| if n > 3 * second { -9000 } else { 0 }));
        results.push(TurnResult {
            turn: i + 1,
            heard: text.to_owned(),
            reply: text.to_owned(),
            v2v_ms,
            stages,
            ..TurnResult::default()
        });
    }
    let result = CallResult { call_id: "c".into(), turns: results, ..CallResult::default() };
    (result, outcome)
}

fn stages() -> StagesWire {
    StagesWire {
        endpoint_ms: Some(320.0),
        stt_ms: Some(0.0),
        llm_first_token_ms: Some(4.0),
        tts_first_audio_ms: Some(60.0),
        first_frame_ms: Some(5.0),
    }
}

/// Every tag is closed by its own kind, and every number is valid.
fn sound(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>'), "{piece}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(svg.matches("<svg").count(), 1);
    for broken in ["NaN", "inf", "=\"-0\"", "width=\"-", "height=\"-"] {
        assert!(!svg.contains(broken), "{broken}");
    }
}

#[test]
fn a_call_is_drawn_with_its_times_and_words() {
    let (result, outcome) = call(&[Some(390.0), Some(410.0), Some(400.0)], stages(), "hello");
    let svg = draw(&result, &outcome);
    sound(&svg);
    assert!(svg.contains(">400 ms</text>") && svg.contains("3 of 3 turns answered"));
    assert!(svg.contains("endpoint 320 ms") && svg.contains("median 400 ms, longest 410 ms"));
    assert_eq!(svg.matches(">hello</text>").count(), 6);
}

#[test]
fn words_cannot_break_the_picture() {
    let evil = "</text><script>alert(\"1\")</script> & \u{0}\u{1b}]]> 'x'";
    let (mut result, mut outcome) = call(&[Some(400.0)], stages(), evil);
    let turn = TurnReportWire { reply: evil.into(), ..TurnReportWire::default() };
    outcome.reports.push(super::super::dial::Report { at: 0, turn });
    result.turns[0].interrupted = true;
    let svg = draw(&result, &outcome);
    sound(&svg);
    assert!(!svg.contains("<script") && !svg.contains('\u{0}') && !svg.contains('\u{1b}'));
    assert!(svg.contains("&lt;script&gt;"));
}

#[test]
fn a_call_in_which_nothing_happened_has_a_picture() {
    let (result, outcome) = call(&[], StagesWire::default(), "");
    let svg = draw(&result, &outcome);
    sound(&svg);
    assert!(svg.contains("No turn was answered"));
}

#[test]
fn turns_without_stages_or_answers_are_drawn() {
    let times = [Some(400.0), None, Some(-300.0), Some(0.0)];
    let (result, outcome) = call(&times, StagesWire::default(), "words");
    let svg = draw(&result, &outcome);
    sound(&svg);
    assert!(svg.contains(">no answer</text>") && svg.contains(">-300 ms</text>"));
}

#[test]
fn a_line_that_was_never_said_has_no_place() {
    let (mut result, mut outcome) = call(&[Some(400.0), None], stages(), "words");
    outcome.turns.pop();
    result.turns[1].stages = StagesWire::default();
    sound(&draw(&result, &outcome));
}

#[test]
fn figures_beyond_belief_stay_on_the_picture() {
    let wild = StagesWire { endpoint_ms: Some(1e300), stt_ms: Some(-5.0), ..stages() };
    let (result, outcome) = call(&[Some(1e12), Some(5.0)], wild, "words");
    sound(&draw(&result, &outcome));
}
