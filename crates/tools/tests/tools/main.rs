//! Tools against strangers: servers of HTTP and MCP that hang, flood, lie and die.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod http;
mod mcp;
mod mcp_over_http;
mod names;
mod support;
