//! Asks any MCP server from the command line: `try_mcp TOOL ARGUMENTS PROGRAM [ARGUMENT…]` starts a program,
//! `try_mcp TOOL ARGUMENTS https://…` asks over HTTP. Without a tool (`-`), its tools are listed.

use offhook_tools::{Asked, Limits, McpOptions, McpReach, McpServer, Network};
use serde_json::Value;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(tool), Some(arguments), Some(command)) = (words.next(), words.next(), words.next()) else {
        return Err("expected: try_mcp TOOL ARGUMENTS PROGRAM|URL [ARGUMENT…]".into());
    };
    let reach = match command.contains("://") {
        true => McpReach::Http { url: command.clone(), headers: Vec::new() },
        false => {
            McpReach::Command { command: command.clone(), arguments: words.collect(), variables: Vec::new() }
        }
    };
    let host = url::Url::parse(&command).ok().and_then(|url| Some(url.host_str()?.to_owned()));
    let network = Network::new(host.as_slice(), true)?;
    let mut options = McpOptions::new("tried", reach);
    options.start_timeout = Duration::from_secs(60);
    options.limits = Limits { timeout: Duration::from_secs(30), ..Limits::default() };
    let server = McpServer::connect(options, &network).await?;
    for tool in server.tools() {
        println!(
            "{}: {}\n  {}",
            tool.name,
            tool.description.lines().next().unwrap_or_default(),
            tool.input_schema
        );
    }
    if tool != "-" {
        let arguments: Value = serde_json::from_str(&arguments)?;
        let arguments = arguments.as_object().ok_or("ARGUMENTS are no JSON object")?;
        println!("{}", server.call(&tool, &Asked { arguments, idempotency_key: "try-1" }).await?);
    }
    Ok(())
}
