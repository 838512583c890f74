//! A file server as hostile as its script. Each connection is answered once, by a closure that sees the
//! request; all requests are kept for the test to look at. Must not know what is tested.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte of the range that was asked for.
    pub(crate) fn range(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// How an answer says where it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// Its true length.
    Length,
    /// Another length.
    Promised(usize),
    /// In chunks, with a last one.
    Chunks,
    /// In chunks without end: the body over and over.
    Endless,
    /// Not at all: the connection ends.
    Unsaid,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    end: End,
    cut: Option<usize>,
    pause: Option<Duration>,
    hold: Duration,
}

impl Reply {
    pub(crate) fn new(status: &'static str, body: &[u8]) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_vec(),
            end: End::Length,
            cut: None,
            pause: None,
            hold: Duration::ZERO,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn ending(self, end: End) -> Self {
        Self { end, ..self }
    }

    /// The connection ends after so many bytes of the body.
    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// A byte at a time, with pauses.
    pub(crate) fn dripping(self, pause: Duration) -> Self {
        Self { pause: Some(pause), ..self }
    }

    /// The connection stays for so long when all was sent.
    pub(crate) fn held(self, hold: Duration) -> Self {
        Self { hold, ..self }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::new("302 Found", b"moved").with("Location", to)
    }

    /// As a good server answers: with the rest that was asked for, if it is of this version.
    pub(crate) fn file(request: &Request, body: &[u8], etag: &str) -> Self {
        let is_current = request.header("if-range").is_none_or(|version| version == etag);
        let reply = match request.range().filter(|_| is_current) {
            Some(from) if from >= body.len() => Self::new("416 Range Not Satisfiable", b""),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
                Self::new("206 Partial Content", &body[from..]).with("Content-Range", &range)
            }
            None => Self::new("200 OK", body),
        };
        if etag.is_empty() { reply } else { reply.with("ETag", etag) }
    }

    fn send(&self, to: &mut TcpStream) -> std::io::Result<()> {
        self.write(to)?;
        std::thread::sleep(self.hold);
        Ok(())
    }

    fn write(&self, to: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        match self.end {
            End::Length => head += &format!("Content-Length: {}\r\n", self.body.len()),
            End::Promised(length) => head += &format!("Content-Length: {length}\r\n"),
            End::Chunks | End::Endless => head += "Transfer-Encoding: chunked\r\n",
            End::Unsaid => {}
        }
        to.write_all((head + "\r\n").as_bytes())?;
        let body = &self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())];
        match (self.end, self.pause) {
            (End::Chunks | End::Endless, _) => {
                loop {
                    to.write_all(format!("{:x}\r\n", body.len()).as_bytes())?;
                    to.write_all(body)?;
                    to.write_all(b"\r\n")?;
                    if matches!(self.end, End::Chunks) {
                        break;
                    }
                }
                if self.cut.is_none() { to.write_all(b"0\r\n\r\n") } else { Ok(()) }
            }
            (End::Length | End::Promised(_) | End::Unsaid, Some(pause)) => {
                for byte in body {
                    to.write_all(&[*byte])?;
                    std::thread::sleep(pause);
                }
                Ok(())
            }
            (End::Length | End::Promised(_) | End::Unsaid, None) => to.write_all(body),
        }
    }
}

/// A server on a port of its own. It ends with the value.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Starts one. The closure gets the number of the request, from 0, and the request.
    pub(crate) fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, is_over) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (kept, over, answer) = (requests.clone(), is_over.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(request) = read(&stream) else { return };
                    let number = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(request.clone());
                        kept.len() - 1
                    };
                    // Whoever asked may have gone.
                    let _ = answer(number, &request).send(&mut stream);
                });
            }
        });
        Self { port, requests, is_over }
    }

    /// A good server with one file.
    pub(crate) fn with_file(body: &[u8]) -> Self {
        let body = body.to_vec();
        Self::start(move |_, request| Reply::file(request, &body, "\"v1\""))
    }

    /// Its address, with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The ranges that were asked for so far.
    pub(crate) fn ranges(&self) -> Vec<Option<usize>> {
        self.requests().iter().map(Request::range).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Some(Request { path, headers })
}
