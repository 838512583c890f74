//! What a call remembers of itself: its turns, what went wrong, and how its stages are spread.
//! Must not know how a turn comes about.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conversation::latency::{EndOfTurn, Speculation, SpeculationCount, Stages, TurnReport};
use crate::engine::Usage;
use crate::engine::arbiter::Work;
use crate::engine::cores::Meter;
use crate::gateway::native::{
    CoresWire, EndOfTurnWire, ErrorWire, HiddenWire, LineWire, PongWire, ReceptionWire, SpeakerWire,
    SpeculationCountWire, SpeculationWire, SpreadWire, StagesWire, SummaryWire, TokensWire, TurnReportWire,
};
use crate::units::tenths;

/// More turns than a call has; older ones are forgotten, so that a call of days does not grow.
const MAX_TURNS: usize = 2000;
/// More names of custom data are not logged.
const MAX_NAMES: usize = 20;
/// The same as for turns, for errors.
const MAX_ERRORS: usize = 100;

/// The record of one call.
#[derive(Debug, Default)]
pub struct CallLog {
    client_id: Option<String>,
    data: BTreeMap<String, String>,
    turns: Vec<TurnReport>,
    errors: Vec<ErrorWire>,
    answered: u32,
    interruptions: u32,
    hiccups: u32,
}

impl CallLog {
    /// Of a session that its client calls `client_id`, a call to which the customer attached `data`. The names
    /// in it are logged, its values only for debugging.
    #[must_use]
    pub fn new(client_id: Option<String>, data: BTreeMap<String, String>) -> Self {
        if !data.is_empty() {
            let names: Vec<&str> = data.keys().map(String::as_str).take(MAX_NAMES).collect();
            tracing::info!(count = data.len(), names = names.join(" "), "data of the call");
            tracing::debug!(?data, "data of the call");
        }
        Self { client_id, data, ..Self::default() }
    }

    /// A turn is over.
    pub fn turn(&mut self, report: TurnReport) {
        self.answered += u32::from(!report.heard.is_empty() && !report.reply.is_empty());
        self.interruptions += u32::from(report.interrupted);
        self.hiccups += report.hiccups;
        if self.turns.len() == MAX_TURNS {
            self.turns.remove(0);
        }
        self.turns.push(report);
    }

    /// Something went wrong; `code` is for programs, `message` for people.
    pub fn error(&mut self, code: &str, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ErrorWire { code: code.to_owned(), message });
        }
    }

    /// The answer to a ping.
    #[must_use]
    pub fn pong(
        &self,
        id: String,
        queues: BTreeMap<String, u64>,
        line: ReceptionWire,
        meters: &BTreeMap<Work, Meter>,
    ) -> PongWire {
        let cores = meters.iter().map(|(work, meter)| (work.name().to_owned(), wire_meter(meter))).collect();
        PongWire { id, turns: self.answered, latency: self.latency(), queues, line, cores }
    }

    /// The whole call.
    #[must_use]
    pub fn summary(
        &self,
        call_id: &str,
        duration_ms: f64,
        speculated: SpeculationCount,
        line: ReceptionWire,
    ) -> SummaryWire {
        let said = |turn: &TurnReport, speaker, text: &str| {
            (!text.is_empty()).then(|| LineWire { turn: turn.turn.0, speaker, text: text.to_owned() })
        };
        let both = |turn: &TurnReport| {
            [said(turn, SpeakerWire::Caller, &turn.heard), said(turn, SpeakerWire::Agent, &turn.reply)]
        };
        SummaryWire {
            call_id: call_id.to_owned(),
            client_id: self.client_id.clone(),
            data: self.data.clone(),
            duration_ms,
            turns: self.answered,
            interruptions: self.interruptions,
            hiccups: self.hiccups,
            speculation: wire_count(speculated),
            transcript: self.turns.iter().flat_map(both).flatten().collect(),
            latency: self.latency(),
            line,
            errors: self.errors.clone(),
        }
    }

    fn latency(&self) -> BTreeMap<String, SpreadWire> {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for value in self.turns.iter().filter_map(|turn| turn.answer_ms) {
            values.entry("answer_ms").or_default().push(value);
        }
        for value in self.turns.iter().filter_map(|turn| turn.mark_return_ms) {
            values.entry("mark_return_ms").or_default().push(value);
        }
        for stages in self.turns.iter().filter_map(|turn| turn.stages) {
            values.entry("v2v_ms").or_default().push(stages.total_ms());
            for (name, value) in wire_stages(&stages).named() {
                values.entry(name).or_default().extend(value);
            }
        }
        values.into_iter().filter_map(|(name, values)| Some((name.to_owned(), spread(values)?))).collect()
    }
}

/// A report as it stands on the wire. `speech_end_ms` is the place in the caller's stream,
/// `model` the name of who answered.
#[must_use]
pub fn wire_report(report: &TurnReport, speech_end_ms: Option<f64>, model: &str) -> TurnReportWire {
    let hidden = report.hidden.map(|hidden| HiddenWire {
        stt_ms: Some(tenths(hidden.stt_ms)),
        llm_ms: Some(tenths(hidden.llm_ms)),
        tts_ms: Some(tenths(hidden.tts_ms)),
    });
    TurnReportWire {
        turn: report.turn.0,
        heard: report.heard.clone(),
        reply: report.reply.clone(),
        heard_estimated: report.heard_estimated,
        interrupted: report.interrupted,
        hiccups: report.hiccups,
        speculation: match report.speculation {
            Speculation::Off => SpeculationWire::Off,
            Speculation::Used => SpeculationWire::Used,
            Speculation::Wasted => SpeculationWire::Wasted,
        },
        stages: report.stages.as_ref().map(wire_stages).unwrap_or_default(),
        hidden: hidden.unwrap_or_default(),
        mark_return_ms: report.mark_return_ms.map(tenths),
        answer_ms: report.answer_ms.map(tenths),
        v2v_ms: report.stages.map(|stages| tenths(stages.total_ms())),
        speech_end_ms: speech_end_ms.map(tenths),
        end_of_turn: report.end_of_turn.as_ref().map(wire_end).unwrap_or_default(),
        model: model.to_owned(),
        tokens: report.tokens.as_ref().map(wire_tokens).unwrap_or_default(),
    }
}

fn wire_end(end: &EndOfTurn) -> EndOfTurnWire {
    let thousandths = |x: f64| Some((x * 1000.0).round() / 1000.0);
    EndOfTurnWire {
        rules: thousandths(end.rules.into()),
        // A probability may be small and yet say something.
        model: end.model.map(|p| (f64::from(p) * 1e6).round() / 1e6),
        score: thousandths(end.score.into()),
        wait_ms: Some(tenths(end.wait_ms)),
    }
}

fn wire_tokens(tokens: &Usage) -> TokensWire {
    let count = |n: usize| u64::try_from(n).ok();
    TokensWire {
        prompt: count(tokens.prompt),
        reused: count(tokens.reused),
        read_ahead: count(tokens.read_ahead),
        read_in_vain: count(tokens.read_in_vain),
        generated: count(tokens.generated),
    }
}

fn wire_count(count: SpeculationCount) -> SpeculationCountWire {
    SpeculationCountWire {
        started: count.started,
        used: count.used,
        thrown_away: count.thrown_away,
        tokens_wasted: count.tokens_wasted,
        audio_wasted_ms: tenths(count.audio_wasted_ms),
    }
}

fn wire_stages(stages: &Stages) -> StagesWire {
    StagesWire {
        endpoint_ms: Some(tenths(stages.endpoint_ms)),
        stt_ms: Some(tenths(stages.stt_ms)),
        llm_first_token_ms: Some(tenths(stages.llm_first_token_ms)),
        tts_first_audio_ms: Some(tenths(stages.tts_first_audio_ms)),
        first_frame_ms: Some(tenths(stages.first_frame_ms)),
    }
}

fn wire_meter(meter: &Meter) -> CoresWire {
    let ms = |time: Duration| tenths(time.as_secs_f64() * 1000.0);
    CoresWire {
        jobs: meter.jobs,
        dropped: meter.dropped,
        waited_ms: ms(meter.waited),
        longest_wait_ms: ms(meter.longest_wait),
        held_ms: ms(meter.held),
    }
}

/// Percentiles by the nearest rank.
fn spread(values: Vec<f64>) -> Option<SpreadWire> {
    let last = *values.last()?;
    let mut sorted = values;
    sorted.sort_by(f64::total_cmp);
    let rank =
        |share: f64| sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1];
    let (p50, p95, max) = (tenths(rank(0.5)), tenths(rank(0.95)), tenths(rank(1.0)));
    Some(SpreadWire { last: tenths(last), p50, p95, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_the_nearest_rank() {
        let got = spread((1..=20).rev().map(f64::from).collect()).expect("values");
        assert_eq!(got, SpreadWire { last: 1.0, p50: 10.0, p95: 19.0, max: 20.0 });
        assert_eq!(spread(Vec::new()), None);
    }

    #[test]
    fn a_report_tells_what_the_end_of_the_turn_rests_on_and_what_the_answer_cost() {
        let end = EndOfTurn { rules: 0.5, model: Some(0.031), score: 0.7, wait_ms: 350.000_01 };
        let usage = Usage { prompt: 120, reused: 116, read_ahead: 20, read_in_vain: 3, generated: 9 };
        let report =
            TurnReport { end_of_turn: Some(end), rung: 1, tokens: Some(usage), ..TurnReport::default() };
        let wire = wire_report(&report, None, "small");
        let EndOfTurnWire { rules, model, score, wait_ms } = wire.end_of_turn;
        assert_eq!((rules, model, score, wait_ms), (Some(0.5), Some(0.031), Some(0.7), Some(350.0)));
        assert_eq!(
            (wire.model.as_str(), wire.tokens.prompt, wire.tokens.reused),
            ("small", Some(120), Some(116))
        );
        assert_eq!(wire_report(&TurnReport::default(), None, "").end_of_turn, EndOfTurnWire::default());
    }

    #[test]
    fn a_call_of_days_does_not_grow() {
        let mut log = CallLog::default();
        let report = TurnReport {
            turn: crate::ids::TurnId(1),
            heard: "Hi.".into(),
            reply: "Hello.".into(),
            ..TurnReport::default()
        };
        for _ in 0..MAX_TURNS + 10 {
            log.turn(report.clone());
            log.error("x", String::new());
        }
        let summary = log.summary("c", 1.0, SpeculationCount::default(), ReceptionWire::default());
        assert_eq!(summary.transcript.len(), 2 * MAX_TURNS);
        assert_eq!(summary.turns as usize, MAX_TURNS + 10);
        assert_eq!(summary.errors.len(), MAX_ERRORS);
    }
}
