//! The real program as a child process, with a configuration of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use offhook::config::DEFAULT_CONFIG;
use tempfile::TempDir;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn offhook() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.current_dir(root()).env_remove("RUST_LOG");
    command
}

/// The shipped configuration with some texts replaced, in a folder of its own.
pub struct Configuration {
    _folder: TempDir,
    pub path: PathBuf,
}

/// Each replacement must be found, or the test tests nothing.
pub fn configuration(replacements: &[(&str, &str)]) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let mut text = DEFAULT_CONFIG.replace("models/demo/", &format!("{}/models/demo/", root().display()));
    for (old, new) in replacements {
        assert!(text.contains(old), "config.toml does not say {old}");
        text = text.replace(old, new);
    }
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Configuration { _folder: folder, path }
}

/// Runs the program to its end with `input` on its standard input.
pub fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = offhook()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends without reading closes the pipe: that is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server that is ready; killed when dropped.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn start(configuration: &Configuration) -> Self {
        let mut child = offhook()
            .args(["serve", "--port", "0", "--config"])
            .arg(&configuration.path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it said {line:?}"));
        Self { address: address.to_owned(), child }
    }

    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// The status line of a GET.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// True if it ends by itself, with success.
    pub fn ends_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
