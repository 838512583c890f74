//! The MCP servers of the agent's tools: each is started in the background, and tried again until it answers.
//! Must not know what their tools do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
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
    /// Those to which all models can be held.
    usable: BTreeSet<String>,
}

impl Server {
    pub(in crate::runtime) fn new(options: McpOptions, network: Network, conduct: Conduct) -> Self {
        Self { options, network, conduct, running: Arc::default() }
    }

    /// Starts it, however long that takes.
    pub(in crate::runtime) fn start(&self, grammars: Grammars, guides: Arc<BTreeMap<String, Guides>>) {
        let (options, network) = (self.options.clone(), self.network.clone());
        let running = Arc::clone(&self.running);
        tokio::spawn(async move {
            loop {
                match McpServer::connect(options.clone(), &network).await {
                    Ok(server) => {
                        let told = server.tools();
                        let checked = tokio::task::spawn_blocking(move || usable(told, &grammars, &guides)).await;
                        let usable = checked.unwrap_or_default();
                        let tools = usable.len();
                        tracing::info!(server = options.name, tools, "a server of tools is there");
                        // It is the only one that is started.
                        let _ = running.set(Running { server, usable });
                        return;
                    }
                    Err(error) => {
                        let server = &options.name;
                        tracing::warn!(server, %error, "a server of tools does not start: calls begin without its tools");
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    /// Its tools; none before it has told them.
    pub(in crate::runtime) fn tools(&self) -> Vec<Tool> {
        let Some(Running { server, usable }) = self.running.get() else { return Vec::new() };
        let tool = |told: McpTool| Tool {
            name: told.name,
            description: Some(told.description).filter(|text| !text.is_empty()),
            parameters: told.input_schema,
            own: Some(self.conduct.clone()),
        };
        server.tools().into_iter().filter(|told| usable.contains(&told.name)).map(tool).collect()
    }

    /// Asks one of its tools; `None` if it has none of this name.
    pub(in crate::runtime) async fn call(
        &self,
        name: &str,
        asked: &Asked<'_>,
    ) -> Option<Result<String, ToolError>> {
        let Running { server, usable } = self.running.get()?;
        if usable.contains(name) { Some(server.call(name, asked).await) } else { None }
    }
}

/// The names of those tools to which every model can be held: with another one, a call would lose all its
/// tools.
fn usable(
    told: Vec<McpTool>,
    grammars: &Grammars,
    guides: &BTreeMap<String, Guides>,
) -> BTreeSet<String> {
    let mut usable = BTreeSet::new();
    for McpTool { name, input_schema, .. } in told {
        let tool = Tool { name: name.clone(), description: None, parameters: input_schema, own: None };
        let tools = Tools { all: vec![tool], ..Tools::default() };
        match guides.values().try_for_each(|guides| tool_answers::prepare(grammars, guides, &tools)) {
            Ok(()) => drop(usable.insert(name)),
            Err(problem) => tracing::warn!(%problem, "a tool of a server is left out"),
        }
    }
    usable
}
