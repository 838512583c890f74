//! A conversation with its trace, if somebody wants one: every event, deadline and action as a line. Must not
//! know what the lines mean or where they go.

use std::sync::Arc;

use crate::dialogue::CountTokens;
use crate::dialogue::tools::Tools;
use crate::ids::{CallId, TurnId};
use crate::report::SpeculationCount;
use crate::turns::trace::{Counted, Head, Line, VERSION, What};
use crate::turns::{Action, Conversation, Event, Settings, Timer};
use crate::units::CallTime;

/// Takes the lines of a trace, and never waits.
pub type TraceSink = Arc<dyn Fn(Line) + Send + Sync>;

/// A conversation that may be traced.
pub(super) struct Traced {
    conversation: Conversation,
    sink: Option<TraceSink>,
}

impl Traced {
    /// A call that has not begun.
    pub(super) fn new(settings: Settings, count: CountTokens, id: &CallId, sink: Option<TraceSink>) -> Self {
        let Some(sink) = sink else {
            return Self { conversation: Conversation::new(settings, count), sink: None };
        };
        let head = Head { version: VERSION, call: id.as_str().to_owned(), settings: settings.clone() };
        sink(Line { at: CallTime::ZERO, what: What::Trace(Box::new(head)) });
        let counted = sink.clone();
        let count = CountTokens::new(move |text| {
            let tokens = count.of(text);
            let what = What::Counted(Counted { text: text.to_owned(), tokens });
            counted(Line { at: CallTime::ZERO, what });
            tokens
        });
        Self { conversation: Conversation::new(settings, count), sink: Some(sink) }
    }

    /// As [`Conversation::handle`].
    pub(super) fn handle(&mut self, now: CallTime, event: Event) {
        tracing::trace!(at = %now, ?event, "event");
        self.write(now, || What::Event(event.clone()));
        self.conversation.handle(now, event);
    }

    /// As [`Conversation::handle_timeout`], for the deadline that is due.
    pub(super) fn handle_timeout(&mut self, now: CallTime, timer: Timer) {
        tracing::trace!(at = %now, ?timer, "deadline");
        self.write(now, || What::Deadline(timer));
        self.conversation.handle_timeout(now);
    }

    /// As [`Conversation::poll_action`].
    pub(super) fn poll_action(&mut self, now: CallTime) -> Option<Action> {
        let action = self.conversation.poll_action()?;
        tracing::trace!(at = %now, ?action, "action");
        self.write(now, || What::Action(action.clone()));
        Some(action)
    }

    /// As [`Conversation::poll_timeout`].
    pub(super) fn poll_timeout(&self) -> Option<(CallTime, Timer)> {
        self.conversation.poll_timeout()
    }

    /// As [`Conversation::end`].
    pub(super) fn end(&mut self, now: CallTime) {
        self.write(now, || What::Ended);
        self.conversation.end(now);
    }

    /// As [`Conversation::turn`].
    pub(super) fn turn(&self) -> TurnId {
        self.conversation.turn()
    }

    /// As [`Conversation::system_prompt`].
    pub(super) fn system_prompt(&self) -> &str {
        self.conversation.system_prompt()
    }

    /// As [`Conversation::is_between_replies`].
    pub(super) fn is_between_replies(&self) -> bool {
        self.conversation.is_between_replies()
    }

    /// As [`Conversation::tools`].
    pub(super) fn tools(&self) -> Arc<Tools> {
        self.conversation.tools()
    }

    /// As [`Conversation::speculated`].
    pub(super) fn speculated(&self) -> SpeculationCount {
        self.conversation.speculated()
    }

    fn write(&self, at: CallTime, what: impl FnOnce() -> What) {
        if let Some(sink) = &self.sink {
            sink(Line { at, what: what() });
        }
    }
}
