//! An MCP server on standard input and output, for the tests of this crate.

#[path = "../tests/tools/support/handler.rs"]
mod handler;

use rmcp::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    handler::Handler.serve((tokio::io::stdin(), tokio::io::stdout())).await?.waiting().await?;
    Ok(())
}
