//! MCP servers that are asked over HTTP.

use std::sync::Arc;
use std::time::Duration;

use offhook_tools::{McpOptions, McpReach, McpServer, Retries, Secret, ToolError};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::support::handler::Handler;
use crate::support::stranger::Stranger;
use crate::support::{asked, hasty, network, this_machine};

/// Our tools, on a runtime of their own: with it, connections that are open end too.
struct Served {
    url: String,
    runtime: Option<Runtime>,
}

impl Served {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let service = StreamableHttpService::new(
            || Ok(Handler),
            Arc::<LocalSessionManager>::default(),
            StreamableHttpServerConfig::default(),
        );
        let router = axum::Router::new().nest_service("/mcp", service);
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await.unwrap();
        });
        Self { url, runtime: Some(runtime) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn options(url: &str) -> McpOptions {
    let headers = vec![("Authorization".to_owned(), Secret::new("Bearer sk-abcdef123456"))];
    let retries = Retries { first: Duration::from_millis(10), ..Retries::default() };
    let reach = McpReach::Http { url: url.to_owned(), headers };
    McpOptions {
        limits: hasty(),
        retries,
        start_timeout: Duration::from_secs(5),
        ..McpOptions::new("web", reach)
    }
}

#[tokio::test]
async fn tools_are_listed_and_called() {
    let served = Served::start();
    let server = McpServer::connect(options(&served.url), &this_machine()).await.unwrap();
    assert_eq!(server.tools().len(), 12);
    let arguments = json!({ "text": "hello" });
    let asked = asked(&arguments);
    let echo = server.call("echo", &asked).await.unwrap();
    assert!(echo.contains("\"arguments\":{\"text\":\"hello\"}"), "{echo}");
    assert!(echo.contains("call-1-tool-2"), "{echo}");
    assert_eq!(server.call("fails", &asked).await, Err(ToolError::Failed("no such order".to_owned())));
    assert_eq!(server.call("slow", &asked).await, Err(ToolError::Late(hasty().timeout)));
    let flood = server.call("floods", &asked).await.unwrap_err();
    assert!(flood.may_have_been_done(), "{flood:?}");
    // Here, or after a new connection.
    while server.call("echo", &asked).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_no_mcp_server_is_told_in_time_and_without_secrets() {
    let stranger = Stranger::listen().await;
    for path in
        ["/hang", "/slow", "/declared", "/endless", "/html", "/json", "/401", "/500", "/closed", "/redirect"]
    {
        let url = stranger.url(&format!("{path}?token=in-the-address"));
        let options = McpOptions { start_timeout: Duration::from_millis(700), ..options(&url) };
        let error = McpServer::connect(options, &this_machine()).await.unwrap_err();
        let told = error.to_string();
        assert!(!told.contains("sk-abcdef") && !told.contains("in-the-address"), "{path}: {told}");
    }
}

#[tokio::test]
async fn the_rules_of_the_network_hold() {
    let served = Served::start();
    for network in [network(&["127.0.0.1"], false), network(&["api.example.com"], true)] {
        let error = McpServer::connect(options(&served.url), &network).await.unwrap_err();
        assert!(matches!(error, ToolError::NotAllowed(_)), "{error:?}");
    }
    let https = served.url.replace("http://127.0.0.1", "https://localhost");
    let error = McpServer::connect(options(&https), &network(&["localhost"], false)).await.unwrap_err();
    assert!(error.to_string().contains("where no tool may ask"), "{error}");
}

#[tokio::test]
async fn a_server_that_went_away_fails_calls_at_once() {
    let served = Served::start();
    let server = McpServer::connect(options(&served.url), &this_machine()).await.unwrap();
    drop(served);
    let arguments = json!({});
    while server.trouble().is_none() {
        let _ = server.call("echo", &asked(&arguments)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = server.call("echo", &asked(&arguments)).await.unwrap_err();
    assert!(matches!(error, ToolError::Unreachable(_)), "{error:?}");
}
