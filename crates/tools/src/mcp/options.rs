//! How an MCP server is reached, and what is taken from it. Must not know the protocol.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::error::BadTool;
use crate::http::{headers, host_of};
use crate::limits::Limits;
use crate::network::Network;
use crate::secret::{Redactor, Secret, is_harmless_header, is_named_like_a_secret};

/// How an MCP server is reached.
#[derive(Clone)]
pub enum McpReach {
    /// A program that is started, and speaks on its standard input and output. It gets no variable of the
    /// environment but those that every program needs (`PATH`, `HOME`, …), and these.
    Command {
        /// The program.
        command: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Variables of its environment. Values are not shown; those that are named like a secret (KEY,
        /// TOKEN, SECRET, PASS, AUTH, CREDENTIAL) are taken out of what the server says.
        variables: Vec<(String, Secret)>,
    },
    /// A server that is asked over HTTP ("streamable HTTP").
    Http {
        /// Its address.
        url: String,
        /// Headers of every request. Their values are secrets.
        headers: Vec<(String, Secret)>,
    },
}

impl fmt::Debug for McpReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { command, variables, .. } => {
                let variables: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
                let mut shown = f.debug_struct("Command");
                shown.field("command", command).field("variables", &variables).finish_non_exhaustive()
            }
            Self::Http { url, headers } => {
                let headers: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
                let url = Url::parse(url).map_or_else(|_| "?".to_owned(), |url| host_of(&url));
                f.debug_struct("Http").field("url", &url).field("headers", &headers).finish()
            }
        }
    }
}

/// How soon a server that ended is started or asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The wait before the first try. Each further one waits twice as long.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// A server that lasted so long is started again after the first wait.
    pub steady: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            steady: Duration::from_secs(60),
        }
    }
}

/// An MCP server, and what is taken from it.
#[derive(Debug, Clone)]
pub struct McpOptions {
    /// The name of the server, for the log.
    pub name: String,
    /// How it is reached.
    pub reach: McpReach,
    /// What a call may cost.
    pub limits: Limits,
    /// How long it may take until a server that was started has told its tools.
    pub start_timeout: Duration,
    /// The tools that are wanted, by name; `None` takes all. Small models choose badly among many.
    pub only: Option<Vec<String>>,
    /// The most tools. Further ones are left out, with a warning.
    pub most_tools: usize,
    /// The longest schema of a tool's arguments, in bytes. A tool with a longer one is left out, with a
    /// warning.
    pub longest_schema: usize,
    /// The longest description of a tool, in characters. A longer one is cut.
    pub longest_description: usize,
    /// How soon a server that ended is started again.
    pub retries: Retries,
}

impl McpOptions {
    /// A server with the usual limits.
    #[must_use]
    pub fn new(name: impl Into<String>, reach: McpReach) -> Self {
        Self {
            name: name.into(),
            reach,
            limits: Limits::default(),
            start_timeout: Duration::from_secs(20),
            only: None,
            most_tools: 64,
            longest_schema: 16 << 10,
            longest_description: 1000,
            retries: Retries::default(),
        }
    }

    /// Whether the options are right. Asks nobody, and starts nothing.
    ///
    /// # Errors
    /// If one of them is wrong, with its name and what is expected.
    pub fn check(&self, network: &Network) -> Result<(), BadTool> {
        self.limits.check()?;
        if self.start_timeout.is_zero() {
            return Err(BadTool::new(
                "start_timeout",
                "is 0; expected the time that the server needs to start",
            ));
        }
        if self.retries.first.is_zero() {
            return Err(BadTool::new(
                "retries",
                "begin with a wait of 0: the server would be started without end",
            ));
        }
        match &self.reach {
            McpReach::Command { command, arguments, variables } => {
                if command.is_empty() {
                    return Err(BadTool::new("command", "is empty; expected a program"));
                }
                let names = variables.iter().map(|(name, _)| name);
                let values = variables.iter().map(|(_, value)| value.expose());
                let mut texts = arguments.iter().chain(names.clone()).map(String::as_str).chain(values);
                if command.contains('\0') || texts.any(|text| text.contains('\0')) {
                    return Err(BadTool::new("command", "has a zero byte in its arguments or variables"));
                }
                match names.clone().find(|name| name.is_empty() || name.contains('=')) {
                    Some(name) => Err(BadTool::new("variables", format!("has {name:?}, which is no name"))),
                    None => Ok(()),
                }
            }
            McpReach::Http { url, headers: pairs } => {
                let url =
                    Url::parse(url).map_err(|error| BadTool::new("url", format!("is none: {error}")))?;
                let refused = |why| BadTool::new("url", format!("is not allowed: {why}"));
                network.check(&url).map_err(refused)?;
                let own =
                    |name: &str| name.starts_with("mcp-") || ["accept", "last-event-id"].contains(&name);
                match headers(pairs)?.keys().find(|name| own(name.as_str())) {
                    Some(name) => {
                        Err(BadTool::new("headers", format!("has `{name}`, which is the protocol's own")))
                    }
                    None => Ok(()),
                }
            }
        }
    }

    /// A text in which the server's address is only its host.
    pub(crate) fn without_address(&self, text: String) -> String {
        match &self.reach {
            McpReach::Command { .. } => text,
            McpReach::Http { url, .. } => match Url::parse(url) {
                Ok(parsed) => text.replace(parsed.as_str(), &host_of(&parsed)),
                Err(_) => text,
            },
        }
    }

    /// What takes the server's secrets out of what it says.
    pub(crate) fn redactor(&self) -> Redactor {
        match &self.reach {
            McpReach::Command { variables, .. } => {
                let secret = variables.iter().filter(|(name, _)| is_named_like_a_secret(name));
                Redactor::new(secret.map(|(_, value)| value))
            }
            McpReach::Http { headers, .. } => {
                let secret = headers.iter().filter(|(name, _)| !is_harmless_header(name));
                Redactor::new(secret.map(|(_, value)| value))
            }
        }
    }
}
