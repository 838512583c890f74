//! Tools against strangers: servers of HTTP and MCP that hang, flood, lie and die.

mod http;
mod mcp;
mod mcp_over_http;
mod names;
mod support;
