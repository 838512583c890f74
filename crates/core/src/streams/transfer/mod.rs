//! The transfer of a running call to another party: to whom, and by which requests and documents each
//! provider does it. PURE; it must not know how requests are sent, and who serves the documents.

pub mod documents;
mod outcome;
mod request;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vector_tests;

use std::fmt;

use super::dialect::Dialect;

pub use outcome::Outcome;
pub use request::NoTransfer;

/// The digits of a number in E.164, without the plus. The shortest are those of small countries.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The most characters of a SIP address.
const LONGEST_SIP: usize = 128;

/// The party that a call is transferred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    party: Party,
    caller_id: Option<Number>,
}

/// A telephone or a SIP address. Both consist of characters that mean nothing in XML, JSON and URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Party {
    Number(Number),
    Sip(String),
}

/// A number in E.164.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number(String);

/// What is no destination of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoDestination {
    /// Neither a number nor a SIP address.
    #[error(
        "no telephone number: expected \"+\" and 7 to 15 digits (E.164, such as \"+15550142\"), or a SIP address such \
         as \"sip:desk@pbx.example.com\""
    )]
    Party,
    /// The number that the new party is to see.
    #[error("no caller id: expected \"+\" and 7 to 15 digits (E.164, such as \"+15550100\")")]
    CallerId,
}

impl Destination {
    /// Reads a number in E.164, or a SIP address: `sip:USER@HOST`, perhaps with a port.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, NoDestination> {
        let party = match text.strip_prefix("sip:") {
            Some(address) if is_sip(address) => Party::Sip(text.to_owned()),
            Some(_) => return Err(NoDestination::Party),
            None => Party::Number(Number::parse(text).ok_or(NoDestination::Party)?),
        };
        Ok(Self { party, caller_id: None })
    }

    /// The new party sees this number, which must be one that the provider lets the account show.
    ///
    /// # Errors
    /// If it is no number in E.164.
    pub fn showing(self, caller_id: &str) -> Result<Self, NoDestination> {
        let caller_id = Number::parse(caller_id).ok_or(NoDestination::CallerId)?;
        Ok(Self { caller_id: Some(caller_id), ..self })
    }
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let right = DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        right.then(|| Self(text.to_owned()))
    }

    /// The number without its plus.
    fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

/// Whether it is `USER@HOST` or `USER@HOST:PORT`. Parameters, headers and passwords are not taken: they
/// could change more than who is called.
fn is_sip(address: &str) -> bool {
    let Some((user, place)) = address.split_once('@') else { return false };
    let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
    let plain = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
    };
    let is_port = |port: &str| {
        port.len() <= 5
            && port.bytes().all(|b| b.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|p| p > 0)
    };
    address.len() <= LONGEST_SIP
        && plain(user, "-_.+~*")
        && plain(host, "-.")
        && !host.starts_with(['-', '.'])
        && !host.contains("..")
        && port.is_none_or(is_port)
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.party {
            Party::Number(Number(text)) | Party::Sip(text) => f.write_str(text),
        }
    }
}

/// The caller's side of a running call, as its gateway names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leg {
    /// The gateway's dialect, once it is known.
    pub dialect: Option<Dialect>,
    /// The provider's id of the call.
    pub call: Option<String>,
    /// The caller, if the gateway names it.
    pub from: Option<String>,
    /// The called party, if the gateway names it.
    pub to: Option<String>,
}

/// The documents of one transfer that this server gives to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// Their address, up to the name of each and without a slash at the end.
    pub base: String,
    /// The new party hears a briefing before it is connected.
    pub briefing: bool,
    /// The caller comes back to the agent if nobody answers.
    pub back: bool,
}

/// The most characters of a briefing: nobody listens to more with a caller waiting.
pub const LONGEST_BRIEFING: usize = 500;

/// The name of the briefing's audio.
pub const BRIEFING_AUDIO: &str = "briefing.wav";

/// The documents that a provider may fetch, without the ending of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Whom to call.
    Dial,
    /// What the new party hears first.
    Briefing,
    /// What follows when the new party did not answer, or has hung up.
    After,
}

impl Wanted {
    const ALL: [Self; 3] = [Self::Dial, Self::Briefing, Self::After];

    const fn stem(self) -> &'static str {
        match self {
            Self::Dial => "dial",
            Self::Briefing => "briefing",
            Self::After => "after",
        }
    }

    /// The document with this name; with it, whether its form is XML.
    #[must_use]
    pub fn named(name: &str) -> Option<(Self, bool)> {
        let (stem, ending) = name.split_once('.')?;
        let is_xml = match ending {
            "xml" => true,
            "json" => false,
            _ => return None,
        };
        Self::ALL.into_iter().find(|one| one.stem() == stem).map(|one| (one, is_xml))
    }
}

impl Hosted {
    /// The address of a document, in the form that `dialect` reads.
    fn address(&self, wanted: Wanted, dialect: Dialect) -> String {
        let ending = if reads_xml(dialect) { "xml" } else { "json" };
        format!("{}/{}.{ending}", self.base, wanted.stem())
    }

    /// The address of the briefing's audio.
    fn audio(&self) -> String {
        format!("{}/{BRIEFING_AUDIO}", self.base)
    }
}

/// Whether the provider's documents are XML; the others read JSON.
#[must_use]
pub const fn reads_xml(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Twilio | Dialect::Plivo => true,
        Dialect::Native
        | Dialect::Telnyx
        | Dialect::Vonage
        | Dialect::Jambonz
        | Dialect::Asterisk
        | Dialect::Realtime => false,
    }
}

/// Whether the provider learns whom to call from a document that it fetches.
#[must_use]
pub const fn fetches_its_orders(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Plivo | Dialect::Jambonz => true,
        Dialect::Native
        | Dialect::Twilio
        | Dialect::Telnyx
        | Dialect::Vonage
        | Dialect::Asterisk
        | Dialect::Realtime => false,
    }
}

/// Whether the provider asks what follows a call that nobody answered.
#[must_use]
pub const fn asks_what_follows(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Twilio | Dialect::Plivo | Dialect::Vonage | Dialect::Jambonz => true,
        Dialect::Native | Dialect::Telnyx | Dialect::Asterisk | Dialect::Realtime => false,
    }
}
