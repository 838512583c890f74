//! Tools that the agent called: the jobs of those that the server carries out, and what is told of all. Must
//! not know what a tool does.

use super::jobs::Purpose;
use super::running_tools::RunningTool;
use super::{Call, Flow, Job, Outcome};
use crate::dialogue::tools::{Conduct, Moment};
use crate::ids::{ToolCallId, TurnId};
use crate::report::{CalledTool, Happened, Report, ToolEnd, ToolRun, Trouble};
use crate::turns::Event;
use crate::units::CallTime;

/// Calls that may be under way at once at the client. Of more, the oldest count as over: no result of theirs
/// is awaited any more.
const MOST_AT_THE_CLIENT: usize = 64;

impl Call {
    /// The client carries these out.
    pub(super) fn client_runs_tools(&mut self, now: CallTime, turn: TurnId, calls: Vec<CalledTool>) {
        for called in calls {
            self.tool_began(RunningTool { turn, called, conduct: Conduct::default(), began: now });
        }
        while self.tools.0.len() > MOST_AT_THE_CLIENT
            && let Some(oldest) = self.tools.0.keys().next().copied()
        {
            self.tool_ended(now, oldest, ToolEnd::Unknown, String::new());
        }
    }

    /// The client has brought the result of one.
    pub(super) fn client_returned(&mut self, now: CallTime, call: ToolCallId, output: String) -> Flow {
        self.tool_ended(now, call, ToolEnd::Done, output.clone());
        self.tell(now, Event::ToolReturned { call, output })
    }

    pub(super) fn run_tool(&mut self, now: CallTime, turn: TurnId, called: CalledTool, conduct: Conduct) {
        let id = called.id;
        let job = Job::CallTool { id, call: called.call.clone(), conduct: conduct.clone() };
        self.tool_began(RunningTool { turn, called, conduct, began: now });
        self.begin_job(Purpose::Tool { call: id }, job);
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
                let name = self.tools.0.get(&call).map(|tool| tool.called.call.name.clone());
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
        let end = |(id, tool): (&ToolCallId, &RunningTool)| {
            let cancelled = tool.conduct.cancelled_by_the_caller;
            (*id, if cancelled { ToolEnd::Cancelled } else { ToolEnd::Unknown })
        };
        let left: Vec<(ToolCallId, ToolEnd)> = self.tools.0.iter().map(end).collect();
        left.into_iter().for_each(|(id, end)| self.tool_ended(now, id, end, String::new()));
    }

    /// The provider has taken the caller to another party: that was done.
    pub(super) fn has_handed_over(&mut self, now: CallTime) {
        let done = self.tools.0.iter().filter(|(_, tool)| tool.conduct.moment == Moment::BehindTheWords);
        let done: Vec<ToolCallId> = done.map(|(id, _)| *id).collect();
        done.into_iter().for_each(|id| self.tool_ended(now, id, ToolEnd::Done, String::new()));
    }

    fn tool_began(&mut self, tool: RunningTool) {
        let CalledTool { id, call } = &tool.called;
        self.report(&Report::ToolBegan { turn: tool.turn, call: *id, name: &call.name });
        self.tools.0.insert(*id, tool);
    }

    fn tool_ended(&mut self, now: CallTime, id: ToolCallId, end: ToolEnd, output: String) {
        let Some(RunningTool { turn, called, began, .. }) = self.tools.0.remove(&id) else { return };
        let CalledTool { call, .. } = called;
        let took_ms = now.millis_after(began);
        let (name, arguments) = (call.name, call.arguments);
        let run = ToolRun { turn, id, name, arguments, end, output, took_ms };
        self.report(&Report::ToolEnded(&run));
        self.happened(Happened::ToolRan(run));
    }
}
