//! An end point as hostile as its script: each request is answered by a closure that gets its number, and all
//! are kept for the test to look at. Must not know what is tested.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was posted.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> String {
        self.headers["webhook-id"].clone()
    }
}

/// An answer: a status line and more headers; none at all closes the connection.
pub(crate) type Reply = Option<&'static str>;

/// An answer whose body has no end.
pub(crate) const ENDLESS: &str = "200 Endless";

/// An answer that never comes.
pub(crate) const NEVER: &str = "never";

/// An end point on this machine.
#[derive(Clone)]
pub(crate) struct EndPoint {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl EndPoint {
    /// One that takes everything.
    pub(crate) fn good() -> Self {
        Self::answering(|_, _| Some("200 OK"))
    }

    /// One that answers the request of this number so, from 0 on.
    pub(crate) fn answering(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    let number = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(request.clone());
                        kept.len() - 1
                    };
                    if let Some(head) = answer(number, &request) {
                        write(stream, head);
                    }
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    next().filter(|line| line.starts_with("POST /hooks "))?;
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = next()?.split_once(": ") {
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { headers, body: String::from_utf8(body).ok()? })
}

fn write(mut stream: TcpStream, head: &str) {
    if head == NEVER {
        // Until the other side gives up.
        let _ = stream.read(&mut [0]);
        return;
    }
    let length = if head == ENDLESS { u64::MAX / 2 } else { 0 };
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    while length > 0 && stream.write_all(&[b'x'; 4096]).is_ok() {}
}
