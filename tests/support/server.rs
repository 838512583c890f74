//! The real program as a child process, with the test's own configuration.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use offhook::config::DEFAULT_CONFIG;
use tempfile::{NamedTempFile, TempDir};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn offhook() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.current_dir(root()).env_remove("RUST_LOG");
    command
}

/// The shipped configuration with some texts replaced, in its own folder.
pub struct Configuration {
    _folder: TempDir,
    pub path: PathBuf,
}

/// Every text to replace must be found, or the test would test nothing.
pub fn configuration(replacements: &[(&str, &str)]) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let mut text = DEFAULT_CONFIG.replace("\"models/", &format!("\"{}/models/", root().display()));
    for (old, new) in replacements {
        assert!(text.contains(old), "config.toml does not say {old}");
        text = text.replace(old, new);
    }
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Configuration { _folder: folder, path }
}

/// The shipped configuration with some keys set, each to a value in TOML: `("server.port", "0")`. The files
/// lie beside the configuration, for `file:NAME`.
pub fn configured(keys: &[(&str, &str)], files: &[(&str, &str)]) -> Configuration {
    let shipped = configuration(&[]);
    let mut table: toml::Table = std::fs::read_to_string(&shipped.path).unwrap().parse().unwrap();
    for (key, value) in keys {
        let (section, name) = key.split_once('.').unwrap();
        let value: toml::Table = format!("value = {value}").parse().unwrap();
        let known = table[section].as_table_mut().unwrap().insert(name.to_owned(), value["value"].clone());
        assert!(known.is_some(), "config.toml does not say {key}");
    }
    for (name, text) in files {
        std::fs::write(shipped.path.with_file_name(name), text).unwrap();
    }
    std::fs::write(&shipped.path, table.to_string()).unwrap();
    shipped
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
    // A program that ends without reading closes the pipe, which is not a failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server that is ready; killed when dropped. An ERROR in its log fails the test, unless the test has
/// the log go elsewhere.
pub struct Server {
    child: Child,
    pub address: String,
    /// Its log; `None` if it goes elsewhere.
    log: Option<NamedTempFile>,
}

impl Server {
    pub fn start(configuration: &Configuration) -> Self {
        Self::watched(configuration, &[])
    }

    /// Starts a server whose log goes to `log`.
    pub fn logging_to(configuration: &Configuration, log: impl Into<Stdio>) -> Self {
        Self::started(configuration, &[], log)
    }

    /// Starts a server that accepts every client unchecked, whatever the configuration requires.
    pub fn open_to_all(configuration: &Configuration) -> Self {
        Self::watched(configuration, &["--open"])
    }

    fn watched(configuration: &Configuration, options: &[&str]) -> Self {
        let log = NamedTempFile::new().unwrap();
        let mut server = Self::started(configuration, options, log.reopen().unwrap());
        server.log = Some(log);
        server
    }

    fn started(configuration: &Configuration, options: &[&str], log: impl Into<Stdio>) -> Self {
        let mut child = offhook()
            .args(["serve", "--port", "0", "--config"])
            .arg(&configuration.path)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        // A message about a log that cannot be written may come before the address.
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = told.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        let address = address.expect("it says where it listens");
        Self { address, child, log: None }
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

    /// The status of a request for a socket with these headers; the socket is closed again.
    pub fn knock(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        let own = [("Host", self.address.as_str())];
        let own = own.iter().filter(|_| headers.iter().all(|(name, _)| *name != "Host"));
        let headers: String =
            own.chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
        .unwrap();
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).unwrap();
        status.split(' ').nth(1).unwrap_or_default().parse().unwrap()
    }

    pub fn hang_up_signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// True if the server ends by itself, with success.
    pub fn ends_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log.as_ref().map(|log| std::fs::read_to_string(log.path()).unwrap_or_default());
        let errors: Vec<&str> = log
            .iter()
            .flat_map(|log| log.lines())
            .filter(|line| line.contains(" ERROR ") || line.contains("\"ERROR\""))
            .collect();
        assert!(errors.is_empty() || std::thread::panicking(), "the server logged:\n{}", errors.join("\n"));
    }
}
