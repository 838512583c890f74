//! `[tools]`: what the agent may do beside talking, a table for each tool. Must not know how a tool is
//! carried out.

mod arguments;
mod reading;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{Agent, Config, Persona};
use crate::dialogue::tools::{Conduct, Moment, Tool, Tools};
use crate::streams::transfer::Destination;
use crate::tools::Secret;

pub(super) use reading::tools;

/// A tool of the agent.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnTool {
    /// Its name, by which the model calls it; for an MCP server, the name of the server.
    pub name: String,
    /// What the model reads of it.
    pub description: Option<String>,
    /// The JSON schema of its arguments; of an MCP server, nothing.
    pub parameters: Value,
    /// How the agent goes about it.
    pub conduct: Conduct,
    /// What it does.
    pub does: Does,
    /// How long it may take.
    pub timeout: Duration,
}

/// What a tool does.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// Ends the call.
    HangUp,
    /// Connects the caller with one of these.
    Transfer(BTreeMap<String, Destination>),
    /// Lets one of these agents go on with the call; any other one, if none is named.
    HandOver(Vec<String>),
    /// Presses keys for the caller.
    SendKeys,
    /// Writes its arguments down in the records.
    Note,
    /// Sends a request.
    Http {
        /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        method: String,
        /// Where it goes; may have placeholders in its path and query.
        url: String,
        /// Headers.
        headers: Vec<(String, Secret)>,
        /// Whether the host may be of this machine or its network.
        private: bool,
    },
    /// Brings the tools of an MCP server.
    Mcp {
        /// How it is reached.
        reach: McpReach,
        /// Those of its tools that are wanted; all if it is empty.
        only: Vec<String>,
    },
}

/// How an MCP server is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum McpReach {
    /// A program, with its arguments and variables.
    Command(Vec<String>, Vec<(String, Secret)>),
    /// An address, with headers, and whether it may be of this machine or its network.
    Url(String, Vec<(String, Secret)>, bool),
}

impl OwnTool {
    /// The tool as the model knows it; `None` for an MCP server, which tells its tools itself.
    #[must_use]
    pub fn tool(&self) -> Option<Tool> {
        let brings_others = matches!(self.does, Does::Mcp { .. });
        (!brings_others).then(|| Tool {
            name: self.name.clone(),
            description: self.description.clone(),
            parameters: self.parameters.clone(),
            own: Some(self.conduct.clone()),
        })
    }
}

impl Config {
    /// The tools of its agent.
    pub fn own_tools(&self) -> impl Iterator<Item = &OwnTool> {
        self.tools.iter().filter(|tool| self.agent.has_tool(&tool.name))
    }

    /// The same as the model knows them, without those that servers tell.
    #[must_use]
    pub fn told_tools(&self) -> Tools {
        let tool = |own: &OwnTool| match &own.does {
            Does::HandOver(to) => self.handing_over(own.tool()?, to),
            Does::HangUp
            | Does::Transfer(_)
            | Does::SendKeys
            | Does::Note
            | Does::Http { .. }
            | Does::Mcp { .. } => own.tool(),
        };
        Tools { all: self.own_tools().filter_map(tool).collect(), ..Tools::default() }
    }

    /// The tool that hands a call over, with the agents who may get it now; `None` if there is none.
    #[must_use]
    pub fn handing_over(&self, tool: Tool, to: &[String]) -> Option<Tool> {
        let others = self.next_agents(to);
        (!others.is_empty()).then(|| Tool { parameters: arguments::one_of_agents(&others), ..tool })
    }

    /// The agents who may get a call from this one, if the tool names these; all others if it names none.
    #[must_use]
    pub fn next_agents(&self, to: &[String]) -> BTreeMap<&String, &Persona> {
        let named = |name: &String| to.is_empty() || to.contains(name);
        self.agents.iter().filter(|(name, _)| named(name) && **name != self.agent.name).collect()
    }
}

impl Agent {
    /// Whether it has the tool, or the tools of the server, of this name.
    #[must_use]
    pub fn has_tool(&self, name: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.iter().any(|tool| tool == name))
    }
}

impl Does {
    /// When such a tool is carried out.
    fn moment(&self) -> Moment {
        match self {
            Self::HangUp => Moment::HangsUp,
            Self::Transfer(_) | Self::HandOver(_) => Moment::BehindTheWords,
            Self::SendKeys | Self::Note | Self::Http { .. } | Self::Mcp { .. } => Moment::AtOnce,
        }
    }
}

#[cfg(test)]
mod tests;
