//! Calls of tools outside the program, carried out: HTTP requests, and tools of MCP servers (Model Context
//! Protocol). Whoever answers is a stranger, and so are the arguments, which a language model wrote. Each
//! call ends within its time-out, each answer is bounded text, and no request goes where it may not. Must not
//! know what a telephone call is, or how a model writes calls of tools.
//!
//! Start reading at [`HttpTool`] and [`McpServer`]; [`Network`] says where requests may go.

mod addresses;
mod answer;
mod error;
mod http;
mod limits;
mod mcp;
mod network;
mod secret;
mod template;
mod text;

pub use error::{BadTool, ToolError};
pub use http::{HttpOptions, HttpTool, Method};
pub use limits::{Asked, Limits};
pub use mcp::{McpOptions, McpReach, McpServer, McpTool, Retries};
pub use network::Network;
pub use secret::Secret;
