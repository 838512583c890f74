//! Tools that the agent called: what is to be carried out, and what came of it.

use serde::{Deserialize, Serialize};

use crate::dialogue::tools::ToolCall;
use crate::ids::{ToolCallId, TurnId};

/// A call of a tool that is to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledTool {
    /// Its number.
    pub id: ToolCallId,
    /// The tool and its arguments.
    pub call: ToolCall,
}

/// What came of a call of a tool, of the server or of its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolRun {
    /// The turn whose reply called it.
    pub turn: TurnId,
    /// Its number.
    pub id: ToolCallId,
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON.
    pub arguments: String,
    /// How it ended.
    pub end: ToolEnd,
    /// What the model was told, or would have been.
    pub output: String,
    /// From the call to its end, in milliseconds.
    pub took_ms: f64,
}

/// How a call of a tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// It was carried out.
    Done,
    /// It was not, or nobody knows whether it was.
    Failed,
    /// The caller took the turn before.
    Cancelled,
    /// The telephone call was over before its end was known.
    Unknown,
}

impl ToolEnd {
    /// The word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}
