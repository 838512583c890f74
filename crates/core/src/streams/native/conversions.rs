//! The reports in the form of our own protocol: milliseconds are rounded to a tenth, and a figure that was
//! not reached is `None`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reports::{
    ConsumptionWire, CoresWire, EndOfTurnWire, EndWire, ErrorWire, HiddenWire, LineWire, PongWire,
    ReceptionWire, SpeakerWire, SpeculationCountWire, SpeculationWire, SpreadWire, StagesWire, SummaryWire,
    TokensWire, TurnReportWire,
};
use crate::dialogue::Usage;
use crate::report::{
    Consumption, CoreUse, EndOfTurn, Failure, Hidden, InboundQuality, Pong, ReportedTurn, Speaker,
    Speculation, SpeculationCount, Spread, Stages, Summary, TokenCount, TranscriptLine,
};
use crate::units::tenths;

impl From<&ReportedTurn> for TurnReportWire {
    fn from(reported: &ReportedTurn) -> Self {
        let ReportedTurn { turn, model, speech_end_ms } = reported;
        Self {
            turn: turn.turn.0,
            heard: turn.heard.clone(),
            reply: turn.reply.clone(),
            heard_estimated: turn.heard_estimated,
            interrupted: turn.interrupted,
            hiccups: turn.hiccups,
            speculation: turn.speculation.into(),
            stages: turn.stages.map(StagesWire::from).unwrap_or_default(),
            answer_stages: turn.answer_stages.map(StagesWire::from).unwrap_or_default(),
            hidden: turn.hidden.map(HiddenWire::from).unwrap_or_default(),
            mark_return_ms: turn.mark_return_ms.map(tenths),
            answer_ms: turn.answer_ms.map(tenths),
            v2v_ms: turn.stages.map(|stages| tenths(stages.total_ms())),
            speech_end_ms: speech_end_ms.map(tenths),
            end_of_turn: turn.end_of_turn.map(EndOfTurnWire::from).unwrap_or_default(),
            model: model.clone(),
            tokens: turn.tokens.as_ref().map(TokensWire::from).unwrap_or_default(),
            sources: turn.tokens.as_ref().map(|tokens| tokens.sources.clone()).unwrap_or_default(),
        }
    }
}

impl From<Speculation> for SpeculationWire {
    fn from(speculation: Speculation) -> Self {
        match speculation {
            Speculation::Off => Self::Off,
            Speculation::Used => Self::Used,
            Speculation::Wasted => Self::Wasted,
        }
    }
}

impl From<Stages> for StagesWire {
    fn from(stages: Stages) -> Self {
        let [endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms] =
            stages.named().map(|(_, ms)| Some(tenths(ms)));
        Self { endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms }
    }
}

impl From<Hidden> for HiddenWire {
    fn from(hidden: Hidden) -> Self {
        let [stt_ms, llm_ms, tts_ms] =
            [hidden.stt_ms, hidden.llm_ms, hidden.tts_ms].map(|ms| Some(tenths(ms)));
        Self { stt_ms, llm_ms, tts_ms }
    }
}

impl From<EndOfTurn> for EndOfTurnWire {
    fn from(end: EndOfTurn) -> Self {
        let thousandths = |x: f32| Some((f64::from(x) * 1000.0).round() / 1000.0);
        Self {
            rules: thousandths(end.rules),
            // A small probability still has a meaning, so six decimals are kept.
            model: end.model.map(|p| (f64::from(p) * 1e6).round() / 1e6),
            score: thousandths(end.score),
            wait_ms: Some(tenths(end.wait_ms)),
        }
    }
}

impl From<&Usage> for TokensWire {
    fn from(tokens: &Usage) -> Self {
        let count = |n: usize| u64::try_from(n).ok();
        Self {
            prompt: count(tokens.prompt),
            reused: count(tokens.reused),
            read_ahead: count(tokens.read_ahead),
            read_in_vain: count(tokens.read_in_vain),
            generated: count(tokens.generated),
            cached: tokens.cached,
        }
    }
}

impl From<&Pong> for PongWire {
    fn from(pong: &Pong) -> Self {
        Self {
            id: pong.id.clone(),
            turns: pong.turns,
            latency: spreads(&pong.latency),
            queues: pong.queues.clone(),
            line: pong.line.into(),
            cores: pong.cores.iter().map(|(work, used)| (work.clone(), (*used).into())).collect(),
            advice: pong.advice.clone(),
        }
    }
}

impl From<&Summary> for SummaryWire {
    fn from(summary: &Summary) -> Self {
        Self {
            call_id: summary.call_id.clone(),
            end: EndWire { code: summary.end.code.clone(), reason: summary.end.reason.clone() },
            client_id: summary.client_id.clone(),
            data: summary.data.clone(),
            duration_ms: summary.duration_ms,
            turns: summary.turns,
            interruptions: summary.interruptions,
            hiccups: summary.hiccups,
            speculation: summary.speculation.into(),
            stand_ins: summary.stand_ins,
            fallbacks: summary.fallbacks,
            fillers: summary.fillers,
            consumed: summary.consumed.into(),
            transcript: summary.transcript.iter().map(LineWire::from).collect(),
            latency: spreads(&summary.latency),
            line: summary.line.into(),
            errors: summary.errors.iter().map(ErrorWire::from).collect(),
        }
    }
}

impl From<Consumption> for ConsumptionWire {
    fn from(consumed: Consumption) -> Self {
        let Consumption { tokens, caller_audio_s, agent_audio_s, cpu_s } = consumed;
        let TokenCount { prompt, reused, generated } = tokens;
        Self {
            prompt_tokens: prompt,
            reused_tokens: reused,
            generated_tokens: generated,
            caller_audio_s: hundredths(caller_audio_s),
            agent_audio_s: hundredths(agent_audio_s),
            cpu_s: hundredths(cpu_s),
        }
    }
}

fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn spreads(latency: &BTreeMap<String, Spread>) -> BTreeMap<String, SpreadWire> {
    let spread = |spread: &Spread| SpreadWire {
        last: tenths(spread.last),
        p50: tenths(spread.p50),
        p95: tenths(spread.p95),
        max: tenths(spread.max),
    };
    latency.iter().map(|(figure, values)| (figure.clone(), spread(values))).collect()
}

impl From<SpeculationCount> for SpeculationCountWire {
    fn from(count: SpeculationCount) -> Self {
        let SpeculationCount { started, used, thrown_away, tokens_wasted, audio_wasted_ms } = count;
        Self { started, used, thrown_away, tokens_wasted, audio_wasted_ms: tenths(audio_wasted_ms) }
    }
}

impl From<&TranscriptLine> for LineWire {
    fn from(line: &TranscriptLine) -> Self {
        let speaker = match line.speaker {
            Speaker::Caller => SpeakerWire::Caller,
            Speaker::Agent => SpeakerWire::Agent,
        };
        Self { turn: line.turn.0, speaker, text: line.text.clone() }
    }
}

impl From<&Failure> for ErrorWire {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.clone(), message: failure.message.clone() }
    }
}

impl From<InboundQuality> for ReceptionWire {
    fn from(quality: InboundQuality) -> Self {
        let InboundQuality { jitter_ms, concealed_ms, jumps, disordered } = quality;
        Self { jitter_ms: tenths(jitter_ms), concealed_ms: tenths(concealed_ms), jumps, disordered }
    }
}

impl From<CoreUse> for CoresWire {
    fn from(used: CoreUse) -> Self {
        let ms = |time: Duration| tenths(time.as_secs_f64() * 1000.0);
        Self {
            jobs: used.jobs,
            dropped: used.dropped,
            waited_ms: ms(used.waited),
            longest_wait_ms: ms(used.longest_wait),
            held_ms: ms(used.held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TurnReport;

    #[test]
    fn a_report_tells_what_the_end_of_the_turn_rests_on_and_what_the_answer_cost() {
        let end = EndOfTurn { rules: 0.5, model: Some(0.031), score: 0.7, wait_ms: 350.000_01 };
        let usage = Usage { prompt: 120, reused: 116, generated: 9, ..Usage::default() };
        let turn =
            TurnReport { end_of_turn: Some(end), rung: 1, tokens: Some(usage), ..TurnReport::default() };
        let wire = TurnReportWire::from(&ReportedTurn { turn, model: "small".into(), speech_end_ms: None });
        let EndOfTurnWire { rules, model, score, wait_ms } = wire.end_of_turn;
        assert_eq!((rules, model, score, wait_ms), (Some(0.5), Some(0.031), Some(0.7), Some(350.0)));
        assert_eq!(
            (wire.model.as_str(), wire.tokens.prompt, wire.tokens.reused),
            ("small", Some(120), Some(116))
        );
        let nothing = TurnReportWire::from(&ReportedTurn::default());
        assert_eq!(nothing, TurnReportWire::default());
    }
}
