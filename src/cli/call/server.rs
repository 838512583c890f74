//! The server as a child process, because a caller in the same process would measure its own starvation.
//! Keeps the server's log and its reports on calls. Must not know how a call is made.

use std::collections::VecDeque;
use std::path::Path;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cli::output::noteln;
use crate::streams::native::{SummaryWire, TurnReportWire};

/// Timeout for loading and warming up the models.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Timeout for the end of the server after SIGTERM.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// The number of log lines kept.
const LOG_LINES: usize = 40;

/// The most reports kept.
const MOST_REPORTS: usize = 10_000;

/// The number of checks for a report that should come soon, and the time between them.
const SUMMARY_LOOKS: u32 = 60;
const SUMMARY_LOOK: Duration = Duration::from_millis(50);

/// The server prints this on standard output once it is ready, followed by its address.
const READY: &str = "listening on ";

/// A running server. It is killed when this is dropped.
pub(in crate::cli) struct Server {
    child: Child,
    address: String,
    log: Arc<Mutex<VecDeque<String>>>,
    reports: Arc<Mutex<Vec<Told>>>,
    readers: Vec<JoinHandle<()>>,
}

/// A report of the server on a call.
#[derive(Debug, Clone, serde::Deserialize)]
pub(in crate::cli) struct Told {
    /// The id of the call.
    pub(in crate::cli) call: String,
    /// A finished turn.
    pub(in crate::cli) turn: Option<TurnReportWire>,
    /// The summary of a finished call.
    pub(in crate::cli) summary: Option<SummaryWire>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum StartError {
    /// It exited; the command exits with the same code.
    #[error("the server did not start ({status}):\n{log}")]
    Exited {
        /// Its exit status.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It was not ready in time.
    #[error("the server did not become ready:\n{log}")]
    Slow {
        /// The end of its log.
        log: String,
    },
    /// The system refused to run it.
    #[error("the server cannot be run: {0}")]
    Spawn(#[from] std::io::Error),
}

impl StartError {
    /// Tells why a server exited, and returns its exit code: that of a bad configuration or model.
    ///
    /// # Errors
    /// Itself, if the server did not exit.
    pub(in crate::cli) fn exit_code(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Exited { status, .. } => {
                noteln!("{self}");
                let code = status.code().and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0);
                Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
            }
            Self::Slow { .. } | Self::Spawn(_) => Err(self.into()),
        }
    }
}

impl Server {
    /// Starts this program as a server on a free port of the loopback address.
    pub(in crate::cli) async fn start(config: Option<&Path>) -> Result<Self, StartError> {
        // A trial call is no business of the records that a real server keeps.
        Self::start_with(config, &["--unrecorded".to_owned()]).await
    }

    /// As [`Self::start`], with further options.
    pub(in crate::cli) async fn start_with(
        config: Option<&Path>,
        options: &[String],
    ) -> Result<Self, StartError> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").args(["--open", "--reports", "--port", "0"]).args(options);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        Self::spawn(command).await
    }

    async fn spawn(mut command: Command) -> Result<Self, StartError> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let mut readers = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            readers.push(keep(BufReader::new(stderr).lines(), Arc::clone(&log)));
        }
        let mut lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let ready = async {
            while let Some(Ok(Some(line))) = next_line(&mut lines).await {
                if let Some(address) = line.strip_prefix(READY) {
                    return Some(address.trim().to_owned());
                }
            }
            None
        };
        match timeout(START_TIMEOUT, ready).await {
            Ok(Some(address)) => {
                // Somebody must keep reading its output, or the server blocks once the pipe is full.
                let reports = Arc::default();
                readers.extend(lines.map(|lines| collect(lines, Arc::clone(&reports))));
                Ok(Self { child, address, log, reports, readers })
            }
            Ok(None) => {
                let Ok(status) = timeout(STOP_TIMEOUT, child.wait()).await else {
                    child.kill().await?;
                    return Err(StartError::Slow { log: joined(&log) });
                };
                let status = status?;
                for reader in readers {
                    // The last lines of the log say why the server ended.
                    let _ = reader.await;
                }
                Err(StartError::Exited { status, log: joined(&log) })
            }
            Err(_) => {
                child.kill().await?;
                Err(StartError::Slow { log: joined(&log) })
            }
        }
    }

    /// The address on which it listens: `127.0.0.1:PORT`.
    pub(in crate::cli) fn address(&self) -> &str {
        &self.address
    }

    /// The end of its log.
    pub(in crate::cli) fn log(&self) -> String {
        joined(&self.log)
    }

    /// All its reports so far, on all calls.
    pub(in crate::cli) fn reports(&self) -> Vec<Told> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its reports since the last call of this.
    pub(in crate::cli) fn take_reports(&self) -> Vec<Told> {
        std::mem::take(&mut *self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of its process; `None` if it has ended.
    pub(in crate::cli) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits a little for the summary of a call.
    pub(in crate::cli) async fn summary_of(&self, call: &str) -> Option<SummaryWire> {
        let summary = || self.reports().into_iter().rfind(|told| told.call == call && told.summary.is_some());
        for _ in 0..SUMMARY_LOOKS {
            if let Some(told) = summary() {
                return told.summary;
            }
            tokio::time::sleep(SUMMARY_LOOK).await;
        }
        None
    }

    /// Asks it to stop, and kills it if it does not.
    pub(in crate::cli) async fn stop(mut self) -> anyhow::Result<()> {
        let pid =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // An error means that it has gone already, which the wait below finds out.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            self.child.kill().await.context("stopping the server")?;
        }
        for reader in self.readers {
            reader.abort();
        }
        Ok(())
    }
}

async fn next_line<R: AsyncRead + Unpin>(
    lines: &mut Option<Lines<BufReader<R>>>,
) -> Option<std::io::Result<Option<String>>> {
    match lines {
        Some(lines) => Some(lines.next_line().await),
        None => None,
    }
}

/// Reads lines to their end and keeps the last ones.
fn keep<R: AsyncRead + Unpin + Send + 'static>(
    mut lines: Lines<BufReader<R>>,
    log: Arc<Mutex<VecDeque<String>>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() == LOG_LINES {
                log.pop_front();
            }
            log.push_back(line);
        }
    })
}

/// Reads reports to their end. There are a few per call, and the calls end with this program.
fn collect<R: AsyncRead + Unpin + Send + 'static>(
    mut lines: Lines<BufReader<R>>,
    reports: Arc<Mutex<Vec<Told>>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(told) = serde_json::from_str(&line) else { continue };
            let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
            if reports.len() < MOST_REPORTS {
                reports.push(told);
            }
        }
    })
}

fn joined(log: &Mutex<VecDeque<String>>) -> String {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_server_is_ready_when_it_says_where_it_listens() {
        let script = "echo warming up; echo 'listening on 127.0.0.1:4242'; exec sleep 60";
        let server = Server::spawn(shell(script)).await.unwrap();
        assert_eq!(server.address(), "127.0.0.1:4242");
        server.stop().await.unwrap();
    }

    /// Fault: with gateways that carry no reports, `offhook call` showed no words, though its own server knew
    /// them.
    #[tokio::test]
    async fn what_the_server_reports_is_kept_by_call() {
        let script = "echo 'listening on 127.0.0.1:4242'; \
                      echo '{\"call\":\"a\",\"turn\":{\"turn\":1,\"heard\":\"hi\"}}'; \
                      echo no json; echo '{\"call\":\"a\",\"summary\":{\"call_id\":\"a\"}}'; exec sleep 60";
        let server = Server::spawn(shell(script)).await.unwrap();
        assert_eq!(server.summary_of("a").await.unwrap().call_id, "a");
        assert_eq!(server.reports()[0].turn.as_ref().unwrap().heard, "hi");
        server.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_fails_tells_why() {
        let failed = Server::spawn(shell("echo 'server.port: 99999 is too large' >&2; exit 64")).await;
        let Err(StartError::Exited { status, log }) = failed else { panic!("it started") };
        assert_eq!(status.code(), Some(64));
        assert_eq!(log, "server.port: 99999 is too large");
    }
}
