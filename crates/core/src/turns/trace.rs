//! A call as text: one line for every event, deadline and action, in order, as JSON. What is in it
//! decides everything that the call did, so that it can be played again. Knows lines, no files.

use serde::{Deserialize, Serialize};

use super::{Action, Event, Settings, Timer};
use crate::units::CallTime;

/// The version of the format.
pub const VERSION: u32 = 2;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When, in microseconds since the call began.
    pub at: CallTime,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The first line.
    Trace(Box<Head>),
    /// The conversation was told something.
    Event(Event),
    /// A deadline had come, and the conversation was told so.
    Deadline(Timer),
    /// The conversation wanted something done.
    Action(Action),
    /// The language model counted the tokens of a text.
    Counted(Counted),
    /// The call was over.
    Ended,
    /// So many lines are missing here, because they could not be written in time.
    Missing(u64),
}

/// What there is to know before the first event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u32,
    /// The call's name.
    pub call: String,
    /// What the conversation was set to.
    pub settings: Settings,
}

/// How many tokens a text is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The text.
    pub text: String,
    /// Its tokens.
    pub tokens: usize,
}

impl Line {
    /// As it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Numbers and texts always become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
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
