//! An MCP server that is a process of ours: started with few variables of the environment, in a process group
//! of its own, and ended with it. What it writes to standard error is logged at DEBUG, up to a limit. Must
//! not know the protocol.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::secret::{Redactor, Secret};
use crate::text;

/// Variables that programs need to find their files, and that hold no secret.
const INHERITED: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
];

/// What of standard error is logged: lines, each of at most so many bytes.
const LOGGED_LINES: usize = 200;
const LONGEST_LINE: u64 = 2000;

/// How long a process may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A process, ended when this is dropped.
pub(crate) struct Child {
    process: Option<tokio::process::Child>,
    group: Option<Pid>,
    /// How it ended, once it has.
    status: String,
    last_words: Arc<Mutex<String>>,
}

impl Child {
    /// Starts a program.
    pub(crate) fn start(
        server: &str,
        command: &str,
        arguments: &[String],
        variables: &[(String, Secret)],
        redactor: &Redactor,
    ) -> Result<(Self, ChildStdout, ChildStdin), String> {
        let inherited = INHERITED.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)));
        let mut process = Command::new(command)
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(variables.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{}` cannot be started: {error}", text::shown(command, 100)))?;
        let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let last_words = Arc::<Mutex<String>>::default();
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(log(server.to_owned(), stderr, redactor.clone(), Arc::clone(&last_words)));
        }
        let pipes = process.stdout.take().zip(process.stdin.take());
        let child = Self { process: Some(process), group, status: String::new(), last_words };
        let (stdout, stdin) = pipes.ok_or("its standard input and output are not there")?;
        Ok((child, stdout, stdin))
    }

    /// Waits until the process has ended, ends what it has started, and says how it ended. May be dropped and
    /// called again.
    pub(crate) async fn ended(&mut self) -> String {
        if let Some(process) = &mut self.process {
            let status = process.wait().await;
            self.status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            self.process = None;
            self.signal(Signal::KILL);
        }
        // Its last words may still be on their way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        format!("it has ended ({}){}", self.status, self.last_words())
    }

    /// What it wrote to standard error last, as the end of a message.
    pub(crate) fn last_words(&self) -> String {
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.is_empty() { String::new() } else { format!("; its last words: {words}") }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Fails if all of the group have ended.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.signal(Signal::KILL);
            return;
        };
        self.signal(Signal::TERM);
        let group = self.group;
        runtime.spawn(async move {
            // Killed by the drop of `process`, if it does not listen.
            let _ = tokio::time::timeout(GRACE, process.wait()).await;
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
        });
    }
}

/// Reads standard error to its end, so that the process never waits for a reader.
async fn log(
    server: String,
    stderr: impl AsyncRead + Unpin,
    redactor: Redactor,
    last_words: Arc<Mutex<String>>,
) {
    let mut stderr = BufReader::new(stderr);
    let (mut bytes, mut lines) = (Vec::new(), 0_usize);
    loop {
        bytes.clear();
        match (&mut stderr).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = text::shown(&redactor.redact(String::from_utf8_lossy(&bytes).into_owned()), 300);
        if line.is_empty() {
            continue;
        }
        lines = lines.saturating_add(1);
        if lines <= LOGGED_LINES {
            tracing::debug!(server, "MCP server says: {line}");
        } else if lines == LOGGED_LINES + 1 {
            tracing::debug!(server, "MCP server says more; it is not logged until the server starts again");
        }
        *last_words.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }
}
