//! The tools of the agent, opened once for all calls: what the model is told of them, and how each is carried
//! out. Must not know when a tool is called, nor what its result is for.

mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, Does, McpReach, OwnTool, Problem};
use crate::dialogue::CountTokens;
use crate::dialogue::tools::{Tool, ToolCall, Tools};
use crate::engine::grammars::Grammars;
use crate::engine::llm::Guides;
use crate::streams::transfer::Destination;
use crate::tools::McpReach as Reach;
use crate::tools::{BadTool, HttpOptions, HttpTool, Limits, McpOptions, Method, Network};
use crate::turns::{Settings, with_tools};

use servers::Server;

/// The most characters of a result. The history of a call keeps a quarter of the context of it.
const LONGEST_TEXT: usize = 2000;

/// Why a tool cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("tools.{name}.{problem}")]
pub struct ToolboxError {
    name: String,
    problem: BadTool,
}

impl ToolboxError {
    /// The key of the configuration, and what is wrong with it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem::about(&format!("tools.{}.{}", self.name, self.problem.key), self.problem.what.clone())
    }
}

/// A tool, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What it does, as the configuration says it.
    pub does: &'static str,
    /// What it is for, as the model reads it.
    pub description: String,
    /// The MCP server that has it.
    pub server: Option<String>,
}

/// An MCP server, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedServer {
    /// Its name.
    pub name: String,
    /// Why it cannot be asked just now; `None` if it can.
    pub trouble: Option<String>,
}

/// All tools.
#[derive(Debug, Default)]
pub struct Toolbox {
    tools: Vec<(Tool, Kept)>,
    servers: Vec<Server>,
}

/// How a tool is carried out.
#[derive(Debug)]
pub(super) enum Kept {
    HangUp,
    HandOver(Vec<String>),
    Transfer(BTreeMap<String, Destination>),
    SendKeys,
    Note,
    Http(Box<HttpTool>),
}

impl Kept {
    /// What such a tool does, as the configuration says it.
    const fn name(&self) -> &'static str {
        match self {
            Self::HangUp => "hang_up",
            Self::HandOver(_) => "hand_over",
            Self::Transfer(_) => "transfer",
            Self::SendKeys => "send_keys",
            Self::Note => "note",
            Self::Http(_) => "http",
        }
    }
}

impl Toolbox {
    /// Opens the tools of the configuration. Servers of tools are started in the background: their tools are
    /// there once they answer.
    ///
    /// # Errors
    /// If an address, a header or a limit is wrong.
    pub fn open(tools: &[OwnTool]) -> Result<Self, ToolboxError> {
        let mut toolbox = Self::default();
        for tool in tools {
            let failed = |problem| ToolboxError { name: tool.name.clone(), problem };
            toolbox.add(tool).map_err(failed)?;
        }
        Ok(toolbox)
    }

    fn add(&mut self, own: &OwnTool) -> Result<(), BadTool> {
        let limits = Limits { timeout: own.timeout, longest_text: LONGEST_TEXT, ..Limits::default() };
        let kept = match &own.does {
            Does::HangUp => Kept::HangUp,
            Does::Transfer(to) => Kept::Transfer(to.clone()),
            Does::HandOver(to) => Kept::HandOver(to.clone()),
            Does::SendKeys => Kept::SendKeys,
            Does::Note => Kept::Note,
            Does::Http { method, url, headers, private } => {
                let network = Network::of_address(url, *private)?;
                let options = HttpOptions {
                    headers: headers.clone(),
                    limits,
                    ..HttpOptions::new(method_of(method), url.clone())
                };
                Kept::Http(Box::new(HttpTool::new(options, &network)?))
            }
            Does::Mcp { reach, only } => {
                let (reach, network) = reached(reach)?;
                let options = McpOptions {
                    limits,
                    only: (!only.is_empty()).then(|| only.clone()),
                    longest_description: 300,
                    ..McpOptions::new(own.name.clone(), reach)
                };
                options.check(&network)?;
                self.servers.push(Server::new(options, network, own.conduct.clone()));
                return Ok(());
            }
        };
        self.tools.extend(own.tool().map(|tool| (tool, kept)));
        Ok(())
    }

    /// Starts the servers of tools. Tools to which one of these models cannot be held are left out. Needs a
    /// Tokio runtime.
    pub fn start(&self, grammars: &Grammars, guides: &Arc<BTreeMap<String, Guides>>) {
        self.servers.iter().for_each(|server| server.start(grammars.clone(), Arc::clone(guides)));
    }

    /// The tools of this agent in a call that begins now: those of servers that have told theirs, too. A name
    /// that comes again is left out.
    #[must_use]
    pub fn tools(&self, config: &Config) -> Tools {
        let own = self.own_tools(config);
        let servers = self.servers.iter().filter(|server| config.agent.has_tool(server.name()));
        with_those_of_servers(own, servers)
    }

    /// The same, without those of servers if a prompt with all of them leaves no room to talk.
    #[must_use]
    pub fn tools_within(&self, config: &Config, settings: &Settings, count: &CountTokens) -> Tools {
        let all = self.tools(config);
        let room = settings.prompt_tokens.saturating_sub(settings.tool_tokens) / 2;
        if self.servers.is_empty() || count.of(&with_tools(&settings.system_prompt, &all)) <= room {
            return all;
        }
        tracing::warn!("the tools of servers take too much of the context: the call begins without them");
        Tools { all: self.own_tools(config), ..Tools::default() }
    }

    /// The tools of this agent, without those of servers.
    fn own_tools(&self, config: &Config) -> Vec<Tool> {
        let own = self.tools.iter().filter(|(tool, _)| config.agent.has_tool(&tool.name));
        let tool = |(tool, kept): &(Tool, Kept)| match kept {
            Kept::HandOver(to) => config.handing_over(tool.clone(), to),
            Kept::HangUp | Kept::Transfer(_) | Kept::SendKeys | Kept::Note | Kept::Http(_) => {
                Some(tool.clone())
            }
        };
        own.filter_map(tool).collect()
    }

    /// The tools of all agents in a call that begins now, for people to see.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed> {
        let listed = |tool: Tool| {
            let kept = self.kept(&tool.name).map(Kept::name);
            let server = self.servers.iter().find(|server| server.has(&tool.name)).map(Server::name);
            Listed {
                does: kept.unwrap_or("mcp"),
                server: server.filter(|_| kept.is_none()).map(str::to_owned),
                name: tool.name,
                description: tool.description.unwrap_or_default(),
            }
        };
        let own = self.tools.iter().map(|(tool, _)| tool.clone()).collect();
        with_those_of_servers(own, self.servers.iter()).all.into_iter().map(listed).collect()
    }

    /// The MCP servers, for people to see.
    #[must_use]
    pub fn listed_servers(&self) -> Vec<ListedServer> {
        let listed =
            |server: &Server| ListedServer { name: server.name().to_owned(), trouble: server.trouble() };
        self.servers.iter().map(listed).collect()
    }

    /// The servers of tools.
    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The agent to whom a call of a tool hands over, if it is a tool of that kind, and if it names one.
    pub(super) fn next_agent(&self, config: &Config, call: &ToolCall) -> Option<String> {
        let Some(Kept::HandOver(to)) = self.kept(&call.name) else { return None };
        let arguments = call.as_object()?;
        let named = arguments.get("to")?.as_str()?;
        config.next_agents(to).keys().find(|name| name.as_str() == named).map(|name| (*name).clone())
    }

    pub(super) fn kept(&self, name: &str) -> Option<&Kept> {
        self.tools.iter().find(|(tool, _)| tool.name == name).map(|(_, kept)| kept)
    }
}

/// These tools with those that servers have told.
fn with_those_of_servers<'s>(mut all: Vec<Tool>, servers: impl Iterator<Item = &'s Server>) -> Tools {
    for tool in servers.flat_map(Server::tools) {
        if all.iter().all(|known| known.name != tool.name) {
            all.push(tool);
        }
    }
    Tools { all, ..Tools::default() }
}

fn reached(reach: &McpReach) -> Result<(Reach, Network), BadTool> {
    Ok(match reach {
        McpReach::Command(words, variables) => {
            let (command, arguments) = words
                .split_first()
                .map_or_else(Default::default, |(first, rest)| (first.clone(), rest.to_vec()));
            let variables = variables.clone();
            (Reach::Command { command, arguments, variables }, Network::new(&[], false)?)
        }
        McpReach::Url(url, headers, private) => {
            (Reach::Http { url: url.clone(), headers: headers.clone() }, Network::of_address(url, *private)?)
        }
    })
}

fn method_of(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Post,
    }
}
