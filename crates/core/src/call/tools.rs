//! Tools that the server carries out: their jobs, and what is told of them. Must not know what a tool does.

use super::jobs::Purpose;
use super::{Call, Job, Outcome};
use crate::dialogue::tools::Moment;
use crate::ids::{ToolCallId, TurnId};
use crate::report::{CalledTool, Happened, ToolEnd, ToolRun, Trouble};
use crate::turns::Event;
use crate::units::CallTime;

impl Call {
    pub(super) fn run_tool(&mut self, now: CallTime, turn: TurnId, call: CalledTool) {
        let job = Job::CallTool { id: call.id, call: call.call.clone() };
        let purpose = Purpose::Tool { call: call.id };
        self.tools.0.insert(call.id, (turn, call, now));
        self.begin_job(purpose, job);
    }

    pub(super) fn cancel_tool(&mut self, now: CallTime, call: ToolCallId) {
        self.cancel(|purpose| purpose == Purpose::Tool { call });
        self.tool_ended(now, call, ToolEnd::Cancelled, String::new());
    }

    /// The outcome of a tool's job. Whatever went wrong, the model is told, and tells the caller.
    pub(super) fn tool_outcome(
        &mut self,
        now: CallTime,
        call: ToolCallId,
        outcome: Outcome,
    ) -> Option<Event> {
        let (end, output) = match outcome {
            Outcome::Returned(output) => (ToolEnd::Done, output),
            Outcome::Failed(why) | Outcome::Overloaded(why) => {
                let name = self.tools.0.get(&call).map(|(_, called, _)| called.call.name.clone());
                // The reason may quote whoever answered: it is words of the call.
                let message = format!("the tool {:?} failed", name.unwrap_or_default());
                self.trouble(Trouble::Tool, "tool_failed", message);
                (ToolEnd::Failed, format!("It failed: {why}"))
            }
            Outcome::Heard { .. }
            | Outcome::Begun { .. }
            | Outcome::Token(_)
            | Outcome::EndOfTurn(_)
            | Outcome::Done(_)
            | Outcome::Speaking(_)
            | Outcome::Spoken(_)
            | Outcome::GaveWay
            | Outcome::ToolsRefused(_) => {
                tracing::error!(%call, ?outcome, "an outcome of the wrong kind for a tool");
                return None;
            }
        };
        self.tool_ended(now, call, end, output.clone());
        Some(Event::ToolDone { call, output, failed: end == ToolEnd::Failed })
    }

    /// The call is over: what its tools bring, nobody is told.
    pub(super) fn leave_tools(&mut self, now: CallTime) {
        let tools = self.conversation.tools();
        let end = |(id, (_, called, _)): (&ToolCallId, &(TurnId, CalledTool, CallTime))| {
            let conduct = tools.conduct(&called.call.name);
            let cancelled = conduct.is_some_and(|conduct| conduct.cancelled_by_the_caller);
            (*id, if cancelled { ToolEnd::Cancelled } else { ToolEnd::Unknown })
        };
        let left: Vec<(ToolCallId, ToolEnd)> = self.tools.0.iter().map(end).collect();
        left.into_iter().for_each(|(id, end)| self.tool_ended(now, id, end, String::new()));
    }

    /// The provider has taken the caller to another party: that was done.
    pub(super) fn has_handed_over(&mut self, now: CallTime) {
        let tools = self.conversation.tools();
        let hands_over = |called: &CalledTool| {
            tools.conduct(&called.call.name).is_some_and(|conduct| conduct.moment == Moment::BehindTheWords)
        };
        let done = self.tools.0.iter().filter(|(_, (_, called, _))| hands_over(called));
        let done: Vec<ToolCallId> = done.map(|(id, _)| *id).collect();
        done.into_iter().for_each(|id| self.tool_ended(now, id, ToolEnd::Done, String::new()));
    }

    fn tool_ended(&mut self, now: CallTime, id: ToolCallId, end: ToolEnd, output: String) {
        let Some((turn, called, began)) = self.tools.0.remove(&id) else { return };
        let CalledTool { call, .. } = called;
        let took_ms = now.millis_after(began);
        let (name, arguments) = (call.name, call.arguments);
        self.happened(Happened::ToolRan(ToolRun { turn, id, name, arguments, end, output, took_ms }));
    }
}
