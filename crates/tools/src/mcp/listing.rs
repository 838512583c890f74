//! The tools of an MCP server, read within limits: each of them costs room in a prompt. Must not know how the
//! server is reached.

use rmcp::model::PaginatedRequestParams;
use rmcp::service::{Peer, RoleClient, ServiceError};
use serde_json::Value;

use crate::mcp::options::McpOptions;
use crate::text;

/// The most pages of a list.
const MOST_PAGES: usize = 32;

/// A tool of an MCP server.
#[derive(Debug, Clone, PartialEq)]
pub struct McpTool {
    /// Its name: letters, digits, `-` and `_`, at most 64.
    pub name: String,
    /// What it is for, in the server's words: foreign text, without control characters.
    pub description: String,
    /// The JSON schema of its arguments.
    pub input_schema: Value,
}

/// Reads the list of tools. What breaks a limit is left out, with a warning.
pub(crate) async fn read(
    peer: &Peer<RoleClient>,
    options: &McpOptions,
) -> Result<Vec<McpTool>, ServiceError> {
    let server = options.name.as_str();
    let mut tools: Vec<McpTool> = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let page = peer.list_tools(Some(PaginatedRequestParams::default().with_cursor(cursor))).await?;
        for tool in page.tools {
            let name = tool.name.into_owned();
            if options.only.as_ref().is_some_and(|only| !only.contains(&name)) {
                continue;
            }
            let schema = Value::Object(tool.input_schema.as_ref().clone());
            let is_here = tools.iter().any(|tool| tool.name == name);
            let reason = if !is_name(&name) {
                Some("its name is not of 1 to 64 letters, digits, - and _")
            } else if is_here {
                Some("another tool has its name")
            } else if schema.to_string().len() > options.longest_schema {
                Some("the schema of its arguments is too long")
            } else if tools.len() >= options.most_tools {
                Some("the server has too many tools")
            } else {
                None
            };
            if let Some(reason) = reason {
                tracing::warn!(server, "the tool `{}` is left out: {reason}", text::shown(&name, 64));
                continue;
            }
            let description = text::clean(tool.description.as_deref().unwrap_or_default());
            let description = match description.char_indices().nth(options.longest_description) {
                Some((at, _)) => format!("{}…", &description[..at]),
                None => description,
            };
            tools.push(McpTool { name, description, input_schema: schema });
        }
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() >= options.most_tools {
            break;
        }
    }
    for name in options.only.iter().flatten() {
        if !tools.iter().any(|tool| tool.name == *name) {
            tracing::warn!(server, "the server has no tool `{}`, which is wanted", text::shown(name, 64));
        }
    }
    Ok(tools)
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
