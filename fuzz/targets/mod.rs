//! The properties of every decoder of foreign bytes, whatever the bytes are: one function per decoder, which
//! panics if a property does not hold. The fuzzer and the tests share these functions. Must not know where
//! bytes come from.

mod captures;
pub mod codecs;
pub mod files;
mod formats;
mod openai;

use offhook::streams::asterisk::Asterisk;
use offhook::streams::detect::Detect;
use offhook::streams::jambonz::Jambonz;
use offhook::streams::native::Native;
use offhook::streams::plivo::Plivo;
use offhook::streams::realtime::Realtime;
use offhook::streams::telnyx::{ByteOrder, Telnyx};
use offhook::streams::twilio::Twilio;
use offhook::streams::vonage::Vonage;

pub use captures::capture;
pub use files::{config, gguf, manifest, piper, reply, speakable, trace, voice, wav, whisper};
pub use formats::formats;
pub use openai::openai;

/// A decoder.
pub struct Target {
    /// Its name in the fuzzer.
    pub name: &'static str,
    /// Panics if a property does not hold.
    pub run: fn(&[u8]),
    /// True if its input is messages of a socket, in the form of `codecs::unpack`.
    pub messages: bool,
    /// The time of one case, as a multiple of that of a message.
    pub effort: usize,
}

/// All decoders.
pub const ALL: [Target; 22] = [
    Target { name: "twilio", run: twilio, messages: true, effort: 1 },
    Target { name: "telnyx", run: telnyx, messages: true, effort: 1 },
    Target { name: "plivo", run: plivo, messages: true, effort: 1 },
    Target { name: "vonage", run: vonage, messages: true, effort: 1 },
    Target { name: "jambonz", run: jambonz, messages: true, effort: 1 },
    Target { name: "asterisk", run: asterisk, messages: true, effort: 1 },
    Target { name: "native", run: native, messages: true, effort: 1 },
    Target { name: "realtime", run: realtime, messages: true, effort: 2 },
    Target { name: "detect", run: detect, messages: true, effort: 1 },
    Target { name: "wav", run: wav, messages: false, effort: 4 },
    Target { name: "gguf", run: gguf, messages: false, effort: 10 },
    // The threads of the matrix products wait for each other in a busy loop, beside other tests.
    Target { name: "reply", run: reply, messages: false, effort: 200 },
    Target { name: "whisper", run: whisper, messages: false, effort: 1 },
    Target { name: "config", run: config, messages: false, effort: 4 },
    Target { name: "trace", run: trace, messages: false, effort: 2 },
    Target { name: "capture", run: capture, messages: false, effort: 10 },
    Target { name: "voice", run: voice, messages: false, effort: 500 },
    Target { name: "piper", run: piper, messages: false, effort: 2 },
    Target { name: "speakable", run: speakable, messages: false, effort: 20 },
    Target { name: "manifest", run: manifest, messages: false, effort: 4 },
    Target { name: "formats", run: formats, messages: false, effort: 50 },
    Target { name: "openai", run: openai, messages: false, effort: 4 },
];

/// Twilio Media Streams.
pub fn twilio(data: &[u8]) {
    codecs::hold(&mut Twilio::new(), data);
}

/// Telnyx media streaming, in both byte orders.
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

/// The voice sessions of OpenAI's Realtime API.
pub fn realtime(data: &[u8]) {
    codecs::hold(&mut Realtime::with_parameters("id=s1&model=main"), data);
}

/// Any provider, detected by its first message.
pub fn detect(data: &[u8]) {
    codecs::hold(&mut Detect::any(), data);
}
