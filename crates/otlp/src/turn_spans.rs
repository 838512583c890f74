//! The spans of a turn: from the caller's last sound to the first sound of the answer, and in it the stages,
//! one behind the other. Must not know where the calls in progress are kept.

use offhook_core::report::{EndOfTurn, Hidden, ReportedTurn, Speculation, TurnReport};
use offhook_core::units::FRAME;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::attributes::Attributes;
use crate::ids::TraceId;
use crate::moments::{Step, after, before, length, total, waterfall};
use crate::span::{Place, span};

/// The error of a turn whose engine told none.
const FALLBACK: &str = "fallback";

/// What is known of the call that a turn belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The call's name.
    pub(crate) call: &'a str,
    /// The trace of the call.
    pub(crate) trace: TraceId,
    /// When the call started, in nanoseconds since 1970, if that is known.
    pub(crate) started: Option<u64>,
    /// When the turn was told, in nanoseconds since 1970.
    pub(crate) told: u64,
    /// The code of the last failure of an engine since the turn before.
    pub(crate) code: Option<&'a str>,
}

/// The spans of a turn, the turn itself first.
pub(crate) fn turn_spans(around: Around<'_>, reported: ReportedTurn) -> Vec<Span> {
    let turn = &reported.turn;
    let first = turn.stages.as_ref().map(waterfall);
    let answer = turn.answer_stages.as_ref().map(waterfall);
    let first_sound = first.as_ref().map_or(0, total);
    let length_of_answer = answer.as_ref().map_or(first_sound, total);
    let whole = length_of_answer.max(first_sound).max(turn.answer_ms.map_or(0, length));
    let (start, estimated) = start(around, turn, whole);

    let (trace, number) = (around.trace, turn.turn.0);
    let id = trace.turn(number);
    let part = |name: &str, (from, to): (u64, u64), attributes| {
        let place = Place { trace, id: trace.part(number, name), parent: Some(id) };
        span(name, place, (after(start, from), after(start, to)), attributes)
    };
    let mut parts = Vec::new();
    if let (Some(first), Some(_)) = (&first, &answer) {
        parts.push(part("filler", (0, first_sound), stages_of_filler(first)));
    }
    for step in answer.or(first).iter().flatten() {
        parts.push(part(step.name, (step.from, step.to), Attributes::default()));
    }
    if let (Some(ms), Some(_)) = (turn.mark_return_ms.filter(|ms| ms.is_finite()), turn.stages) {
        let from = first_sound.saturating_add(length(FRAME.as_secs_f64() * 1000.0));
        parts.push(part("mark_return", (from, from.saturating_add(length(ms))), Attributes::default()));
    }
    let place = Place { trace, id, parent: Some(trace.call()) };
    let whole = (start, after(start, whole));
    let spans = std::iter::once(of_turn(place, whole, around, estimated, reported));
    spans.chain(parts).collect()
}

/// When the turn started, and whether that is only an estimate: without the start of the call or a last sound
/// of the caller, the turn ends where it was told.
fn start(around: Around<'_>, turn: &TurnReport, whole: u64) -> (u64, bool) {
    match (around.started, turn.speech_end) {
        (Some(started), Some(speech_end)) => (after(started, speech_end.as_micros()), false),
        (started, _) => (before(around.told, whole).max(started.unwrap_or_default()), true),
    }
}

fn of_turn(
    place: Place,
    times: (u64, u64),
    around: Around<'_>,
    estimated: bool,
    ReportedTurn { turn, model, speech_end_ms }: ReportedTurn,
) -> Span {
    let speculation = match turn.speculation {
        Speculation::Off => "off",
        Speculation::Used => "used",
        Speculation::Wasted => "wasted",
    };
    let attributes = Attributes::default()
        .text("offhook.call.id", around.call)
        .text("gen_ai.conversation.id", around.call)
        .count("offhook.turn", turn.turn.0)
        .figure("offhook.v2v_ms", turn.stages.map(|stages| stages.total_ms()))
        .figure("offhook.answer_ms", turn.answer_ms)
        .figure("offhook.mark_return_ms", turn.mark_return_ms)
        .figure("offhook.speech_end_ms", speech_end_ms)
        .flag("offhook.interrupted", turn.interrupted)
        .count("offhook.hiccups", turn.hiccups)
        .text("offhook.speculation", speculation)
        .text("gen_ai.response.model", model)
        .count("offhook.rung", turn.rung)
        .flag("offhook.failed", turn.failed)
        .flag("offhook.time_estimated", estimated)
        .text("offhook.heard", turn.heard)
        .text("offhook.reply", turn.reply);
    let attributes = turn.tokens.into_iter().fold(attributes, |attributes, tokens| {
        attributes
            .count("gen_ai.usage.input_tokens", tokens.prompt)
            .count("gen_ai.usage.cache_read.input_tokens", tokens.reused)
            .count("gen_ai.usage.output_tokens", tokens.generated)
    });
    let attributes = hidden(attributes, turn.hidden);
    let attributes = end_of_turn(attributes, turn.end_of_turn);
    if !turn.failed {
        return span("turn", place, times, attributes);
    }
    let code = around.code.unwrap_or(FALLBACK);
    let status = Status { code: StatusCode::Error.into(), message: code.to_owned() };
    Span { status: Some(status), ..span("turn", place, times, attributes.text("error.type", code)) }
}

/// Work that the caller did not wait for has no place in the waterfall.
fn hidden(attributes: Attributes, hidden: Option<Hidden>) -> Attributes {
    let Some(Hidden { stt_ms, llm_ms, tts_ms }) = hidden else { return attributes };
    attributes
        .figure("offhook.hidden.stt_ms", stt_ms)
        .figure("offhook.hidden.llm_ms", llm_ms)
        .figure("offhook.hidden.tts_ms", tts_ms)
}

fn end_of_turn(attributes: Attributes, end: Option<EndOfTurn>) -> Attributes {
    let Some(EndOfTurn { rules, model, score, wait_ms }) = end else { return attributes };
    attributes
        .figure("offhook.end_of_turn.rules", f64::from(rules))
        .figure("offhook.end_of_turn.model", model.map(f64::from))
        .figure("offhook.end_of_turn.score", f64::from(score))
        .figure("offhook.end_of_turn.wait_ms", wait_ms)
}

/// The stages of a filler are attributes: as spans, they would be added to the answer's of the same name.
fn stages_of_filler(steps: &[Step; 5]) -> Attributes {
    steps.iter().fold(Attributes::default(), |attributes, step| {
        let ms = (step.to - step.from) as f64 / 1000.0;
        attributes.figure(format!("offhook.stage.{}_ms", step.name), ms)
    })
}
