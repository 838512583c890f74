//! A call as text: one line of JSON for every event, deadline and action, in order. The trace determines
//! everything that the call did, so that it can be played again. Knows lines, no files.

use serde::{Deserialize, Serialize};

use super::{Action, Event, Settings, Timer};
use crate::units::CallTime;

/// The version of the format.
pub const VERSION: u32 = 2;

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When, in microseconds since the call began.
    pub at: CallTime,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// The content of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The header, which is the first line.
    Trace(Box<Head>),
    /// The conversation handled an event.
    Event(Event),
    /// A deadline had come, and the conversation handled it.
    Deadline(Timer),
    /// The conversation asked for an action.
    Action(Action),
    /// The language model counted the tokens of a text.
    Counted(Counted),
    /// The call was over.
    Ended,
    /// The number of lines that are missing here, because they could not be written in time.
    Missing(u64),
}

/// The header: what must be known before the first event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u32,
    /// The call's name.
    pub call: String,
    /// The settings of the conversation.
    pub settings: Settings,
}

/// The number of tokens in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The text.
    pub text: String,
    /// Its tokens.
    pub tokens: usize,
}

impl Line {
    /// The line as it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Numbers and texts always become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If `text` is no line of a trace.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UtteranceId;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let at = CallTime::from_millis(1200);
        let lines = [
            What::Event(Event::SpeechSustained { level: -20.5, echo: None }),
            What::Event(Event::CallStarted),
            What::Deadline(Timer::EndOfTurn),
            What::Action(Action::Transcribe { utterance: UtteranceId(1), pass: 2, partial: true }),
            What::Counted(Counted { text: "\"a\"".into(), tokens: 3 }),
            What::Missing(4),
        ];
        for what in lines {
            let line = Line { at, what };
            let text = line.to_text();
            assert!(!text.contains('\n'));
            assert_eq!(Line::read(&text).expect(&text), line);
        }
        let text = Line { at, what: What::Deadline(Timer::EndOfTurn) }.to_text();
        assert_eq!(text, r#"{"at":1200000,"deadline":"end_of_turn"}"#);
    }
}
