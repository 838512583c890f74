//! The tools of the agent, for people to see. Must not know how a tool is carried out.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::described::AGENT;
use crate::app::App;
use crate::runtime::toolbox::{Listed, ListedServer};

/// The tools of the agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentTools {
    /// Those of all agents, in the order in which a model reads them. A call has those of its agent, and
    /// those of servers only if its context has room for them.
    tools: Vec<AgentTool>,
    /// The MCP servers of the configuration.
    servers: Vec<ToolServer>,
}

/// A tool of the agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentTool {
    /// Its name, by which the model calls it.
    name: String,
    /// What it does: hang_up, transfer, hand_over, send_keys, note, http or mcp.
    does: &'static str,
    /// What it is for, as the model reads it.
    description: String,
    /// The MCP server that has it.
    server: Option<String>,
}

/// An MCP server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToolServer {
    /// Its name in the configuration.
    name: String,
    /// Why it cannot be asked just now. Null if it can.
    trouble: Option<String>,
}

/// The tools of the agent: their names, what they do, and what they are for.
///
/// They are changed in the file of the configuration only, and count after a restart. docs/tools.md says how.
#[utoipa::path(
    get, path = "/tools", operation_id = "get_tools", tag = AGENT,
    responses((status = 200, description = "The tools of this moment.", body = AgentTools)),
)]
pub(super) async fn tools(State(app): State<App>) -> Json<AgentTools> {
    let tool = |Listed { name, does, description, server }| AgentTool { name, does, description, server };
    let server = |ListedServer { name, trouble }| ToolServer { name, trouble };
    Json(AgentTools {
        tools: app.toolbox.listed().into_iter().map(tool).collect(),
        servers: app.toolbox.listed_servers().into_iter().map(server).collect(),
    })
}
