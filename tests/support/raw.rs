//! A WebSocket client that sends the bytes of a test as they are, right or wrong, and reads frames.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The timeout of a test that hangs; longer than any step here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bits of a frame's first byte: the last frame of its message, and its opcode.
pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A frame as a client sends it, masked.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

pub fn text(payload: &str) -> Vec<u8> {
    frame(FIN | TEXT, payload.as_bytes())
}

/// A close frame with this code and reason.
pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A frame from a server: opcode and payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The code of a close frame, if it has one.
    pub fn code(&self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.payload.first_chunk()?))
    }
}

/// The end of a connection after the last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In order.
    Eof,
    /// Frames on their way may be lost.
    Reset,
}

/// The head of a request for a socket, without the empty line at its end.
pub fn head(path: &str, host: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
}

/// Sends a request. Returns the stream, and the head of the answer.
pub fn ask(address: SocketAddr, request: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "no answer to {request:?}");
        answer.push(byte[0]);
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// An open socket.
pub struct Peer {
    pub stream: TcpStream,
}

impl Peer {
    pub fn open(address: SocketAddr, path: &str) -> Self {
        let (stream, answer) = ask(address, &format!("{}\r\n", head(path, &address.to_string())));
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        assert!(answer.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"));
        Self { stream }
    }

    /// Sends bytes, and ignores errors: the server may have closed the connection meanwhile.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame, or the end of the connection.
    pub fn next(&mut self) -> Result<Frame, Ended> {
        let mut head = [0; 2];
        self.read(&mut head)?;
        assert_eq!(head[0] & 0x70, 0, "reserved bits");
        assert_ne!(head[0] & FIN, 0, "a fragment");
        assert_eq!(head[1] & 0x80, 0, "servers do not mask");
        let length = match head[1] {
            126 => {
                let mut long = [0; 2];
                self.read(&mut long)?;
                u64::from(u16::from_be_bytes(long))
            }
            127 => {
                let mut long = [0; 8];
                self.read(&mut long)?;
                u64::from_be_bytes(long)
            }
            short => short.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.read(&mut payload)?;
        Ok(Frame { opcode: head[0] & 0x0f, payload })
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), Ended> {
        self.stream.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Ended::Eof,
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Ended::Reset,
            other => panic!("the server neither answers nor closes: {other}"),
        })
    }

    /// Skips everything up to a frame of this kind.
    pub fn hear(&mut self, opcode: u8) -> Result<Frame, Ended> {
        loop {
            let frame = self.next()?;
            if frame.opcode == opcode {
                return Ok(frame);
            }
        }
    }

    /// Skips everything up to a text that holds this.
    pub fn hear_text(&mut self, part: &str) -> Result<Frame, Ended> {
        loop {
            let frame = self.hear(TEXT)?;
            if frame.text().contains(part) {
                return Ok(frame);
            }
        }
    }
}
