//! The calls of the server's tools that are under way in a telephone call.

use std::collections::BTreeMap;

use crate::ids::{ToolCallId, TurnId};
use crate::report::CalledTool;
use crate::units::CallTime;

/// Each with the turn whose reply called it, and when.
#[derive(Debug, Default)]
pub(super) struct RunningTools(pub(super) BTreeMap<ToolCallId, (TurnId, CalledTool, CallTime)>);
