//! What the tests share: strangers who answer in every wrong way, and short names.

pub(crate) mod handler;
pub(crate) mod stranger;

use std::path::PathBuf;
use std::time::Duration;

use offhook_tools::{Asked, Limits, Network};
use serde_json::{Map, Value};

/// Hosts of this machine, which the tests listen on.
pub(crate) fn this_machine() -> Network {
    network(&["127.0.0.1", "localhost"], true)
}

pub(crate) fn network(hosts: &[&str], private_addresses: bool) -> Network {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    Network::new(&hosts, private_addresses).unwrap()
}

pub(crate) fn asked<'a>(arguments: &'a Value) -> Asked<'a> {
    static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    let arguments = arguments.as_object().unwrap_or_else(|| NONE.get_or_init(Map::new));
    Asked { arguments, idempotency_key: "call-1-tool-2" }
}

/// Short enough that a test of a server that hangs is quick.
pub(crate) fn hasty() -> Limits {
    Limits { timeout: Duration::from_millis(300), ..Limits::default() }
}

/// The MCP server of the tests, an example of this crate.
pub(crate) fn mcp_server() -> String {
    let tests = std::env::current_exe().unwrap();
    let built: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples/mcp_server");
    assert!(built.exists(), "there is no {}: `cargo test -p offhook-tools` builds it", built.display());
    built.to_str().unwrap().to_owned()
}
