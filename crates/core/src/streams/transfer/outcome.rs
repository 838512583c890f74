//! What a provider reports of the second call of a transfer. Must not know what follows from it.

use serde_json::Value;

use super::super::dialect::Dialect;

/// What became of the second call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on, or nothing was reported that matters.
    Open,
    /// Somebody answered, and has hung up.
    Over,
    /// Nobody was reached, for this reason in one word.
    Unreached(&'static str),
}

/// The words of all providers for a party that was not reached, each with ours.
const UNREACHED: [(&str, &str); 9] = [
    ("busy", "busy"),
    ("no-answer", "no-answer"),
    ("timeout", "no-answer"),
    ("unanswered", "no-answer"),
    ("rejected", "rejected"),
    ("failed", "failed"),
    ("canceled", "failed"),
    ("cancelled", "failed"),
    ("cancel", "failed"),
];

impl Outcome {
    /// Reads a report: the pairs of a form (`k=v&k=v`) where the provider reads XML, an object in JSON
    /// where it does not. Whoever sends it may send anything.
    #[must_use]
    pub fn read(dialect: Dialect, report: &str) -> Self {
        let of = |name: &str| {
            let mut pairs = report.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let field = |name: &str| {
            let object: Option<Value> = serde_json::from_str(report).ok();
            object.and_then(|object| object.get(name)?.as_str().map(str::to_owned))
        };
        match dialect {
            // Somebody answered, and hung up before the two were connected, as during the briefing.
            Dialect::Twilio if of("DialBridged").as_deref() == Some("false") => {
                match Self::at_the_end(of("DialCallStatus").as_deref()) {
                    Self::Over => Self::Unreached("rejected"),
                    other @ (Self::Open | Self::Unreached(_)) => other,
                }
            }
            Dialect::Twilio => Self::at_the_end(of("DialCallStatus").as_deref()),
            Dialect::Plivo => Self::at_the_end(of("DialStatus").as_deref()),
            Dialect::Jambonz => match field("dial_call_status").as_deref() {
                // The last word that jambonz had when it gave up a telephone that rang.
                Some("trying" | "ringing" | "early-media") => Self::Unreached("no-answer"),
                other => Self::at_the_end(other),
            },
            // Events of the whole call come to the same address: only the failures are asked about.
            Dialect::Vonage => {
                unreached(&field("status").unwrap_or_default()).map_or(Self::Open, Self::Unreached)
            }
            Dialect::Native | Dialect::Telnyx | Dialect::Asterisk | Dialect::Realtime => Self::Open,
        }
    }

    /// A report that comes once, at the end. One that is not understood counts as a failure: the agent asks
    /// a caller who is not lost whether there is anything else.
    fn at_the_end(status: Option<&str>) -> Self {
        match status {
            Some("completed" | "answered") => Self::Over,
            Some(status) => Self::Unreached(unreached(status).unwrap_or("failed")),
            None => Self::Unreached("failed"),
        }
    }
}

fn unreached(status: &str) -> Option<&'static str> {
    UNREACHED.iter().find(|(theirs, _)| *theirs == status).map(|(_, ours)| *ours)
}
