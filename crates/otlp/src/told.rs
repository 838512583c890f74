//! What is kept of an event until it is sent: the figures, and texts up to a length. Words, numbers and
//! custom data do not even get into the queue unless they are wanted. Must not know what becomes of it.

use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::{
    Beginning, Consumption, Failure, Happened, ReportedTurn, Summary, ToolRun, Trouble, TurnReport,
};

/// The longest words of a turn, in bytes, of the caller and of the agent.
const LONGEST_WORDS: usize = 4096;

/// The longest other text, in bytes.
const LONGEST_TEXT: usize = 256;

/// The most custom values of a call.
const MOST_VALUES: usize = 20;

/// An event of a call.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Since 1970.
    pub(crate) at: Duration,
    /// The call.
    pub(crate) call: CallId,
    /// The event.
    pub(crate) what: What,
}

/// What is kept of an event.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The call is established.
    Started(Started),
    /// A turn is over.
    Turn(Box<ReportedTurn>),
    /// What must be disclosed was spoken.
    Disclosed {
        /// The caller heard all of it.
        heard: bool,
    },
    /// This agent speaks from now on.
    Agent(String),
    /// A tool was carried out.
    Tool(Box<ToolRun>),
    /// Something went wrong.
    Failed(Failed),
    /// The call is over.
    Ended(Box<Ended>),
    /// Something was made of the call after its end: its span is sent by then.
    Summarised,
}

/// How a call began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Started {
    /// The name of the gateway's protocol.
    pub(crate) gateway: String,
    /// Samples a second, on the wire.
    pub(crate) rate: u32,
    /// Names and values that are sent only together with the words: numbers, and data of the customer.
    pub(crate) private: Vec<(String, String)>,
}

/// Something that went wrong.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    /// Who caused it.
    pub(crate) trouble: &'static str,
    /// Whether an engine did, so that it may be why a turn failed.
    pub(crate) by_engine: bool,
    /// A word for programs.
    pub(crate) code: String,
    /// A sentence for people. It may quote what a gateway or an engine got: empty without the words.
    pub(crate) message: String,
}

/// How a call went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended {
    /// A word for programs.
    pub(crate) code: String,
    /// A sentence for people. It may quote a client: empty without the words.
    pub(crate) reason: String,
    /// How long the call was.
    pub(crate) duration_ms: f64,
    /// Turns answered.
    pub(crate) turns: u32,
    /// Replies that the caller interrupted.
    pub(crate) interruptions: u32,
    /// False interruptions.
    pub(crate) hiccups: u32,
    /// Answers of a stand-in.
    pub(crate) stand_ins: u32,
    /// Turns with the fallback phrase.
    pub(crate) fallbacks: u32,
    /// Turns with a filler.
    pub(crate) fillers: u32,
    /// What the call consumed.
    pub(crate) consumed: Consumption,
}

impl Told {
    /// What is kept of an event.
    pub(crate) fn of(at: Duration, call: &CallId, happened: &Happened, words: bool) -> Self {
        let what = match happened {
            Happened::Started(beginning) => What::Started(started(beginning, words)),
            Happened::Turn(turn) => What::Turn(Box::new(turn_of(turn, words))),
            Happened::Disclosed { heard } => What::Disclosed { heard: *heard },
            Happened::Agent { name, .. } => What::Agent(clipped(name, LONGEST_TEXT)),
            Happened::ToolRan(run) => What::Tool(Box::new(tool_of(run, words))),
            Happened::Failed(trouble, failure) => What::Failed(failed(trouble, failure, words)),
            Happened::Ended(summary) => What::Ended(Box::new(ended(summary, words))),
            Happened::Summarised(_) => What::Summarised,
        };
        Self { at, call: call.clone(), what }
    }
}

/// Whether the spans of a call are of little use without it: all hang on its beginning and its end.
pub(crate) fn is_important(happened: &Happened) -> bool {
    match happened {
        Happened::Started(_) | Happened::Ended(_) => true,
        Happened::Turn(_)
        | Happened::Disclosed { .. }
        | Happened::Agent { .. }
        | Happened::ToolRan(_)
        | Happened::Failed(..)
        | Happened::Summarised(_) => false,
    }
}

fn started(Beginning { gateway, rate, client_id, from, to, data }: &Beginning, words: bool) -> Started {
    let mut private = Vec::new();
    if words {
        let named = [("offhook.client_id", client_id), ("offhook.from", from), ("offhook.to", to)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?)));
        let data = data.iter().take(MOST_VALUES);
        let data = data.map(|(name, value)| (format!("offhook.data.{}", clipped(name, LONGEST_TEXT)), value));
        private.extend(named.chain(data).map(|(name, value)| (name, clipped(value, LONGEST_TEXT))));
    }
    Started { gateway: clipped(gateway, LONGEST_TEXT), rate: *rate, private }
}

fn turn_of(ReportedTurn { turn, model, speech_end_ms }: &ReportedTurn, words: bool) -> ReportedTurn {
    let said = |text: &str| if words { clipped(text, LONGEST_WORDS) } else { String::new() };
    let turn = TurnReport {
        turn: turn.turn,
        heard: said(&turn.heard),
        reply: said(&turn.reply),
        heard_estimated: turn.heard_estimated,
        speech_end: turn.speech_end,
        stages: turn.stages,
        answer_ms: turn.answer_ms,
        answer_stages: turn.answer_stages,
        hidden: turn.hidden,
        mark_return_ms: turn.mark_return_ms,
        interrupted: turn.interrupted,
        hiccups: turn.hiccups,
        speculation: turn.speculation,
        failed: turn.failed,
        end_of_turn: turn.end_of_turn,
        rung: turn.rung,
        tokens: turn.tokens.clone(),
    };
    ReportedTurn { turn, model: clipped(model, LONGEST_TEXT), speech_end_ms: *speech_end_ms }
}

fn tool_of(run: &ToolRun, words: bool) -> ToolRun {
    let said = |text: &str| if words { clipped(text, LONGEST_WORDS) } else { String::new() };
    let (arguments, output) = (said(&run.arguments), said(&run.output));
    ToolRun { name: clipped(&run.name, LONGEST_TEXT), arguments, output, ..run.clone() }
}

fn failed(trouble: &Trouble, Failure { code, message }: &Failure, words: bool) -> Failed {
    let (trouble, by_engine) = match trouble {
        Trouble::OddMessage { .. } => ("odd_message", false),
        Trouble::Late => ("late", true),
        Trouble::Engine => ("engine", true),
        Trouble::NotDone => ("not_done", false),
        Trouble::Tool => ("tool", false),
    };
    let message = if words { clipped(message, LONGEST_TEXT) } else { String::new() };
    Failed { trouble, by_engine, code: clipped(code, LONGEST_TEXT), message }
}

fn ended(summary: &Summary, words: bool) -> Ended {
    Ended {
        code: clipped(&summary.end.code, LONGEST_TEXT),
        reason: if words { clipped(&summary.end.reason, LONGEST_TEXT) } else { String::new() },
        duration_ms: summary.duration_ms,
        turns: summary.turns,
        interruptions: summary.interruptions,
        hiccups: summary.hiccups,
        stand_ins: summary.stand_ins,
        fallbacks: summary.fallbacks,
        fillers: summary.fillers,
        consumed: summary.consumed,
    }
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
    }

    #[test]
    fn an_event_of_any_size_takes_a_bounded_place() {
        let long = "x".repeat(1 << 20);
        let data = (0..1000).map(|at| (format!("{at}{long}"), long.clone())).collect();
        let beginning = Beginning { data, from: Some(long), ..Beginning::default() };
        let Started { private, .. } = started(&beginning, true);
        let bytes: usize = private.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(bytes < (MOST_VALUES + 3) * 2 * (LONGEST_TEXT + 20), "{bytes}");
        assert!(started(&beginning, false).private.is_empty());
    }
}
