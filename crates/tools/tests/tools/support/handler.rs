//! An MCP server with tools that behave, and tools that do not. Made with the server's side of the SDK.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

/// Whether the server of this process has learnt a tool.
static LEARNT: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Copy)]
pub(crate) struct Handler;

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name: &'static str, description: String, properties: Value| {
            let schema = json!({ "type": "object", "properties": properties });
            Tool::new(name, description, Arc::new(schema.as_object().cloned().unwrap_or_default()))
        };
        let mut tools: Vec<Tool> = [
            "echo",
            "slow",
            "dies",
            "floods",
            "pings",
            "fails",
            "refuses",
            "picture",
            "pretty",
            "environment",
        ]
        .map(|name| tool(name, format!("The tool that\u{1b}[31m {name}."), json!({ "text": {} })))
        .into();
        tools.push(tool("no name!", String::new(), json!({})));
        tools.push(tool("echo", "The second of its name.".to_owned(), json!({})));
        tools.push(tool("talks", "long ".repeat(1000), json!({})));
        tools.push(tool("sprawls", String::new(), json!({ "x".repeat(20_000): {} })));
        tools.push(tool("learns", String::new(), json!({})));
        if LEARNT.load(Relaxed) {
            tools.push(tool("learnt", String::new(), json!({})));
        }
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let text = |text: String| Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into());
        match request.name.as_ref() {
            "echo" => {
                let key = context.meta.0.0.get("offhook/idempotency-key").cloned();
                text(json!({ "arguments": arguments, "key": key, "process": std::process::id() }).to_string())
            }
            "slow" => std::future::pending().await,
            "learns" => {
                LEARNT.store(true, Relaxed);
                let told = context.peer.notify_tool_list_changed().await;
                text(format!("{}", told.is_ok()))
            }
            "learnt" => text("I know this.".to_owned()),
            "dies" => {
                eprintln!("out of paper");
                std::process::exit(3);
            }
            "floods" => text("a".repeat(8 << 20)),
            "pings" => {
                std::thread::spawn(|| {
                    for id in 0.. {
                        println!("{{\"jsonrpc\":\"2.0\",\"id\":\"p{id}\",\"method\":\"ping\"}}");
                    }
                });
                std::future::pending().await
            }
            "fails" => Ok(CallToolResult::error(vec![ContentBlock::text("no such\norder")]).into()),
            "refuses" => Err(ErrorData::invalid_params("`order` is missing", None)),
            "picture" => {
                let parts = vec![ContentBlock::text("A cat:"), ContentBlock::image("AAAA", "image/png")];
                Ok(CallToolResult::success(parts).into())
            }
            "pretty" => text("{\n  \"b\": 1,\n  \"a\": \"M\\u00fcller\"\n}".to_owned()),
            "environment" => {
                let names = std::env::vars().map(|(name, value)| format!("{name}={value}"));
                text(names.collect::<Vec<_>>().join(" "))
            }
            other => Err(ErrorData::invalid_params(format!("no tool {other}"), None)),
        }
    }
}
