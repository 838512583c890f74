//! Identifiers inside a call. An answer carries the id of its request, so a stale answer is recognised and
//! dropped. Must not know anything else in this crate.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One phone call, as it appears on every log line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(String);

impl CallId {
    /// A call named `name`. Anything but ASCII letters, digits, `-` and `_` becomes `-`, and the name is cut
    /// at 64 bytes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        Self(name.chars().take(64).map(clean).collect())
    }

    /// A unique name, for connections that bring none: a UUID of version 7 (RFC 9562). It begins with the
    /// time, so traces sort in the order of their calls, and unlike a ULID it is a type of every database.
    /// The crate has no source of randomness, so the random bytes are passed in.
    #[must_use]
    pub fn unique(since_1970: Duration, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let millis = u64::try_from(since_1970.as_millis()).unwrap_or_default().to_be_bytes();
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The next number.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

numbered!(
    /// One stretch of the caller's speech.
    UtteranceId, "u"
);
numbered!(
    /// One exchange: the caller's words and the agent's answer. The greeting is turn 0.
    TurnId, "t"
);
numbered!(
    /// One prefill: a prompt that the model reads before the question is complete.
    ReadingId, "r"
);
numbered!(
    /// One speakable chunk of a reply.
    ChunkId, "c"
);
numbered!(
    /// A mark in the outgoing audio. The gateway sends it back when the audio before it was played.
    MarkId, "m"
);
numbered!(
    /// One call of a tool.
    ToolCallId, "call_"
);

/// A request to a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The answer of this turn.
    Turn(TurnId),
    /// A prefill only.
    Reading(ReadingId),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in RFC 9562, A.6.
    #[test]
    fn a_unique_name_is_a_uuid_of_version_7() {
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = CallId::unique(Duration::from_millis(1_645_557_742_000), random);
        assert_eq!(id.as_str(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!(CallId::new(id.as_str()), id);
    }

    #[test]
    fn a_call_id_holds_nothing_that_could_break_a_log_line() {
        assert_eq!(CallId::new("MZ1 2\n\"x\"").as_str(), "MZ1-2--x-");
        assert_eq!(CallId::new(&"a".repeat(500)).as_str().len(), 64);
    }
}
