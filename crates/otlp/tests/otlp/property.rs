//! Whatever happens in calls, in whatever order and with whatever figures: the spans are valid.

use std::time::Duration;

use super::collector::Collector;
use super::{LONG, options};
use offhook_core::ids::{CallId, TurnId};
use offhook_core::report::{
    Beginning, Consumption, EndOfTurn, Failure, Happened, Hidden, ReportedTurn, Stages, Summary, Trouble,
    TurnReport,
};
use offhook_core::units::CallTime;
use offhook_otlp::{Exporter, Options};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::option;
use proptest::prelude::*;

/// A figure that a program should never make, or one that it does.
fn figure() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0, f64::MIN_POSITIVE];
    prop_oneof![any::<f64>(), proptest::sample::select(odd.to_vec()), -1000.0..5000.0]
}

fn stages() -> impl Strategy<Value = Stages> {
    proptest::array::uniform5(figure()).prop_map(|ms| {
        let [endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms] = ms;
        Stages { endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms }
    })
}

fn turn() -> impl Strategy<Value = Happened> {
    let times = (
        option::of(prop_oneof![any::<u64>(), 0..10_000_000_u64].prop_map(CallTime::from_micros)),
        option::of(stages()),
        option::of(stages()),
        option::of(figure()),
        option::of(figure()),
    );
    let rest = (0..5_u32, any::<bool>(), ".{0,20}", proptest::array::uniform3(figure()), any::<f32>());
    (times, rest).prop_map(|(times, (turn, failed, words, [a, b, c], score))| {
        let (speech_end, stages, answer_stages, answer_ms, mark_return_ms) = times;
        let turn = TurnReport {
            turn: TurnId(turn),
            heard: words.clone(),
            reply: words.clone(),
            speech_end,
            stages,
            answer_stages,
            answer_ms,
            mark_return_ms,
            hidden: Some(Hidden { stt_ms: a, llm_ms: b, tts_ms: c }),
            end_of_turn: Some(EndOfTurn { rules: score, model: Some(score), score, wait_ms: a }),
            failed,
            ..TurnReport::default()
        };
        Happened::Turn(ReportedTurn { turn, model: words, speech_end_ms: Some(b) })
    })
}

fn happened() -> impl Strategy<Value = Happened> {
    let trouble = prop_oneof![
        Just(Trouble::Late),
        Just(Trouble::Engine),
        Just(Trouble::OddMessage { count: 1, reason: String::new() }),
    ];
    prop_oneof![
        ".{0,9}".prop_map(|gateway| Happened::Started(Beginning { gateway, ..Beginning::default() })),
        turn(),
        (trouble, ".{0,9}").prop_map(|(trouble, text)| {
            Happened::Failed(trouble, Failure { code: text.clone(), message: text })
        }),
        (figure(), figure()).prop_map(|(duration_ms, cpu_s)| {
            let consumed = Consumption { caller_audio_s: duration_ms, cpu_s, ..Consumption::default() };
            Happened::Ended(Summary { duration_ms, consumed, ..Summary::default() })
        }),
    ]
}

fn at() -> impl Strategy<Value = Duration> {
    let odd = [Duration::ZERO, Duration::MAX, Duration::from_nanos(u64::MAX)];
    let usual = (0..100_000_u64).prop_map(|ms| Duration::from_millis(1_700_000_000_000 + ms));
    prop_oneof![4 => usual, 1 => proptest::sample::select(odd.to_vec())]
}

fn is_valid(span: &Span, spans: &[Span]) -> Result<(), TestCaseError> {
    prop_assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
    prop_assert!(span.trace_id.len() == 16 && span.span_id.len() == 8, "{span:?}");
    prop_assert!(span.trace_id.iter().any(|byte| *byte != 0) && span.span_id.iter().any(|byte| *byte != 0));
    prop_assert!(!span.name.is_empty());
    for attribute in &span.attributes {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        let is_number = |value: &Value| !matches!(value, Value::DoubleValue(figure) if !figure.is_finite());
        prop_assert!(value.is_some_and(is_number), "{attribute:?}");
    }
    if span.name == "call" {
        prop_assert!(span.parent_span_id.is_empty());
    } else if span.name != "turn" {
        // A turn may be told twice: one of those with this id is the one that it hangs on.
        let parents = spans.iter().filter(|other| {
            other.trace_id == span.trace_id && other.span_id == span.parent_span_id && other.name == "turn"
        });
        let within = |parent: &Span| {
            let starts = parent.start_time_unix_nano <= span.start_time_unix_nano;
            let ends = span.end_time_unix_nano <= parent.end_time_unix_nano;
            starts && (ends || span.name == "mark_return")
        };
        prop_assert!(parents.into_iter().any(within), "{span:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_make_valid_spans(events in proptest::collection::vec((at(), 0..3_u8, happened()), 1..40)) {
        let collector = Collector::good();
        let exporter = Exporter::open(Options { words: true, ..options(&collector) }).unwrap();
        let mut expected = 0;
        for (at, call, happened) in &events {
            expected += usize::from(matches!(happened, Happened::Turn(_) | Happened::Ended(_)));
            exporter.tell(*at, &CallId::new(&format!("c-{call}")), happened);
        }
        prop_assert!(exporter.close(LONG), "the thread panicked");
        let spans = collector.spans();
        let whole = spans.iter().filter(|span| ["call", "turn"].contains(&span.name.as_str()));
        prop_assert_eq!(whole.count(), expected);
        for span in &spans {
            is_valid(span, &spans)?;
        }
    }
}
