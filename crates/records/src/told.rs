//! An event of a call as it waits for the writer: the words and figures that are kept, each with a limit, so
//! that a full queue has a size. PURE. Must not know the database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use offhook_core::dialogue::Usage;
use offhook_core::ids::CallId;
use offhook_core::report::{
    AfterCall, Beginning, Failure, Happened, ReportedTurn, Summary, ToolRun, Trouble, TurnReport,
};

use crate::clock::Moment;

/// The longest words of a turn, in bytes: some ten minutes of speech.
const LONGEST_WORDS: usize = 16 << 10;

/// The longest note, in bytes: as long as arguments of a tool can be.
pub(crate) const LONGEST_NOTE: usize = 64 << 10;

/// The longest other text, in bytes.
const LONGEST_TEXT: usize = 1 << 10;

/// The longest fields of a call as JSON, in bytes.
const LONGEST_FIELDS: usize = 32 << 10;

/// The most values of the customer's data, figures of a call, and captured values.
const MOST_VALUES: usize = 64;

/// An event of a call.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// When it happened.
    pub(crate) at: Moment,
    pub(crate) call: CallId,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Began(Box<Beginning>),
    Turn(Box<ReportedTurn>),
    Tool(Box<ToolRun>),
    /// A tool's note.
    Note {
        tool: String,
        text: String,
        /// Set once it is in the file.
        kept: Arc<AtomicBool>,
    },
    Failed {
        kind: &'static str,
        failure: Failure,
    },
    Ended(Box<Summary>),
    Summarised(Box<AfterCall>),
    /// Something that the server did, for all of its calls.
    Server {
        kind: &'static str,
        what: Failure,
    },
    /// Values that are known to be personal from now on.
    Captured(Vec<String>),
    /// Files that belong to the call.
    Files {
        recording: Option<String>,
        trace: Option<String>,
    },
}

impl Told {
    /// What is kept of an event.
    pub(crate) fn of(at: Moment, call: &CallId, happened: &Happened) -> Self {
        let what = match happened {
            Happened::Started(beginning) => What::Began(Box::new(Beginning {
                gateway: clipped(&beginning.gateway, LONGEST_TEXT),
                rate: beginning.rate,
                client_id: optional(beginning.client_id.as_deref()),
                from: optional(beginning.from.as_deref()),
                to: optional(beginning.to.as_deref()),
                data: data(&beginning.data),
            })),
            Happened::Turn(turn) => What::Turn(Box::new(turn_of(turn))),
            Happened::Disclosed { heard } => What::Failed {
                kind: "disclosed",
                failure: Failure {
                    code: if *heard { "heard" } else { "cut" }.to_owned(),
                    message: "what must be disclosed at the beginning of the call".to_owned(),
                },
            },
            Happened::Agent { name, first } => What::Failed {
                kind: "agent",
                failure: Failure {
                    code: clipped(name, LONGEST_TEXT),
                    message: if *first { "answers the call" } else { "goes on with the call" }.to_owned(),
                },
            },
            Happened::ToolRan(run) => What::Tool(Box::new(ToolRun {
                name: clipped(&run.name, LONGEST_TEXT),
                arguments: clipped(&run.arguments, LONGEST_WORDS),
                output: clipped(&run.output, LONGEST_WORDS),
                ..run.clone()
            })),
            Happened::Failed(trouble, failure) => What::Failed {
                kind: match trouble {
                    Trouble::OddMessage { .. } => "odd_message",
                    Trouble::Late => "late",
                    Trouble::Engine => "engine",
                    Trouble::NotDone => "not_done",
                    Trouble::Tool => "tool_failed",
                },
                failure: Failure {
                    code: clipped(&failure.code, LONGEST_TEXT),
                    message: clipped(&failure.message, LONGEST_TEXT),
                },
            },
            Happened::Ended(summary) => What::Ended(Box::new(summary_of(summary))),
            Happened::Summarised(after) => What::Summarised(Box::new(AfterCall {
                state: after.state,
                code: optional(after.code.as_deref()),
                reason: optional(after.reason.as_deref()),
                summary: after.summary.as_deref().map(|text| clipped(text, LONGEST_WORDS)),
                fields: after.fields.as_ref().filter(|fields| json_length(fields) <= LONGEST_FIELDS).cloned(),
            })),
        };
        Self { at, call: call.clone(), what }
    }

    /// Something that the server did, for all of its calls.
    pub(crate) fn server(at: Moment, kind: &'static str, code: &str, message: &str) -> Self {
        let what = Failure { code: clipped(code, LONGEST_TEXT), message: clipped(message, LONGEST_TEXT) };
        Self { at, call: CallId::new(""), what: What::Server { kind, what } }
    }

    /// A note of a tool, with the sign that is set once it is in the file.
    pub(crate) fn note(at: Moment, call: &CallId, tool: &str, text: &str, kept: Arc<AtomicBool>) -> Self {
        let (tool, text) = (clipped(tool, LONGEST_TEXT), clipped(text, LONGEST_NOTE));
        Self { at, call: call.clone(), what: What::Note { tool, text, kept } }
    }

    /// It is in the file.
    pub(crate) fn is_kept(&self) {
        if let What::Note { kept, .. } = &self.what {
            kept.store(true, Relaxed);
        }
    }

    /// Whether words that are written may change by it.
    pub(crate) fn is_captured(&self) -> bool {
        matches!(self.what, What::Captured(_))
    }

    /// Values that are known to be personal.
    pub(crate) fn captured(at: Moment, call: &CallId, values: &[String]) -> Self {
        let values = values.iter().take(MOST_VALUES).map(|value| clipped(value, LONGEST_TEXT)).collect();
        Self { at, call: call.clone(), what: What::Captured(values) }
    }
}

/// The words and figures of a turn.
fn turn_of(turn: &ReportedTurn) -> ReportedTurn {
    let ReportedTurn { turn, model, speech_end_ms } = turn;
    let (heard, reply) = (clipped(&turn.heard, LONGEST_WORDS), clipped(&turn.reply, LONGEST_WORDS));
    let turn = TurnReport {
        turn: turn.turn,
        heard,
        reply,
        heard_estimated: turn.heard_estimated,
        speech_end: turn.speech_end,
        stages: turn.stages,
        answer_stages: turn.answer_stages,
        answer_ms: turn.answer_ms,
        hidden: turn.hidden,
        mark_return_ms: turn.mark_return_ms,
        interrupted: turn.interrupted,
        hiccups: turn.hiccups,
        speculation: turn.speculation,
        failed: turn.failed,
        end_of_turn: turn.end_of_turn,
        rung: turn.rung,
        tokens: turn.tokens.as_ref().map(usage_of),
    };
    ReportedTurn { turn, model: clipped(model, LONGEST_TEXT), speech_end_ms: *speech_end_ms }
}

/// The most sources that are kept of a turn.
const MOST_SOURCES: usize = 8;

fn usage_of(usage: &Usage) -> Usage {
    let sources = usage.sources.iter().take(MOST_SOURCES).map(|source| clipped(source, LONGEST_TEXT));
    Usage {
        prompt: usage.prompt,
        reused: usage.reused,
        read_ahead: usage.read_ahead,
        read_in_vain: usage.read_in_vain,
        generated: usage.generated,
        cut: usage.cut,
        cached: usage.cached,
        sources: sources.collect(),
    }
}

/// The figures of a call: its words are in its turns, its errors were told before.
fn summary_of(summary: &Summary) -> Summary {
    Summary {
        call_id: String::new(),
        end: offhook_core::report::End {
            code: clipped(&summary.end.code, LONGEST_TEXT),
            reason: clipped(&summary.end.reason, LONGEST_TEXT),
        },
        client_id: optional(summary.client_id.as_deref()),
        data: data(&summary.data),
        duration_ms: summary.duration_ms,
        turns: summary.turns,
        interruptions: summary.interruptions,
        hiccups: summary.hiccups,
        speculation: summary.speculation,
        stand_ins: summary.stand_ins,
        fallbacks: summary.fallbacks,
        fillers: summary.fillers,
        consumed: summary.consumed,
        transcript: Vec::new(),
        latency: summary
            .latency
            .iter()
            .take(MOST_VALUES)
            .map(|(name, spread)| (name.clone(), *spread))
            .collect(),
        line: summary.line,
        errors: Vec::new(),
    }
}

fn data(data: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let clip =
        |(name, value): (&String, &String)| (clipped(name, LONGEST_TEXT), clipped(value, LONGEST_TEXT));
    data.iter().take(MOST_VALUES).map(clip).collect()
}

fn json_length(fields: &serde_json::Map<String, serde_json::Value>) -> usize {
    serde_json::to_string(fields).map_or(usize::MAX, |text| text.len())
}

fn optional(text: Option<&str>) -> Option<String> {
    text.map(|text| clipped(text, LONGEST_TEXT))
}

/// The beginning of a text, of at most so many bytes.
fn clipped(text: &str, most: usize) -> String {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_two_characters() {
        assert_eq!(clipped("aé", 2), "a");
        assert_eq!(clipped("aé", 3), "aé");
        assert_eq!(clipped("", 3), "");
    }
}
