//! How the agent goes about a tool that the server carries out: when, what is said meanwhile, and what a
//! caller who cuts in means for it. Must not know what the tool does.

use serde::{Deserialize, Serialize};

/// How the agent goes about a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conduct {
    /// When it is carried out.
    pub moment: Moment,
    /// What is said where the model says nothing: before a tool that follows its words, or while another one
    /// takes its time. Nothing if it is empty.
    #[serde(default)]
    pub say: String,
    /// Cancelled if the caller takes the turn before it is done; otherwise it goes on.
    #[serde(default)]
    pub cancelled_by_the_caller: bool,
    /// Carried out again if it is called again with the same arguments; otherwise what it brought is told
    /// again.
    #[serde(default)]
    pub repeatable: bool,
}

/// When a tool is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// As soon as the whole reply is known, while its words are spoken.
    #[default]
    AtOnce,
    /// Once the words of the reply were heard to their end. A caller who cuts in keeps it from being carried
    /// out.
    BehindTheWords,
    /// Likewise; the agent then hangs up, and nothing else is carried out.
    HangsUp,
}
