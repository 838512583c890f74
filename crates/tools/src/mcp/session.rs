//! One connection to an MCP server: opened, asked, and ended. Must not know when it is opened again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, RequestMetaObject,
};
use rmcp::service::{
    ClientInitializeError, NotificationContext, Peer, RoleClient, RunningService, serve_client,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;
use tokio::sync::Notify;
use url::Url;

use crate::error::ToolError;
use crate::http::{headers, host_of};
use crate::limits::Asked;
use crate::mcp::child::Child;
use crate::mcp::fate::Fate;
use crate::mcp::guarded::{Counted, Guarded};
use crate::mcp::listing::{self, McpTool};
use crate::mcp::options::{McpOptions, McpReach};
use crate::mcp::outcome;
use crate::network::Network;
use crate::secret::Redactor;
use crate::text;

/// Where a call's idempotency key is, in the `_meta` of its parameters.
const IDEMPOTENCY_KEY: &str = "offhook/idempotency-key";

/// The least limit of a message: a list of tools may be longer than an answer.
const SHORTEST_LIMIT: usize = 1 << 20;

/// What a message of JSON-RPC adds to an answer.
const ENVELOPE: usize = 16 << 10;

/// The least time between two readings of the list of tools: a server may say without end that it has
/// changed.
const BETWEEN_LISTS: Duration = Duration::from_secs(1);

/// A connection that can be asked.
pub(crate) struct Session {
    peer: Peer<RoleClient>,
    tools: Mutex<Vec<McpTool>>,
    /// The server has said that its list of tools is another one.
    changed: Arc<Notify>,
    fate: Arc<Fate>,
}

/// What a server is told of us, and what it tells us without being asked.
struct Client {
    config: ClientConfig,
    changed: Arc<Notify>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

/// A connection, and what keeps it.
pub(crate) struct Connection {
    pub(crate) session: Arc<Session>,
    running: RunningService<RoleClient, Client>,
    child: Option<Child>,
}

/// Opens a connection, and reads the list of tools.
pub(crate) async fn open(
    options: &McpOptions,
    network: &Network,
    redactor: &Redactor,
) -> Result<Connection, ToolError> {
    let fate = Arc::new(Fate::new());
    let longest = (options.limits.longest_answer + ENVELOPE).max(SHORTEST_LIMIT);
    let unreachable = |why: String| ToolError::Unreachable(text::shown(&redactor.redact(why), 400));
    match &options.reach {
        McpReach::Command { command, arguments, variables } => {
            let started = Child::start(&options.name, command, arguments, variables, redactor);
            let (mut child, stdout, stdin) = started.map_err(unreachable)?;
            let stdout = Counted::new(stdout, Arc::clone(&fate), longest);
            // What is longer ends the connection before.
            let transport = AsyncRwTransport::new(stdout, stdin).with_max_line_length(longest * 2);
            match begun(options, transport, &fate).await {
                Ok((running, tools)) => Ok(connection(running, tools, fate, Some(child))),
                Err(error) => {
                    let ended = tokio::time::timeout(Duration::from_millis(300), child.ended()).await;
                    let told = match (fate.why(), ended) {
                        (Some(why), _) => format!("{why}{}", child.last_words()),
                        (None, Ok(ended)) => ended,
                        (None, Err(_)) => format!("{}{}", why(error)?, child.last_words()),
                    };
                    Err(unreachable(told))
                }
            }
        }
        McpReach::Http { url, headers: pairs } => {
            let wrong = |why: String| ToolError::NotAllowed(why);
            let url = Url::parse(url).map_err(|error| wrong(format!("the address is none: {error}")))?;
            network.check(&url).map_err(wrong)?;
            let headers = headers(pairs).map_err(|error| wrong(error.to_string()))?;
            let headers = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
            let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                .custom_headers(headers.collect())
                .max_concurrent_requests(options.limits.at_once)
                .max_json_response_size(longest)
                .max_sse_event_size(longest)
                .max_error_response_size(4096);
            let mut pauses = ExponentialBackoff::default();
            // An event that is longer than the limit would be fetched again and again.
            pauses.max_times = Some(5);
            pauses.max_delay = Some(options.retries.longest);
            config.retry_config = Arc::new(pauses);
            let transport = StreamableHttpClientTransport::with_client(network.client().clone(), config);
            let begun = begun(options, transport, &fate).await;
            let (running, tools) = begun.map_err(|error| match why(error) {
                Ok(why) => unreachable(why.replace(url.as_str(), &host_of(&url))),
                Err(error) => error,
            })?;
            Ok(connection(running, tools, fate, None))
        }
    }
}

fn connection(
    running: RunningService<RoleClient, Client>,
    tools: Vec<McpTool>,
    fate: Arc<Fate>,
    child: Option<Child>,
) -> Connection {
    let changed = Arc::clone(&running.service().changed);
    let session = Arc::new(Session { peer: running.peer().clone(), tools: Mutex::new(tools), changed, fate });
    Connection { session, running, child }
}

/// The handshake and the list of tools, in time.
async fn begun<T: Transport<RoleClient> + 'static>(
    options: &McpOptions,
    transport: T,
    fate: &Arc<Fate>,
) -> Result<(RunningService<RoleClient, Client>, Vec<McpTool>), ToolError> {
    let client = Implementation::new("offhook", env!("CARGO_PKG_VERSION"));
    let config = ClientConfig::new(ClientCapabilities::default(), client);
    let client = Client { config, changed: Arc::default() };
    let transport = Guarded::new(transport, Arc::clone(fate));
    let longest = options.limits.longest_answer;
    let both = async {
        let running = serve_client(client, transport).await.map_err(|error| handshake(error, longest))?;
        match listing::read(running.peer(), options).await {
            Ok(tools) => Ok((running, tools)),
            Err(error) => Err(outcome::failed(&error, longest).unwrap_or_else(closed)),
        }
    };
    let late = || format!("it did not tell its tools within {} ms", options.start_timeout.as_millis());
    tokio::time::timeout(options.start_timeout, both)
        .await
        .unwrap_or_else(|_| Err(ToolError::Unreachable(late())))
}

fn closed() -> ToolError {
    ToolError::Unreachable("it closed the connection before it told its tools".to_owned())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: its other variants are told as they are")]
fn handshake(error: ClientInitializeError, longest_answer: usize) -> ToolError {
    match error {
        ClientInitializeError::ConnectionClosed(_) => closed(),
        ClientInitializeError::TransportError { error, .. } => {
            outcome::not_sent(error.error.as_ref(), longest_answer)
        }
        error => ToolError::Unreachable(format!("no handshake: {}", text::reasons(&error))),
    }
}

/// What an error says, without the advice. Errors that name something else than a lost connection stay.
fn why(error: ToolError) -> Result<String, ToolError> {
    if let ToolError::Unreachable(why) | ToolError::Broken(why) | ToolError::Failed(why) = error {
        Ok(why)
    } else {
        Err(error)
    }
}

impl Session {
    /// The tools that the server told last.
    pub(crate) fn tools(&self) -> Vec<McpTool> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the server says that its list of tools has changed, and reads it again, which takes a
    /// moment. If it cannot be read, the old one stays; the sentence says why.
    pub(crate) async fn reads_again(&self, options: &McpOptions) -> Result<(), String> {
        self.changed.notified().await;
        tokio::time::sleep(BETWEEN_LISTS).await;
        let longest = options.limits.longest_answer;
        match tokio::time::timeout(options.start_timeout, listing::read(&self.peer, options)).await {
            Ok(Ok(tools)) => {
                *self.tools.lock().unwrap_or_else(PoisonError::into_inner) = tools;
                Ok(())
            }
            Ok(Err(error)) => Err(outcome::failed(&error, longest).unwrap_or_else(closed).to_string()),
            Err(_) => Err(format!("no list within {} ms", options.start_timeout.as_millis())),
        }
    }

    /// Why the connection has ended; `None` if it has not.
    pub(crate) fn over(&self) -> Option<String> {
        self.fate.why()
    }

    /// Asks, once.
    pub(crate) async fn call(
        &self,
        tool: &str,
        asked: &Asked<'_>,
        options: &McpOptions,
    ) -> Result<String, ToolError> {
        let is_known = |tools: &[McpTool]| tools.iter().any(|known| known.name == tool);
        if !is_known(&self.tools.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Err(ToolError::NoSuchTool(text::shown(tool, 64)));
        }
        let mut meta = RequestMetaObject::new();
        meta.0.0.insert(IDEMPOTENCY_KEY.to_owned(), Value::from(asked.idempotency_key));
        let mut request = CallToolRequestParams::new(tool.to_owned()).with_arguments(asked.arguments.clone());
        request.meta = Some(meta);
        let limits = &options.limits;
        // When this is dropped, the server is told that nobody waits any more.
        match tokio::time::timeout(limits.timeout, self.peer.call_tool_once(request)).await {
            Err(_) => {
                self.fate.unanswered();
                Err(ToolError::Late(limits.timeout))
            }
            Ok(Ok(response)) => {
                self.fate.answered();
                outcome::text_of(response, limits.longest_answer)
            }
            Ok(Err(error)) => Err(match outcome::failed(&error, limits.longest_answer) {
                Some(error @ (ToolError::Unreachable(_) | ToolError::Broken(_))) => {
                    self.fate.unanswered();
                    error
                }
                Some(error) => error,
                None => {
                    // Whoever watches the process learns of its end a little later.
                    let why = tokio::time::timeout(Duration::from_millis(300), self.fate.sealed()).await;
                    self.fate.seal("it closed the connection");
                    let why = why.unwrap_or_else(|_| "it closed the connection".to_owned());
                    ToolError::Broken(format!("the server broke off: {why}"))
                }
            }),
        }
    }
}

impl Connection {
    /// Waits until the connection has ended, and says why. The process is ended, if there is one.
    pub(crate) async fn ended(self) -> String {
        let Self { session, running, mut child } = self;
        let fate = &session.fate;
        let mut closed = std::pin::pin!(running.waiting());
        let process = async {
            match &mut child {
                Some(child) => child.ended().await,
                None => std::future::pending().await,
            }
        };
        let why = tokio::select! {
            why = fate.sealed() => why,
            why = process => {
                fate.seal(&why);
                // Its last answers are still on their way.
                let _ = tokio::time::timeout(Duration::from_secs(1), &mut closed).await;
                why
            }
            _ = &mut closed => match &mut child {
                Some(child) => tokio::time::timeout(Duration::from_millis(200), child.ended())
                    .await
                    .unwrap_or_else(|_| "it closed its output".to_owned()),
                None => "the connection was closed".to_owned(),
            },
        };
        fate.seal(&why);
        // A reason that was known before counts.
        fate.sealed().await
    }
}
