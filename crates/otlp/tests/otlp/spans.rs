//! What the spans of a call say: where they hang, when they are, and what is not in them.

use super::collector::{Collector, shown};
use super::{at, call, ended, failed, options, over, stages, started, tell, turn};
use offhook_core::report::{Happened, Stages, TurnReport};
use offhook_otlp::{Exporter, Options, trace_id};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

/// The spans of these events.
fn spans_with(words: bool, events: &[Happened]) -> Vec<Span> {
    let collector = Collector::good();
    let exporter = Exporter::open(Options { words, ..options(&collector) }).unwrap();
    tell(&exporter, events);
    collector.spans()
}

fn spans(events: &[Happened]) -> Vec<Span> {
    spans_with(false, events)
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

/// In microseconds after the start of the call.
fn times(span: &Span) -> (i64, i64) {
    let after = |nanos: u64| (i128::from(nanos) - at(0).as_nanos() as i128) / 1000;
    (after(span.start_time_unix_nano) as i64, after(span.end_time_unix_nano) as i64)
}

fn attribute(span: &Span, key: &str) -> String {
    shown(&span.attributes, key).unwrap_or_else(|| panic!("{} has no {key}", span.name))
}

fn text(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_call_is_one_trace_that_its_name_and_start_lead_to() {
    let spans = spans(&[started(), over(turn(1)), over(turn(2)), ended()]);
    let trace = trace_id(&call(), at(0).as_millis() as i64);
    assert!(spans.iter().all(|span| text(&span.trace_id) == trace));
    let mut ids: Vec<_> = spans.iter().map(|span| &span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), spans.len()), (15, 15), "a call, two turns with five stages and a mark each");
}

#[test]
fn stages_hang_on_their_turn_and_turns_on_their_call() {
    let spans = spans(&[started(), over(turn(1)), ended()]);
    let (call, turn) = (named(&spans, "call"), named(&spans, "turn"));
    assert!(call.parent_span_id.is_empty());
    assert_eq!(turn.parent_span_id, call.span_id);
    for stage in ["endpoint", "stt", "llm_first_token", "tts_first_audio", "first_frame", "mark_return"] {
        assert_eq!(named(&spans, stage).parent_span_id, turn.span_id, "{stage}");
    }
    assert_eq!(call.kind(), SpanKind::Server);
    assert_eq!(turn.kind(), SpanKind::Internal);
    assert_eq!(times(call), (0, 2_000_000));
}

#[test]
fn the_stages_of_a_turn_add_up_to_the_microsecond() {
    let spans = spans(&[started(), over(turn(1)), ended()]);
    let turn = times(named(&spans, "turn"));
    assert_eq!(turn, (2_000_000, 2_393_623));
    let mut end = turn.0;
    for (stage, ms) in stages().named() {
        let (from, to) = times(named(&spans, stage.strip_suffix("_ms").unwrap()));
        assert_eq!((from, to - from), (end, (ms * 1000.0).round() as i64), "{stage}");
        end = to;
    }
    assert_eq!(end, turn.1);
}

#[test]
fn a_filler_is_a_part_of_the_turn_and_the_stages_are_the_answers() {
    let filler = Stages { llm_first_token_ms: 10.0, ..stages() };
    let answer = Stages { llm_first_token_ms: 1500.0, ..stages() };
    let report = TurnReport {
        stages: Some(filler),
        answer_stages: Some(answer),
        answer_ms: Some(answer.total_ms()),
        ..turn(1)
    };
    let spans = spans(&[started(), over(report), ended()]);
    let (turn, filler) = (named(&spans, "turn"), named(&spans, "filler"));
    assert_eq!(times(turn), (2_000_000, 3_803_500));
    assert_eq!((times(filler), &filler.parent_span_id), ((2_000_000, 2_313_500), &turn.span_id));
    assert_eq!(attribute(filler, "offhook.stage.llm_first_token_ms"), "10");
    assert_eq!(times(named(&spans, "first_frame")), (3_802_500, 3_803_500));
    assert_eq!(attribute(turn, "offhook.v2v_ms"), "313.5");
    assert_eq!(
        times(named(&spans, "mark_return")),
        (2_333_500, 2_453_500),
        "behind the first 20 ms of sound"
    );
}

#[test]
fn a_turn_has_its_figures_and_a_call_has_its_sums() {
    let spans = spans(&[started(), over(turn(1)), ended()]);
    let has = |span: &str, pairs: &[(&str, &str)]| {
        for (key, value) in pairs {
            assert_eq!(attribute(named(&spans, span), key), *value, "{key}");
        }
    };
    has(
        "turn",
        &[
            ("offhook.call.id", "c-1"),
            ("offhook.turn", "1"),
            ("offhook.v2v_ms", "393.623"),
            ("offhook.answer_ms", "393.623"),
            ("offhook.mark_return_ms", "120"),
            ("offhook.interrupted", "false"),
            ("offhook.speculation", "used"),
            ("gen_ai.response.model", "small"),
            ("offhook.rung", "0"),
            ("offhook.failed", "false"),
            ("offhook.time_estimated", "false"),
            ("gen_ai.usage.input_tokens", "100"),
            ("gen_ai.usage.cache_read.input_tokens", "90"),
            ("gen_ai.usage.output_tokens", "12"),
            ("offhook.hidden.stt_ms", "80"),
            ("offhook.hidden.llm_ms", "7"),
            ("offhook.hidden.tts_ms", "0"),
        ],
    );
    has(
        "call",
        &[
            ("offhook.call.id", "c-1"),
            ("gen_ai.conversation.id", "c-1"),
            ("offhook.gateway", "twilio"),
            ("offhook.sample_rate", "8000"),
            ("offhook.end.code", "caller_hung_up"),
            ("offhook.turns", "1"),
            ("offhook.interruptions", "2"),
            ("gen_ai.usage.input_tokens", "300"),
            ("gen_ai.usage.cache_read.input_tokens", "200"),
            ("gen_ai.usage.output_tokens", "30"),
            ("offhook.audio.caller_s", "9.5"),
            ("offhook.audio.agent_s", "4.25"),
            ("offhook.cpu_s", "1.5"),
        ],
    );
}

#[test]
fn words_numbers_and_custom_data_are_sent_only_if_they_are_wanted() {
    let events = [started(), failed(), over(turn(1)), ended()];
    assert!(!format!("{:?}", spans(&events)).contains("private"));
    let spans = spans_with(true, &events);
    let (call, turn) = (named(&spans, "call"), named(&spans, "turn"));
    assert_eq!(attribute(turn, "offhook.heard"), "private words of the caller");
    assert_eq!(attribute(turn, "offhook.reply"), "private words of the agent");
    assert_eq!(attribute(call, "offhook.from"), "+1555private");
    assert_eq!(attribute(call, "offhook.to"), "+1666private");
    assert_eq!(attribute(call, "offhook.client_id"), "private-session");
    assert_eq!(attribute(call, "offhook.data.ticket"), "private-ticket");
    assert_eq!(attribute(call, "offhook.end.reason"), "private reason");
    let message = shown(&call.events[0].attributes, "exception.message");
    assert_eq!(message.as_deref(), Some("could not say private words"));
}

#[test]
fn a_failure_is_an_event_of_the_call_and_the_error_of_the_turn_that_failed() {
    let fallback = || over(TurnReport { failed: true, ..turn(1) });
    let spans = spans(&[started(), failed(), fallback(), ended()]);
    let (call, turn) = (named(&spans, "call"), named(&spans, "turn"));
    let [event] = &call.events[..] else { panic!("{:?}", call.events) };
    assert_eq!((event.name.as_str(), event.time_unix_nano), ("exception", at(1000).as_nanos() as u64));
    assert_eq!(shown(&event.attributes, "exception.type").as_deref(), Some("tts"));
    assert_eq!(shown(&event.attributes, "offhook.trouble").as_deref(), Some("engine"));
    assert_eq!(turn.status.as_ref().unwrap().code(), StatusCode::Error);
    assert_eq!(attribute(turn, "error.type"), "tts");
    assert_eq!(call.status, None, "the call went on");
}

#[test]
fn a_greeting_has_no_waterfall_and_a_turn_without_a_sound_no_length() {
    let greeting = TurnReport::default();
    let silent = TurnReport { speech_end: turn(1).speech_end, ..TurnReport::default() };
    for (report, begins) in [(greeting, 1_000_000), (silent, 2_000_000)] {
        let spans = spans(&[started(), over(report), ended()]);
        assert_eq!(spans.len(), 2);
        assert_eq!(times(named(&spans, "turn")), (begins, begins));
    }
}

#[test]
fn a_call_whose_start_was_not_told_still_has_its_turns() {
    let spans = spans(&[over(turn(1)), ended()]);
    let (call_span, turn) = (named(&spans, "call"), named(&spans, "turn"));
    assert_eq!(text(&turn.trace_id), trace_id(&call(), 0));
    assert_eq!(turn.parent_span_id, call_span.span_id);
    assert_eq!(times(turn), (-393_623, 0), "it ends where it was told");
    assert_eq!(times(call_span), (-9_000_000, 1_000_000));
    assert_eq!(attribute(turn, "offhook.time_estimated"), "true");
    assert_eq!(attribute(call_span, "offhook.time_estimated"), "true");
}
