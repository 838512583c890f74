//! The tools of a conversation, and the calls whose results have not come. Must not know when a tool is
//! called, nor what its result is for.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::dialogue::tools::{Conduct, Moment, ToolCall, Tools};
use crate::ids::ToolCallId;
use crate::report::CalledTool;

/// Calls that may be under way at once. Of more, the results of the oldest come too late.
const MOST_AWAITED: usize = 64;

/// Results that are told again when their tool is called again.
const MOST_DONE: usize = 64;

/// Rounds of calls in one turn: a model that calls again and again, with the results before it, answers
/// nobody.
const MOST_ROUNDS: u32 = 4;

/// The tools, and the calls.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    pub(super) tools: Arc<Tools>,
    next: ToolCallId,
    awaited: Vec<Awaited>,
    /// What the server's tools have brought, if they are not carried out again.
    done: VecDeque<(ToolCall, String)>,
    /// Results that came while the agent spoke.
    pub(super) returned: Vec<String>,
    /// Something was brought that is not answered.
    pub(super) unanswered: bool,
    /// Rounds of calls since the caller spoke.
    rounds: u32,
    /// What was said while a tool took its time.
    pub(super) fillers: usize,
    /// The agent wants to hang up, once what its tools bring is told.
    pub(super) hangs_up: bool,
}

/// A call whose result has not come.
#[derive(Debug)]
struct Awaited {
    id: ToolCallId,
    call: ToolCall,
    /// The reply has made several: its result says which one it is of.
    several: bool,
    /// How the server carries it out; `None` if the client does.
    own: Option<Conduct>,
}

/// What becomes of a call of a tool of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It is carried out.
    Run(CalledTool),
    /// It was before, and has brought this.
    Before(String),
    /// It is under way already.
    UnderWay,
}

impl ToolCalls {
    /// True if something is to be brought yet.
    pub(super) fn are_under_way(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// What is said while the server carries out a tool, if it was not said before; `None` if it carries out
    /// none.
    pub(super) fn say(&self) -> Option<&str> {
        let own = self.awaited.iter().filter_map(|awaited| awaited.own.as_ref());
        let say = |own: &'_ Conduct| own.moment == Moment::AtOnce && !own.say.is_empty();
        own.map(|own| if say(own) { own.say.as_str() } else { "" }).max_by_key(|say| !say.is_empty())
    }

    /// An answer is made, to all that was brought.
    pub(super) fn answered(&mut self) {
        self.unanswered = false;
    }

    /// The caller has the word: the next reply may call again.
    pub(super) fn begin_anew(&mut self) {
        self.rounds = 0;
        self.hangs_up = false;
    }

    /// True if a reply may call no more tools, because those before it did again and again.
    pub(super) fn are_exhausted(&self) -> bool {
        self.rounds >= MOST_ROUNDS
    }

    /// The client carries out these calls. Their results are awaited.
    pub(super) fn make(&mut self, calls: &[ToolCall]) -> Vec<CalledTool> {
        calls.iter().map(|call| self.await_one(call, calls.len() > 1, None)).collect()
    }

    /// The server carries out these calls of its own tools, but none twice.
    pub(super) fn run(&mut self, calls: &[(ToolCall, Conduct)]) -> Vec<Made> {
        self.rounds += u32::from(!calls.is_empty());
        self.fillers = 0;
        calls.iter().map(|(call, conduct)| self.run_one(call, calls.len() > 1, conduct)).collect()
    }

    fn run_one(&mut self, call: &ToolCall, several: bool, conduct: &Conduct) -> Made {
        if !conduct.repeatable {
            if let Some((_, output)) = self.done.iter().find(|(before, _)| before.repeats(call)) {
                return Made::Before(told(call, several, output.clone()));
            }
            if self.awaited.iter().any(|awaited| awaited.own.is_some() && awaited.call.repeats(call)) {
                return Made::UnderWay;
            }
            // Another call of the tool may have undone what the first one did.
            self.done.retain(|(before, _)| before.name != call.name);
        }
        Made::Run(self.await_one(call, several, Some(conduct.clone())))
    }

    fn await_one(&mut self, call: &ToolCall, several: bool, own: Option<Conduct>) -> CalledTool {
        let id = self.next;
        self.next = id.next();
        self.awaited.push(Awaited { id, call: call.clone(), several, own });
        self.awaited.drain(..self.awaited.len().saturating_sub(MOST_AWAITED));
        CalledTool { id, call: call.clone() }
    }

    /// The result of a call, as it is remembered; `None` if nobody awaits it. One that `failed` may be called
    /// again.
    pub(super) fn result(&mut self, id: ToolCallId, output: String, failed: bool) -> Option<String> {
        let at = self.awaited.iter().position(|awaited| awaited.id == id)?;
        let Awaited { call, several, own, .. } = self.awaited.remove(at);
        if own.is_some_and(|own| !own.repeatable && !failed) {
            self.done.push_back((call.clone(), output.clone()));
            self.done.drain(..self.done.len().saturating_sub(MOST_DONE));
        }
        Some(told(&call, several, output))
    }

    /// Takes the calls that do not go on when the caller takes the turn, each with what is remembered of it.
    pub(super) fn cancelled_by_the_caller(&mut self) -> Vec<(ToolCallId, String)> {
        let gone =
            |awaited: &mut Awaited| awaited.own.as_ref().is_some_and(|own| own.cancelled_by_the_caller);
        let text = "It was given up, because the caller spoke. It is not known whether it was done.";
        let cancelled = self.awaited.extract_if(.., gone);
        cancelled.map(|gone| (gone.id, told(&gone.call, gone.several, text.to_owned()))).collect()
    }
}

/// A result as it is remembered. Of several, they come in any order.
fn told(call: &ToolCall, several: bool, output: String) -> String {
    if several { format!("{}({}): {output}", call.name, call.arguments) } else { output }
}
