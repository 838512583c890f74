//! The calls of tools that are under way in a telephone call, at the server or at its client.

use std::collections::BTreeMap;

use crate::dialogue::tools::Conduct;
use crate::ids::{ToolCallId, TurnId};
use crate::report::CalledTool;
use crate::units::CallTime;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct RunningTools(pub(super) BTreeMap<ToolCallId, RunningTool>);

/// One that is under way.
#[derive(Debug)]
pub(super) struct RunningTool {
    /// The turn whose reply called it.
    pub(super) turn: TurnId,
    pub(super) called: CalledTool,
    /// As it was when the tool was called: the agent may have got other tools since.
    pub(super) conduct: Conduct,
    pub(super) began: CallTime,
}
