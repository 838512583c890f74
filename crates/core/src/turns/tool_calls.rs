//! The tools of a conversation, and the calls whose results have not come. Must not know when a tool is
//! called, nor what its result is for.

use std::sync::Arc;

use crate::dialogue::tools::{ToolCall, Tools};
use crate::ids::ToolCallId;
use crate::report::CalledTool;

/// Calls that may be under way at once. Of more, the results of the oldest come too late.
const MOST_AWAITED: usize = 64;

/// The tools, and the calls.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    pub(super) tools: Arc<Tools>,
    next: ToolCallId,
    /// Those whose results have not come; each with what its result needs to be known by, if the reply has
    /// made several.
    awaited: Vec<(ToolCallId, Option<ToolCall>)>,
    /// Results that came while the agent spoke.
    pub(super) returned: Vec<String>,
    /// Something was brought that is not answered.
    pub(super) unanswered: bool,
}

impl ToolCalls {
    /// True if something is to be brought yet.
    pub(super) fn are_under_way(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// An answer is made, to all that was brought.
    pub(super) fn answered(&mut self) {
        self.unanswered = false;
    }

    /// These calls are carried out. Their results are awaited.
    pub(super) fn make(&mut self, calls: &[ToolCall]) -> Vec<CalledTool> {
        let mut made = Vec::new();
        for call in calls {
            let id = self.next;
            self.next = id.next();
            self.awaited.push((id, (calls.len() > 1).then(|| call.clone())));
            made.push(CalledTool { id, call: call.clone() });
        }
        self.awaited.drain(..self.awaited.len().saturating_sub(MOST_AWAITED));
        made
    }

    /// The result of a call, as it is remembered; `None` if nobody awaits it.
    pub(super) fn result(&mut self, id: ToolCallId, output: String) -> Option<String> {
        let at = self.awaited.iter().position(|(awaited, _)| *awaited == id)?;
        Some(match self.awaited.remove(at).1 {
            None => output,
            // Results come in any order.
            Some(ToolCall { name, arguments }) => format!("{name}({arguments}): {output}"),
        })
    }
}
