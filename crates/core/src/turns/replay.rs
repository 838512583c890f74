//! A trace played again: the same events at the same times must bring the same actions. Pure; knows
//! lines, no files.

use std::collections::HashMap;
use std::sync::Arc;

use super::trace::{Line, VERSION, What};
use super::{Action, Conversation, Settings};
use crate::dialogue::CountTokens;
use crate::units::CallTime;

/// Why a trace cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The trace is empty, or its beginning is missing.
    #[error("the first line is not a trace header; expected a file written by `log.traces`")]
    NoHead,
    /// The trace was made by an offhook with another format.
    #[error("the trace has format {0}, but this version of offhook reads {VERSION}")]
    Version(u32),
    /// Lines are missing: the machine could not keep up with writing them.
    #[error("{0} lines are missing at {1}: the machine could not write them in time")]
    Missing(u64, CallTime),
}

/// The first action that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The line of the trace, counted from 1.
    pub line: usize,
    /// When.
    pub at: CallTime,
    /// The action in the trace; `None` if there is none.
    pub then: Option<Action>,
    /// The action that is taken now; `None` if there is none.
    pub now: Option<Action>,
}

/// The result of playing a trace again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Events and deadlines that were played.
    pub events: usize,
    /// Actions that were compared.
    pub actions: usize,
    /// The first difference; `None` if all actions were the same.
    pub difference: Option<Difference>,
}

/// A trace whose header was read.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The settings of the conversation.
    pub settings: Settings,
    /// The lines, including the header.
    pub lines: Vec<Line>,
    count: CountTokens,
}

impl Trace {
    /// Checks that the lines can be played.
    ///
    /// # Errors
    /// If the header or lines are missing, or the format is another.
    pub fn new(lines: Vec<Line>) -> Result<Self, TraceError> {
        let Some(Line { what: What::Trace(head), .. }) = lines.first() else {
            return Err(TraceError::NoHead);
        };
        if head.version != VERSION {
            return Err(TraceError::Version(head.version));
        }
        let mut tokens = HashMap::new();
        for line in &lines {
            match &line.what {
                What::Counted(counted) => {
                    tokens.insert(counted.text.clone(), counted.tokens);
                }
                What::Missing(lines) => return Err(TraceError::Missing(*lines, line.at)),
                What::Trace(_) | What::Event(_) | What::Deadline(_) | What::Action(_) | What::Ended => {}
            }
        }
        let tokens = Arc::new(tokens);
        // A text that was never counted only comes up under other settings: about four letters are a token.
        let count = CountTokens::new(move |text| tokens.get(text).copied().unwrap_or(text.len().div_ceil(4)));
        Ok(Self { settings: head.settings.clone(), lines, count })
    }

    /// Counts tokens as the language model of the call did.
    #[must_use]
    pub fn count(&self) -> CountTokens {
        self.count.clone()
    }

    /// A conversation as the trace's was when it began, but with `settings`.
    #[must_use]
    pub fn conversation(&self, settings: Settings) -> Conversation {
        Conversation::new(settings, self.count.clone())
    }

    /// Plays everything as it happened.
    #[must_use]
    pub fn replay(&self) -> Replay {
        let mut conversation = self.conversation(self.settings.clone());
        let mut replay = Replay { events: 0, actions: 0, difference: None };
        for (i, line) in self.lines.iter().enumerate() {
            let now = line.at;
            match &line.what {
                What::Trace(_) | What::Counted(_) | What::Missing(_) => continue,
                What::Action(then) => {
                    let done = conversation.poll_action();
                    if done.as_ref() != Some(then) {
                        let then = Some(then.clone());
                        replay.difference = Some(Difference { line: i + 1, at: now, then, now: done });
                        return replay;
                    }
                    replay.actions += 1;
                    continue;
                }
                What::Event(_) | What::Deadline(_) | What::Ended => {}
            }
            match &line.what {
                What::Event(event) => conversation.handle(now, event.clone()),
                What::Deadline(_) => conversation.handle_timeout(now),
                What::Ended => conversation.end(now),
                What::Trace(_) | What::Counted(_) | What::Missing(_) | What::Action(_) => {}
            }
            replay.events += 1;
        }
        if let (Some(done), Some(last)) = (conversation.poll_action(), self.lines.last()) {
            let line = self.lines.len();
            replay.difference = Some(Difference { line, at: last.at, then: None, now: Some(done) });
        }
        replay
    }
}
