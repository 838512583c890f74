//! A server of HTTP that answers in every way that a client must survive, by the path that it is asked for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the stranger saw and did.
#[derive(Default)]
pub(crate) struct Seen {
    /// The requests, head and body.
    pub(crate) requests: Mutex<Vec<String>>,
    /// Bytes of endless answers that somebody took.
    pub(crate) taken: AtomicUsize,
    /// An endless answer was cut off by the client.
    pub(crate) was_cut_off: AtomicBool,
}

pub(crate) struct Stranger {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
}

impl Stranger {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Seen>::default());
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn last_request(&self) -> String {
        self.seen.requests.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.lock().unwrap().len()
    }
}

async fn request(socket: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = socket.read(&mut buffer).await.ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

fn whole(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn answer(mut socket: TcpStream, seen: Arc<Seen>) {
    let Some(request) = request(&mut socket).await else { return };
    seen.requests.lock().unwrap().push(request.clone());
    let path = request.split(['?', ' ']).nth(1).unwrap_or_default().to_owned();
    let authorization = request.lines().find(|line| line.starts_with("authorization")).unwrap_or_default();
    let bytes = match path.as_str() {
        "/json" => whole("200 OK", "application/json; charset=utf-8", b"{\n  \"b\": 1,\n  \"a\": \"x\"\n}\n"),
        "/problem" => whole("200 OK", "application/problem+json", b"{ }"),
        "/text" => whole("200 OK", "text/plain", b"two\r\nlines\x1b[2J"),
        "/unsaid" => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_vec(),
        "/latin1" => whole("200 OK", "text/plain; charset=ISO-8859-1", b"M\xfcller"),
        "/wrong-letters" => whole("200 OK", "text/plain", b"M\xfcller"),
        "/long" => whole("200 OK", "text/plain", "ä".repeat(10_000).as_bytes()),
        "/empty" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        "/html" => whole("200 OK", "text/html", b"<p>hello"),
        "/disguised-html" => whole("200 OK", "text/plain", b" <!DOCTYPE html><p>hello"),
        "/picture" => whole("200 OK", "image/png", b"\x89PNG"),
        "/disguised-binary" => whole("200 OK", "text/plain", b"a\0b"),
        "/packed" => {
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b".to_vec()
        }
        "/no-json" => whole("200 OK", "application/json", b"{\"a\": "),
        "/redirect" => b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\n\r\n".to_vec(),
        "/500" => {
            whole("500 Oh", "text/plain", format!("out of \x1b[31mpaper\r\n{}", "x".repeat(9000)).as_bytes())
        }
        "/404-html" => whole("404 Not Found", "text/html", b"<h1>nothing here"),
        "/401" => {
            whole("401 Who", "application/json", format!("{{\"wrong\": \"{authorization}\"}}").as_bytes())
        }
        "/repeats" => whole("200 OK", "text/plain", authorization.as_bytes()),
        "/broken-off" => {
            b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhal".to_vec()
        }
        "/no-http" => b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        "/closed" => return,
        "/hang" => return std::future::pending().await,
        "/slow" => return drip(socket).await,
        "/declared" => whole("200 OK", "text/plain", &vec![b'a'; 50 << 20]),
        "/endless" => return endless(socket, &seen).await,
        _ => whole("200 OK", "application/json", b"{\"done\":true}"),
    };
    let _ = socket.write_all(&bytes).await;
    let _ = socket.shutdown().await;
}

/// A letter now and then.
async fn drip(mut socket: TcpStream) {
    let _ = socket
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9999\r\n\r\n")
        .await;
    while socket.write_all(b"a").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// 50 MB, whose length is not told.
async fn endless(mut socket: TcpStream, seen: &Seen) {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    let _ = socket.write_all(head).await;
    let chunk = [b"10000\r\n".as_slice(), &[b'a'; 0x10000], b"\r\n"].concat();
    for _ in 0..800 {
        if socket.write_all(&chunk).await.is_err() {
            seen.was_cut_off.store(true, Ordering::SeqCst);
            return;
        }
        seen.taken.fetch_add(chunk.len(), Ordering::SeqCst);
    }
    let _ = socket.write_all(b"0\r\n\r\n").await;
}
