//! A collector as hostile as its script: each request is answered by a closure that gets its number, and all
//! are kept for the test to look at. Must not know what is tested.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// What was posted.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn message(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(&*self.body).unwrap()
    }
}

/// An answer; none at all closes the connection.
pub(crate) type Reply = Option<(&'static str, Vec<u8>)>;

/// An answer that takes everything, and comes a byte at a time.
pub(crate) const TRICKLE: &str = "200 Trickle";

/// An answer without a body.
pub(crate) fn status(head: &'static str) -> Reply {
    Some((head, Vec::new()))
}

/// A collector on this machine.
pub(crate) struct Collector {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Collector {
    /// One that takes everything.
    pub(crate) fn good() -> Self {
        Self::answering(|_| status("200 OK"))
    }

    /// One that answers the request of this number so, from 0 on.
    pub(crate) fn answering(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
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
                        kept.push(request);
                        kept.len() - 1
                    };
                    if let Some((head, body)) = answer(number) {
                        write(stream, head, &body);
                    }
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// All spans that were posted.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let messages = self.requests().into_iter().flat_map(|request| request.message().resource_spans);
        messages.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let line = next().filter(|line| !line.is_empty())?;
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = next()?.split_once(": ") {
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body })
}

fn write(mut stream: TcpStream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes());
    if head.contains(TRICKLE) {
        let drip = |byte: &u8| {
            std::thread::sleep(Duration::from_millis(5));
            stream.write_all(&[*byte]).is_ok()
        };
        let _ = body.iter().all(drip);
    } else {
        let _ = stream.write_all(body);
    }
}

/// The value of an attribute, as it would be shown.
pub(crate) fn shown(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.clone()?.value? {
        Value::StringValue(text) => text,
        Value::BoolValue(flag) => flag.to_string(),
        Value::IntValue(count) => count.to_string(),
        Value::DoubleValue(figure) => figure.to_string(),
        other @ (Value::ArrayValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_)
        | Value::StringValueStrindex(_)) => panic!("no attribute is {other:?}"),
    })
}
