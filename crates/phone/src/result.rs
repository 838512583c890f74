//! The result of a call: the caller's own measurements beside the server's reports, turn by turn, and the
//! object that `--json` prints. PURE. Must not know how it was measured or how it is shown.

use serde::Serialize;

use super::dial::{Outcome, Report};
use super::gateways::Gateway;
use super::scripted_caller::Turn;
use super::slack::Slack;
use offhook_core::language::words::plain_words;
use offhook_core::stats::Distribution;
use offhook_core::streams::native::{
    EndOfTurnWire, HiddenWire, ReceptionWire, SpeculationWire, StagesWire, TokensWire,
};
use offhook_core::units::{PHONE_RATE, tenths};

/// One of the caller's turns.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TurnResult {
    /// Counts from 1.
    pub turn: usize,
    /// The server's transcript.
    pub heard: String,
    /// The agent's answer.
    pub reply: String,
    /// The part of the answer that the caller heard, by the server's account.
    pub heard_by_caller: String,
    /// The response time by the caller's stopwatch; `null` if there was no answer.
    pub v2v_ms: Option<f64>,
    /// The server's account of that time.
    pub stages: StagesWire,
    /// Whether the caller cut the agent's reply.
    pub interrupted: bool,
    /// From the caller's first sound to the last sound of the agent's reply that it cut; `null` if the agent
    /// was silent when the line began.
    pub silent_after_ms: Option<f64>,
    /// Pauses of the agent that were false interruptions.
    pub hiccups: u32,
    /// Whether the answer was drafted before the turn was over.
    pub speculation: SpeculationWire,
    /// Work that the stages do not count.
    pub hidden: HiddenWire,
    /// The round trip to the caller's ear, as the server measured it.
    pub mark_return_ms: Option<f64>,
    /// Why the turn ended: the scores and the wait.
    pub end_of_turn: EndOfTurnWire,
    /// The language model that answered.
    pub model: String,
    /// The tokens of the answer.
    pub tokens: TokensWire,
}

/// The object that `--json` prints.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CallResult {
    /// The name of the call, also in the server's log.
    pub call_id: String,
    /// The gateway that was simulated.
    pub gateway: &'static str,
    /// The caller's turns, in order.
    pub turns: Vec<TurnResult>,
    /// The number of holes in the agent's speech.
    pub glitches: usize,
    /// The audio that was left to play when the next frame arrived.
    pub frame_slack_ms: Option<Slack>,
    /// How the caller's audio arrived at the server, by its report; `null` without a report.
    pub reception: Option<ReceptionWire>,
    /// The number of times that the server cleared the gateway's buffer.
    pub clears: usize,
    /// How the server broke the gateway's protocol.
    pub violations: Vec<String>,
    /// Errors that the server reported, and errors of the connection.
    pub errors: Vec<String>,
    /// The path of the recording.
    pub recording: String,
}

impl CallResult {
    /// The result of a call over `gateway`, which was written to `recording`.
    pub fn of(outcome: &Outcome, gateway: Gateway, recording: String) -> Self {
        Self {
            call_id: outcome.call_id.clone(),
            gateway: gateway.name(),
            turns: turn_results(&outcome.turns, outcome.wanted, &outcome.reports),
            glitches: outcome.glitches,
            frame_slack_ms: outcome.slack,
            reception: outcome.summary.as_ref().map(|summary| summary.line),
            clears: outcome.clears,
            violations: outcome.violations.clone(),
            errors: outcome.all_errors(),
            recording,
        }
    }

    /// The number of turns without an answer.
    pub fn unanswered(&self) -> usize {
        self.turns.iter().filter(|turn| turn.v2v_ms.is_none()).count()
    }

    /// Median and maximum of the response times; `None` if nothing was answered.
    pub fn v2v(&self) -> Option<(f64, f64)> {
        middle_and_most(self.turns.iter().filter_map(|turn| turn.v2v_ms))
    }

    /// The number of times that the caller cut in, and the median and maximum of the time until the agent was
    /// silent; `None` if the caller never cut in.
    pub fn silent_after(&self) -> Option<(usize, f64, f64)> {
        let times = self.turns.iter().filter_map(|turn| turn.silent_after_ms);
        let (median, max) = middle_and_most(times.clone())?;
        Some((times.count(), median, max))
    }

    /// The tokens that the language model read; `None` if the server does not report them.
    pub fn reading(&self) -> Option<Reading> {
        let left = |turn: &TurnResult| Some(turn.tokens.prompt?.checked_sub(turn.tokens.reused?)? as f64);
        let sum = |of: fn(&TokensWire) -> Option<u64>| self.turns.iter().filter_map(|t| of(&t.tokens)).sum();
        Some(Reading {
            left: middle_and_most(self.turns.iter().filter_map(left))?,
            ahead: sum(|tokens| tokens.read_ahead),
            in_vain: sum(|tokens| tokens.read_in_vain),
        })
    }

    /// The number of drafts that were used, and the number that were wasted.
    pub fn speculation(&self) -> (usize, usize) {
        let count = |what| self.turns.iter().filter(|turn| turn.speculation == what).count();
        (count(SpeculationWire::Used), count(SpeculationWire::Wasted))
    }
}

/// The tokens that the language model read for a call's answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Tokens of a prompt that were left to read when the answer was asked for: median and most.
    pub left: (f64, f64),
    /// Tokens prefilled while the caller spoke.
    pub ahead: u64,
    /// Prefilled tokens that were wasted.
    pub in_vain: u64,
}

fn middle_and_most(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let values: Distribution = values.collect();
    Some((values.median()?, values.longest()?))
}

/// The caller's turns with the server's reports about them. Lines that were never said are turns without an
/// answer.
pub fn turn_results(turns: &[Turn], wanted: usize, reports: &[Report]) -> Vec<TurnResult> {
    (0..wanted.max(turns.len())).map(|index| turn_result(turns, index, reports)).collect()
}

/// One turn. A line with a pause inside can be two turns to the server. Their hiccups are added, and their
/// transcripts are joined without repetition; if both were answered, their texts stay apart. All other fields
/// are those of the last turn.
pub fn turn_result(turns: &[Turn], index: usize, reports: &[Report]) -> TurnResult {
    let said = turns.get(index);
    let mut result = TurnResult {
        turn: index + 1,
        v2v_ms: said.and_then(|turn| turn.v2v_ms).map(tenths),
        silent_after_ms: said.and_then(|turn| turn.silent_after_ms).map(tenths),
        ..TurnResult::default()
    };
    let mut words = Words::default();
    for report in about(turns, Some(index), reports) {
        words.add(report.turn.heard.trim(), report.turn.reply.trim());
        result.stages = report.turn.stages;
        result.interrupted |= report.turn.interrupted;
        result.hiccups += report.turn.hiccups;
        result.speculation = report.turn.speculation;
        result.hidden = report.turn.hidden;
        result.mark_return_ms = report.turn.mark_return_ms;
        result.end_of_turn = report.turn.end_of_turn;
        result.model.clone_from(&report.turn.model);
        result.tokens = report.turn.tokens;
    }
    (result.heard, result.reply) = (words.heard.join(APART), words.replies.join(APART));
    result.heard_by_caller.clone_from(&result.reply);
    result
}

/// Separates the texts of turns that were answered one by one.
const APART: &str = " / ";

/// The transcripts and replies of one line of the caller.
#[derive(Debug, Default)]
struct Words {
    heard: Vec<String>,
    replies: Vec<String>,
    answered: bool,
}

impl Words {
    /// Adds a turn. Unanswered words come again with the next turn's words: they are one text, reported anew
    /// each time.
    fn add(&mut self, heard: &str, reply: &str) {
        if !heard.is_empty() {
            match self.heard.last_mut().filter(|_| !self.answered) {
                Some(before) if goes_on(before, heard) => heard.clone_into(before),
                Some(before) => *before = format!("{before} {heard}"),
                None => self.heard.push(heard.to_owned()),
            }
            self.answered = false;
        }
        if !reply.is_empty() {
            self.replies.push(reply.to_owned());
            self.answered = true;
        }
    }
}

/// Whether a text begins with the words of another, whatever their spelling.
fn goes_on(before: &str, text: &str) -> bool {
    plain_words(text).starts_with(&plain_words(before))
}

/// The agent's words before the caller spoke.
pub fn greeting(turns: &[Turn], reports: &[Report]) -> Option<String> {
    about(turns, None, reports).map(|report| report.turn.reply.clone()).find(|reply| !reply.is_empty())
}

/// The reports about a turn of the caller; `None` is the greeting.
pub(crate) fn about<'a>(
    turns: &'a [Turn],
    index: Option<usize>,
    reports: &'a [Report],
) -> impl Iterator<Item = &'a Report> {
    reports.iter().filter(move |report| turn_of(turns, report) == index)
}

/// The caller's turn that a report is about: the turn that had begun when the speech ended that the server
/// answered. If the report does not say when, the time of its arrival counts. `None` is the greeting.
fn turn_of(turns: &[Turn], report: &Report) -> Option<usize> {
    if report.turn.turn == 0 {
        return None;
    }
    let position = match report.turn.speech_end_ms {
        Some(ms) => (ms * f64::from(PHONE_RATE) / 1000.0) as usize,
        None => report.at,
    };
    turns.iter().rposition(|turn| turn.start <= position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_core::streams::native::TurnReportWire;

    fn turn(start: usize, v2v_ms: Option<f64>) -> Turn {
        Turn { start, speech_start: start, speech_end: start + 8000, v2v_ms, silent_after_ms: None }
    }

    fn report(at: usize, number: u32, heard: &str, reply: &str, speech_end_ms: Option<f64>) -> Report {
        let (heard, reply) = (heard.to_owned(), reply.to_owned());
        let interrupted = reply.is_empty() && number > 0;
        Report {
            at,
            turn: TurnReportWire {
                turn: number,
                heard,
                reply,
                interrupted,
                speech_end_ms,
                ..Default::default()
            },
        }
    }

    #[test]
    fn a_report_belongs_to_the_turn_in_which_the_speech_ended() {
        let turns = [turn(8000, Some(500.0)), turn(40_000, None)];
        let reports = [
            report(4000, 0, "", "hello", None),
            report(9000, 1, "my name", "", Some(1500.0)),
            report(41_000, 2, "is laura", "hi laura", Some(2000.0)),
        ];
        assert_eq!(greeting(&turns, &reports).as_deref(), Some("hello"));
        let results = turn_results(&turns, 3, &reports);
        assert_eq!((results[0].heard.as_str(), results[0].reply.as_str()), ("my name is laura", "hi laura"));
        assert!(results[0].interrupted);
        assert_eq!(results[1].heard, "");
        assert_eq!((results.len(), results[2].v2v_ms), (3, None));
    }

    /// Fault: the transcript of a line was repeated when the server reported it again with more words ("Thank
    /// you. Thank you. Goodbye."), and two turns in one recording were shown as one.
    #[test]
    fn words_that_come_again_are_one_text_and_turns_that_were_answered_stay_apart() {
        let turns = [turn(8000, Some(500.0))];
        let told = |reports: &[Report]| {
            let result = turn_result(&turns, 0, reports);
            (result.heard, result.reply)
        };
        let again = [
            report(9000, 1, "Thank you.", "", None),
            report(9500, 2, "Thank you, goodbye.", "Goodbye.", None),
        ];
        assert_eq!(told(&again), ("Thank you, goodbye.".into(), "Goodbye.".into()));
        let two =
            [report(9000, 1, "Hello.", "Hi.", None), report(20_000, 2, "Hello. Goodbye.", "Bye.", None)];
        assert_eq!(told(&two), ("Hello. / Hello. Goodbye.".into(), "Hi. / Bye.".into()));
    }

    #[test]
    fn a_line_that_was_two_turns_has_the_hiccups_of_both_and_the_speculation_of_the_last() {
        let mut reports = [report(9000, 1, "my name", "", None), report(20_000, 2, "is laura", "hi", None)];
        reports[0].turn.hiccups = 1;
        reports[0].turn.speculation = SpeculationWire::Wasted;
        reports[1].turn.hiccups = 2;
        reports[1].turn.speculation = SpeculationWire::Used;
        reports[1].turn.hidden.stt_ms = Some(45.0);
        reports[1].turn.mark_return_ms = Some(30.0);
        let result = turn_result(&[turn(8000, Some(500.0))], 0, &reports);
        assert_eq!((result.hiccups, result.speculation), (3, SpeculationWire::Used));
        assert_eq!((result.hidden.stt_ms, result.mark_return_ms), (Some(45.0), Some(30.0)));
        assert_eq!(result.heard_by_caller, "hi");
    }

    #[test]
    fn the_summary_counts_what_was_answered() {
        let times = [Some(500.0), None, Some(700.0), Some(650.0), Some(400.0)];
        let mut turns: Vec<Turn> = times.iter().map(|&v2v_ms| turn(0, v2v_ms)).collect();
        turns[1].silent_after_ms = Some(240.0);
        turns[4].silent_after_ms = Some(220.0);
        let mut turns = turn_results(&turns, 5, &[]);
        turns[2].speculation = SpeculationWire::Used;
        turns[3].speculation = SpeculationWire::Wasted;
        let result = CallResult { call_id: "c".into(), turns, ..CallResult::default() };
        assert_eq!(result.unanswered(), 1);
        assert_eq!(result.v2v(), Some((575.0, 700.0)));
        assert_eq!(result.silent_after(), Some((2, 230.0, 240.0)));
        assert_eq!(result.speculation(), (1, 1));
    }

    #[test]
    fn the_object_has_exactly_the_promised_fields() {
        let turns = turn_results(&[turn(0, Some(500.0))], 1, &[]);
        let result = CallResult {
            call_id: "c".into(),
            gateway: "plivo",
            turns,
            glitches: 2,
            frame_slack_ms: Some(Slack::default()),
            reception: None,
            clears: 3,
            violations: vec!["v".into()],
            errors: vec!["e".into()],
            recording: "c.wav".into(),
        };
        let expected = serde_json::json!({
            "call_id": "c",
            "gateway": "plivo",
            "turns": [{
                "turn": 1, "heard": "", "reply": "", "heard_by_caller": "", "v2v_ms": 500.0,
                "stages": {"endpoint_ms": null, "stt_ms": null, "llm_first_token_ms": null,
                    "tts_first_audio_ms": null, "first_frame_ms": null},
                "interrupted": false, "silent_after_ms": null, "hiccups": 0, "speculation": "off",
                "hidden": {"stt_ms": null, "llm_ms": null, "tts_ms": null},
                "mark_return_ms": null,
                "end_of_turn": {"rules": null, "model": null, "score": null, "wait_ms": null},
                "model": "",
                "tokens": {
                    "prompt": null, "reused": null, "read_ahead": null, "read_in_vain": null, "generated": null
                },
            }],
            "glitches": 2,
            "reception": null, "frame_slack_ms": {"median": 0.0, "p01": 0.0, "least": 0.0},
            "clears": 3,
            "violations": ["v"],
            "errors": ["e"],
            "recording": "c.wav",
        });
        assert_eq!(serde_json::to_value(&result).unwrap(), expected);
    }
}
