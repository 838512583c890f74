//! The record of a call: its turns, its errors, and the distribution of its stages. Must not know how a turn
//! comes about.

use std::collections::{BTreeMap, VecDeque};

use crate::report::{
    CoreUse, Failure, InboundQuality, Pong, Speaker, Spread, Summary, TokenCount, TranscriptLine, TurnReport,
};
use crate::stats::Distribution;

/// The most turns that are kept, more than a call has. Older turns are forgotten, so that the record of a
/// call of days does not grow.
const MAX_TURNS: usize = 2000;
/// The most errors that are kept; later errors are left out.
const MAX_ERRORS: usize = 100;

/// The record of one call.
#[derive(Debug, Default)]
pub struct CallLog {
    client_id: Option<String>,
    data: BTreeMap<String, String>,
    turns: VecDeque<TurnReport>,
    errors: Vec<Failure>,
    answered: u32,
    interruptions: u32,
    hiccups: u32,
    stand_ins: u32,
    fallbacks: u32,
    fillers: u32,
    tokens: TokenCount,
}

impl CallLog {
    /// The record of a session that its client named `client_id`, with the data that the customer attached.
    #[must_use]
    pub fn new(client_id: Option<String>, data: BTreeMap<String, String>) -> Self {
        Self { client_id, data, ..Self::default() }
    }

    /// Adds a turn that is over.
    pub fn turn(&mut self, report: TurnReport) {
        self.answered += u32::from(!report.heard.is_empty() && !report.reply.is_empty());
        self.interruptions += u32::from(report.interrupted);
        self.hiccups += report.hiccups;
        self.stand_ins += u32::from(report.rung > 0);
        self.fallbacks += u32::from(report.failed);
        self.fillers += u32::from(report.answer_stages.is_some());
        if let Some(used) = &report.tokens {
            self.tokens.prompt += used.prompt as u64;
            self.tokens.reused += used.reused as u64;
            self.tokens.generated += used.generated as u64;
        }
        if self.turns.len() == MAX_TURNS {
            self.turns.pop_front();
        }
        self.turns.push_back(report);
    }

    /// Adds an error.
    pub fn error(&mut self, failure: Failure) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(failure);
        }
    }

    /// The answer to a ping.
    #[must_use]
    pub fn pong(
        &self,
        id: String,
        queues: BTreeMap<String, u64>,
        line: InboundQuality,
        cores: BTreeMap<String, CoreUse>,
        advice: Vec<String>,
    ) -> Pong {
        Pong { id, turns: self.answered, latency: self.latency(), queues, line, cores, advice }
    }

    /// The tokens of all answers.
    #[must_use]
    pub fn tokens(&self) -> TokenCount {
        self.tokens
    }

    /// The summary of the call, as far as the record knows it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let said = |turn: &TurnReport, speaker, text: &str| {
            (!text.is_empty()).then(|| TranscriptLine { turn: turn.turn, speaker, text: text.to_owned() })
        };
        let both = |turn: &TurnReport| {
            [said(turn, Speaker::Caller, &turn.heard), said(turn, Speaker::Agent, &turn.reply)]
        };
        Summary {
            client_id: self.client_id.clone(),
            data: self.data.clone(),
            turns: self.answered,
            interruptions: self.interruptions,
            hiccups: self.hiccups,
            stand_ins: self.stand_ins,
            fallbacks: self.fallbacks,
            fillers: self.fillers,
            transcript: self.turns.iter().flat_map(both).flatten().collect(),
            latency: self.latency(),
            errors: self.errors.clone(),
            ..Summary::default()
        }
    }

    fn latency(&self) -> BTreeMap<String, Spread> {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for value in self.turns.iter().filter_map(|turn| turn.answer_ms) {
            values.entry("answer_ms").or_default().push(value);
        }
        for value in self.turns.iter().filter_map(|turn| turn.mark_return_ms) {
            values.entry("mark_return_ms").or_default().push(value);
        }
        for stages in self.turns.iter().filter_map(|turn| turn.stages) {
            values.entry("v2v_ms").or_default().push(stages.total_ms());
            for (name, value) in stages.named() {
                values.entry(name).or_default().push(value);
            }
        }
        values.into_iter().filter_map(|(name, values)| Some((name.to_owned(), spread(values)?))).collect()
    }
}

fn spread(values: Vec<f64>) -> Option<Spread> {
    let last = *values.last()?;
    let values: Distribution = values.into_iter().collect();
    Some(Spread { last, p50: values.median()?, p95: values.percentile(95.0)?, max: values.longest()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Usage;
    use crate::report::Stages;

    #[test]
    fn a_figure_is_told_with_its_latest_value_and_its_distribution() {
        let got = spread((1..=21).rev().map(f64::from).collect()).expect("values");
        assert_eq!(got, Spread { last: 1.0, p50: 11.0, p95: 20.0, max: 21.0 });
        assert_eq!(spread(Vec::new()), None);
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
            log.error(Failure { code: "x".into(), message: String::new() });
        }
        let summary = log.summary();
        assert_eq!(summary.transcript.len(), 2 * MAX_TURNS);
        assert_eq!(summary.turns as usize, MAX_TURNS + 10);
        assert_eq!(summary.errors.len(), MAX_ERRORS);
    }

    #[test]
    fn a_summary_counts_tokens_and_what_had_to_stand_in() {
        let mut log = CallLog::default();
        let tokens = Some(Usage { prompt: 200, reused: 150, generated: 12, ..Usage::default() });
        let filled = Some(Stages::default());
        log.turn(TurnReport { tokens: tokens.clone(), rung: 1, ..TurnReport::default() });
        log.turn(TurnReport { tokens, answer_stages: filled, ..TurnReport::default() });
        log.turn(TurnReport { failed: true, ..TurnReport::default() });
        let summary = log.summary();
        assert_eq!((summary.stand_ins, summary.fillers, summary.fallbacks), (1, 1, 1));
        assert_eq!(log.tokens(), TokenCount { prompt: 400, reused: 300, generated: 24 });
    }
}
