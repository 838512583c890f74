//! Tools of an MCP server, which is kept running: when it ends, it is started again, and until then calls
//! fail at once. Must not know who calls.

mod child;
mod fate;
mod guarded;
mod listing;
mod options;
mod outcome;
mod session;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;

use crate::error::ToolError;
use crate::limits::Asked;
use crate::network::Network;
use crate::secret::Redactor;
use crate::text;
use session::{Connection, Session};

pub use listing::McpTool;
pub use options::{McpOptions, McpReach, Retries};

/// An MCP server. Dropped, its process ends.
pub struct McpServer {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

struct Shared {
    options: McpOptions,
    network: Network,
    redactor: Redactor,
    state: Mutex<State>,
    /// Counts the lists of tools that were read.
    lists: watch::Sender<u64>,
    places: Semaphore,
}

/// Whether the server can be asked.
#[derive(Clone)]
enum State {
    Up(Arc<Session>),
    Down {
        why: String,
        /// What it had before.
        tools: Vec<McpTool>,
    },
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl McpServer {
    /// Starts a server, or opens a connection to it, and reads its list of tools. From then on it is kept:
    /// when it ends or does not answer three calls in a row, it is started again, after waits that grow.
    ///
    /// Needs a Tokio runtime, which watches the server.
    ///
    /// # Errors
    /// If the options are wrong ([`McpOptions::check`]), or there is no list of tools in time.
    pub async fn connect(options: McpOptions, network: &Network) -> Result<Self, ToolError> {
        options.check(network).map_err(|bad| ToolError::NotAllowed(format!("its {bad}")))?;
        let redactor = options.redactor();
        let connection = session::open(&options, network, &redactor).await?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Up(Arc::clone(&connection.session))),
            lists: watch::Sender::new(0),
            places: Semaphore::new(options.limits.at_once),
            options,
            network: network.clone(),
            redactor,
        });
        let keeper = tokio::spawn(keep(Arc::clone(&shared), connection)).abort_handle();
        Ok(Self { shared, keeper })
    }

    /// Its name, from the options.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.options.name
    }

    /// The tools that the server told last: when it was started, or after it said that they have changed.
    #[must_use]
    pub fn tools(&self) -> Vec<McpTool> {
        match self.shared.state() {
            State::Up(session) => session.tools(),
            State::Down { tools, .. } => tools,
        }
    }

    /// Waits until more than `known` lists of tools were read after the first one, and tells how many.
    pub async fn lists_beyond(&self, known: u64) -> u64 {
        let mut lists = self.shared.lists.subscribe();
        // The sender lives as long as the server.
        lists.wait_for(|read| *read > known).await.map_or(known, |read| *read)
    }

    /// Why the server cannot be asked just now; `None` if it can.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match self.shared.state() {
            // Whoever keeps the server learns of its end a little later.
            State::Up(session) => session.over().map(|why| self.shared.redactor.redact(why)),
            State::Down { why, .. } => Some(why),
        }
    }

    /// Asks, once: nothing is tried again. The answer is text for a language model: its parts that are text,
    /// JSON compact; images and the like are named. The idempotency key is in the request's `_meta`, as
    /// `offhook/idempotency-key`.
    ///
    /// # Errors
    /// If there is no answer that can be read. [`ToolError::may_have_been_done`] says whether the tool may
    /// have done its work. A server that is down fails every call at once.
    pub async fn call(&self, tool: &str, asked: &Asked<'_>) -> Result<String, ToolError> {
        let shared = &self.shared;
        let Ok(_place) = shared.places.try_acquire() else {
            return Err(ToolError::Busy(shared.options.limits.at_once));
        };
        asked.check()?;
        if let Some(why) = self.trouble() {
            return Err(ToolError::Unreachable(format!("{why}; it is started again by itself")));
        }
        let session = match shared.state() {
            State::Up(session) => session,
            State::Down { why, .. } => return Err(ToolError::Unreachable(why)),
        };
        match session.call(tool, asked, &shared.options).await {
            Ok(text) => Ok(text::cut(shared.redactor.redact(text), shared.options.limits.longest_text)),
            Err(error) => Err(shared.without_secrets(error)),
        }
    }
}

impl Drop for McpServer {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The list of tools was read again, or could not be.
    fn has_read(&self, read: Result<(), String>) {
        let server = self.options.name.as_str();
        match read {
            Ok(()) => {
                self.lists.send_modify(|read| *read += 1);
                tracing::info!(server, "the MCP server has other tools");
            }
            Err(why) => {
                let why = self.options.without_address(self.redactor.redact(why));
                tracing::warn!(
                    server,
                    "the new tools of the MCP server cannot be read, the old ones stay: {why}"
                );
            }
        }
    }

    fn without_secrets(&self, error: ToolError) -> ToolError {
        let shown = |text: String| self.options.without_address(self.redactor.redact(text));
        match error {
            ToolError::Refused { status, said } => ToolError::Refused { status, said: shown(said) },
            ToolError::Failed(said) => ToolError::Failed(shown(said)),
            ToolError::Unreachable(why) => ToolError::Unreachable(shown(why)),
            ToolError::Broken(why) => ToolError::Broken(shown(why)),
            ToolError::BadArguments(_)
            | ToolError::NoSuchTool(_)
            | ToolError::NotAllowed(_)
            | ToolError::Busy(_)
            | ToolError::Late(_)
            | ToolError::Redirected(_)
            | ToolError::TooLarge(_)
            | ToolError::NoText(_) => error,
        }
    }
}

/// Watches a connection, and opens the next when it has ended.
async fn keep(shared: Arc<Shared>, mut connection: Connection) {
    let (server, retries) = (shared.options.name.as_str(), shared.options.retries);
    let mut wait = retries.first;
    loop {
        let session = Arc::clone(&connection.session);
        let mut ended = std::pin::pin!(connection.ended());
        let mut steady = std::pin::pin!(tokio::time::sleep(retries.steady));
        let mut is_steady = false;
        let mut reads_again = std::pin::pin!(async {
            loop {
                let read = session.reads_again(&shared.options).await;
                shared.has_read(read);
            }
        });
        let why = loop {
            tokio::select! {
                why = &mut ended => break why,
                () = &mut steady, if !is_steady => {
                    is_steady = true;
                    wait = retries.first;
                }
                () = &mut reads_again => {}
            }
        };
        let tools = session.tools();
        let why = text::shown(&shared.redactor.redact(why), 400);
        tracing::warn!(server, "the MCP server can be asked no more, and is started again: {why}");
        shared.set(State::Down { why, tools: tools.clone() });
        connection = loop {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(retries.longest.max(retries.first));
            match session::open(&shared.options, &shared.network, &shared.redactor).await {
                Ok(connection) => break connection,
                Err(error) => {
                    tracing::warn!(server, "the MCP server does not start: {error}");
                    shared.set(State::Down { why: error.to_string(), tools: tools.clone() });
                }
            }
        };
        tracing::info!(server, "the MCP server can be asked again");
        shared.set(State::Up(Arc::clone(&connection.session)));
        shared.lists.send_modify(|read| *read += 1);
    }
}
