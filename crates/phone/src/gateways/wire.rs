//! Reading and writing that the simulated gateways share: samples as bytes, base64, JSON, names that differ
//! from call to call. Must not know any gateway.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use offhook_core::audio::g711::{mulaw_decode, mulaw_encode};

/// The encoding of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// G.711 mu-law, one byte per sample.
    Mulaw,
    /// 16 bits, the low byte first.
    Linear,
}

impl Codec {
    /// mu-law at the phone's rate, linear audio at the others.
    pub(crate) fn of_rate(rate: u32) -> Self {
        if rate == offhook_core::units::PHONE_RATE { Self::Mulaw } else { Self::Linear }
    }

    /// The number of bytes in 20 ms.
    pub(crate) fn frame(self, rate: u32) -> usize {
        let samples = rate as usize / 50;
        match self {
            Self::Mulaw => samples,
            Self::Linear => 2 * samples,
        }
    }

    pub(crate) fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Mulaw => samples.iter().map(|&s| mulaw_encode(s)).collect(),
            Self::Linear => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
        }
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Vec<i16>, String> {
        match self {
            Self::Mulaw => Ok(bytes.iter().map(|&b| mulaw_decode(b)).collect()),
            Self::Linear => match bytes.as_chunks::<2>() {
                (pairs, []) => Ok(pairs.iter().map(|&pair| i16::from_le_bytes(pair)).collect()),
                _ => Err("audio of an odd number of bytes, where a sample has two".to_owned()),
            },
        }
    }
}

/// Parses a JSON message.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("a message that is not JSON: {e}"))
}

/// A JSON message.
pub(crate) fn text(value: &Value) -> Message {
    Message::text(value.to_string())
}

/// The bytes of base64 audio.
pub(crate) fn payload(media: &Value) -> Result<Vec<u8>, String> {
    let payload = media["payload"].as_str().ok_or("media without a payload")?;
    STANDARD.decode(payload).map_err(|e| format!("media that is not base64: {e}"))
}

/// Audio in base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The name of a mark.
pub(crate) fn name_of(mark: &Value) -> Result<String, String> {
    mark["name"].as_str().map(str::to_owned).ok_or_else(|| "a mark without a name".to_owned())
}

/// Describes a message that the gateway does not know.
pub(crate) fn unknown(what: &str, name: Option<&str>, gateway: &str) -> String {
    match name {
        Some(name) => format!("the {what} {name:?}, which {gateway} does not know"),
        None => format!("a message without {what}"),
    }
}

/// 32 hexadecimal digits that differ from call to call.
pub fn token() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}
