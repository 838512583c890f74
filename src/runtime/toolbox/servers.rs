//! The MCP servers of the agent's tools: each is started in the background, and tried again until it answers.
//! Must not know what their tools do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::dialogue::tools::{Conduct, Tool, Tools};
use crate::engine::grammars::Grammars;
use crate::engine::llm::Guides;
use crate::engine::tool_answers;
use crate::tools::{Asked, McpOptions, McpServer, McpTool, Network, ToolError};

/// A server that does not answer at the start is tried again after this long.
const AGAIN: Duration = Duration::from_secs(30);

/// An MCP server.
#[derive(Debug)]
pub(in crate::runtime) struct Server {
    options: McpOptions,
    network: Network,
    conduct: Conduct,
    running: Arc<OnceLock<Running>>,
}

/// A server that has told its tools.
#[derive(Debug)]
struct Running {
    server: McpServer,
    /// Those to which all models can be held, as they were told last.
    usable: Mutex<Vec<McpTool>>,
}

impl Running {
    fn usable(&self) -> MutexGuard<'_, Vec<McpTool>> {
        self.usable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    pub(in crate::runtime) fn new(options: McpOptions, network: Network, conduct: Conduct) -> Self {
        Self { options, network, conduct, running: Arc::default() }
    }

    /// Its name in the configuration.
    pub(in crate::runtime) fn name(&self) -> &str {
        &self.options.name
    }

    /// Starts it, however long that takes.
    pub(in crate::runtime) fn start(&self, grammars: Grammars, guides: Arc<BTreeMap<String, Guides>>) {
        let (options, network) = (self.options.clone(), self.network.clone());
        let running = Arc::clone(&self.running);
        tokio::spawn(async move {
            loop {
                match McpServer::connect(options.clone(), &network).await {
                    Ok(server) => return keep(server, &running, &grammars, &guides).await,
                    Err(error) => {
                        let server = &options.name;
                        tracing::warn!(server, %error, "a server of tools does not start: calls begin without its tools");
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    /// True if it has told a tool of this name, to which all models can be held.
    pub(in crate::runtime) fn has(&self, name: &str) -> bool {
        self.running.get().is_some_and(|running| running.usable().iter().any(|tool| tool.name == name))
    }

    /// Why it cannot be asked just now; `None` if it can.
    pub(in crate::runtime) fn trouble(&self) -> Option<String> {
        match self.running.get() {
            Some(running) => running.server.trouble(),
            None => Some("it has not told its tools yet: the log says more".to_owned()),
        }
    }

    /// Its tools; none before it has told them.
    pub(in crate::runtime) fn tools(&self) -> Vec<Tool> {
        let Some(running) = self.running.get() else { return Vec::new() };
        let tool = |told: &McpTool| Tool {
            name: told.name.clone(),
            description: Some(told.description.clone()).filter(|text| !text.is_empty()),
            parameters: told.input_schema.clone(),
            own: Some(self.conduct.clone()),
        };
        running.usable().iter().map(tool).collect()
    }

    /// Asks one of its tools; `None` if it has none of this name.
    pub(in crate::runtime) async fn call(
        &self,
        name: &str,
        asked: &Asked<'_>,
    ) -> Option<Result<String, ToolError>> {
        let running = self.running.get()?;
        if self.has(name) { Some(running.server.call(name, asked).await) } else { None }
    }
}

/// Checks the tools of a server that is there, and again whenever it tells others. Calls that begin then have
/// those.
async fn keep(
    server: McpServer,
    running: &OnceLock<Running>,
    grammars: &Grammars,
    guides: &Arc<BTreeMap<String, Guides>>,
) {
    let usable = Mutex::new(checked(&server, grammars, guides).await);
    // It is the only one that is started.
    let running = running.get_or_init(|| Running { server, usable });
    let mut lists = 0;
    loop {
        lists = running.server.lists_beyond(lists).await;
        let usable = checked(&running.server, grammars, guides).await;
        *running.usable() = usable;
    }
}

/// Those of its tools that calls get.
async fn checked(
    server: &McpServer,
    grammars: &Grammars,
    guides: &Arc<BTreeMap<String, Guides>>,
) -> Vec<McpTool> {
    let (told, grammars, guides) = (server.tools(), grammars.clone(), Arc::clone(guides));
    let checked = tokio::task::spawn_blocking(move || usable(told, &grammars, &guides)).await;
    let usable = checked.unwrap_or_default();
    tracing::info!(server = server.name(), tools = usable.len(), "a server of tools is there");
    usable
}

/// Those tools to which every model can be held: with another one, a call would lose all its tools.
fn usable(told: Vec<McpTool>, grammars: &Grammars, guides: &BTreeMap<String, Guides>) -> Vec<McpTool> {
    let is_usable = |told: &McpTool| {
        let (name, parameters) = (told.name.clone(), told.input_schema.clone());
        let tool = Tool { name, description: None, parameters, own: None };
        let tools = Tools { all: vec![tool], ..Tools::default() };
        match guides.values().try_for_each(|guides| tool_answers::prepare(grammars, guides, &tools)) {
            Ok(()) => true,
            Err(problem) => {
                tracing::warn!(%problem, "a tool of a server is left out");
                false
            }
        }
    };
    told.into_iter().filter(is_usable).collect()
}
