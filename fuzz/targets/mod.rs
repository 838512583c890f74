//! What holds for every decoder of foreign bytes, whatever the bytes are: one function a decoder, which
//! panics if it does not hold. The fuzzer and the tests call the same. Must not know where bytes come from.

pub mod codecs;
pub mod files;

use offhook::streams::asterisk::Asterisk;
use offhook::streams::detect::Detect;
use offhook::streams::jambonz::Jambonz;
use offhook::streams::native::Native;
use offhook::streams::plivo::Plivo;
use offhook::streams::telnyx::{ByteOrder, Telnyx};
use offhook::streams::twilio::Twilio;
use offhook::streams::vonage::Vonage;

pub use files::{config, gguf, reply, trace, voice, wav, whisper};

/// A decoder.
pub struct Target {
    /// As the fuzzer calls it.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
    /// Its input is messages of a socket, as `codecs::unpack` has them.
    pub messages: bool,
    /// One case takes about so many times longer than a message.
    pub effort: usize,
}

/// All of them.
pub const ALL: [Target; 15] = [
    Target { name: "twilio", run: twilio, messages: true, effort: 1 },
    Target { name: "telnyx", run: telnyx, messages: true, effort: 1 },
    Target { name: "plivo", run: plivo, messages: true, effort: 1 },
    Target { name: "vonage", run: vonage, messages: true, effort: 1 },
    Target { name: "jambonz", run: jambonz, messages: true, effort: 1 },
    Target { name: "asterisk", run: asterisk, messages: true, effort: 1 },
    Target { name: "native", run: native, messages: true, effort: 1 },
    Target { name: "detect", run: detect, messages: true, effort: 1 },
    Target { name: "wav", run: wav, messages: false, effort: 4 },
    Target { name: "gguf", run: gguf, messages: false, effort: 10 },
    // The threads of the matrix products wait for each other in a busy loop, and here beside other tests.
    Target { name: "reply", run: reply, messages: false, effort: 200 },
    Target { name: "whisper", run: whisper, messages: false, effort: 1 },
    Target { name: "config", run: config, messages: false, effort: 4 },
    Target { name: "trace", run: trace, messages: false, effort: 2 },
    Target { name: "voice", run: voice, messages: false, effort: 500 },
];

/// Twilio Media Streams.
pub fn twilio(data: &[u8]) {
    codecs::hold(&mut Twilio::new(), data);
}

/// Telnyx media streaming, in both orders of bytes.
pub fn telnyx(data: &[u8]) {
    codecs::hold(&mut Telnyx::new(), data);
    codecs::hold(&mut Telnyx::with_byte_order(ByteOrder::Big), data);
}

/// Plivo audio streaming.
pub fn plivo(data: &[u8]) {
    codecs::hold(&mut Plivo::new(), data);
}

/// Vonage WebSocket endpoints.
pub fn vonage(data: &[u8]) {
    codecs::hold(&mut Vonage::new(), data);
}

/// jambonz `listen`.
pub fn jambonz(data: &[u8]) {
    codecs::hold(&mut Jambonz::new(), data);
}

/// Asterisk `chan_websocket`.
pub fn asterisk(data: &[u8]) {
    codecs::hold(&mut Asterisk::new(), data);
}

/// Our own protocol.
pub fn native(data: &[u8]) {
    codecs::hold(&mut Native::new(), data);
}

/// Whoever it is.
pub fn detect(data: &[u8]) {
    codecs::hold(&mut Detect::any(), data);
}
