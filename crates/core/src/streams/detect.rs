//! Detects the dialect of a socket from the first message that shows it, for one address that takes all
//! dialects. PURE; must not know the later messages of the dialects.

use serde::{Deserialize, Serialize};

use super::asterisk::{self, Asterisk};
use super::dialect::Dialect;
use super::fields::{self, Fields};
use super::jambonz::{self, Jambonz};
use super::native::Native;
use super::plivo::Plivo;
use super::realtime::Realtime;
use super::telnyx::{ByteOrder, Telnyx};
use super::twilio::Twilio;
use super::vonage::{self, Vonage};
use super::{Gateway, Inbound, Media, Refusal, RefusalCode, Wire, WireOut};
use crate::report::Report;

/// The sub-protocols that upgrades may ask for.
pub const SUBPROTOCOLS: [&str; 2] = [asterisk::SUBPROTOCOL, jambonz::SUBPROTOCOL];

impl Dialect {
    /// The dialect of a first message; `None` for the greeting that Twilio and Telnyx share.
    ///
    /// # Errors
    /// If no known dialect begins like this.
    pub fn of(wire: Wire<'_>) -> Result<Option<Self>, Refusal> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(_) => {
                let reason = "audio before a message that says who calls";
                return Err(Refusal::new(RefusalCode::OutOfOrder, reason));
            }
        };
        if text.trim_start().starts_with(asterisk::MEDIA_START) {
            return Ok(Some(Self::Asterisk));
        }
        let map = fields::parse(text)?;
        let message = Fields::top(&map);
        let found = match (message.optional_id("event")?, message.optional_id("type")?) {
            (Some("connected"), _) => return Ok(None),
            (Some(asterisk::MEDIA_START), _) => Some(Self::Asterisk),
            (Some(vonage::CONNECTED), _) => Some(Self::Vonage),
            (Some("start"), _) => Self::of_start(&message)?,
            (None, Some("session.start")) => Some(Self::Native),
            (None, None) if has(&message, &["callSid", "sampleRate"]) => Some(Self::Jambonz),
            (Some(_) | None, _) => None,
        };
        found.map(Some).ok_or_else(|| {
            Refusal::new(RefusalCode::Malformed, "the first message is of no dialect that this server speaks")
        })
    }

    /// Several providers call their first message "start"; the names of its fields tell them apart.
    fn of_start(message: &Fields<'_>) -> Result<Option<Self>, Refusal> {
        let start = message.object("start", "start")?;
        let named = has(message, &["streamSid"]) || has(&start, &["streamSid"]);
        Ok(if named && has(&start, &["callSid"]) {
            Some(Self::Twilio)
        } else if has(message, &["stream_id"]) && has(&start, &["call_control_id"]) {
            Some(Self::Telnyx)
        } else if has(&start, &["streamId", "callId"]) {
            Some(Self::Plivo)
        } else {
            None
        })
    }

    /// A codec for this dialect.
    #[must_use]
    pub fn codec(self, context: &Context) -> Box<dyn Gateway> {
        match self {
            Self::Native => Box::new(Native::new()),
            Self::Twilio => Box::new(Twilio::new()),
            Self::Telnyx => Box::new(Telnyx::with_byte_order(context.telnyx_l16)),
            Self::Plivo => Box::new(Plivo::new()),
            Self::Vonage => Box::new(Vonage::new()),
            Self::Jambonz => Box::new(Jambonz::new()),
            Self::Asterisk => Box::new(Asterisk::with_parameters(&context.query)),
            Self::Realtime => Box::new(Realtime::with_parameters(&context.query)),
        }
    }
}

fn has(fields: &Fields<'_>, names: &[&str]) -> bool {
    names.iter().all(|name| fields.get(name).is_some())
}

/// The parameters of a codec that are in no message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Context {
    /// The query of the socket's address, without its question mark.
    pub query: String,
    /// The byte order of Telnyx's L16 audio.
    pub telnyx_l16: ByteOrder,
}

/// A codec that detects the socket's dialect, and then speaks it.
pub struct Detect {
    codec: Option<Box<dyn Gateway>>,
    allowed: Vec<Dialect>,
    context: Context,
}

impl Detect {
    /// A codec for a socket that has just opened, and may speak one of `allowed`.
    #[must_use]
    pub const fn new(allowed: Vec<Dialect>, context: Context) -> Self {
        Self { codec: None, allowed, context }
    }

    /// A codec for a socket that may speak any dialect.
    #[must_use]
    pub fn any() -> Self {
        Self::new(Dialect::LINES.to_vec(), Context::default())
    }
}

impl Gateway for Detect {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        if let Some(codec) = &mut self.codec {
            return codec.decode(wire);
        }
        match Dialect::of(wire)? {
            Some(dialect) if self.allowed.contains(&dialect) => {
                self.codec.insert(dialect.codec(&self.context)).decode(wire)
            }
            Some(dialect) => {
                let reason = format!("this client may not speak the {} dialect", dialect.name());
                Err(Refusal::new(RefusalCode::NotAllowed, reason))
            }
            None => Ok(Vec::new()),
        }
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        self.codec.as_mut().map(|codec| codec.encode(media)).unwrap_or_default()
    }

    fn replies(&mut self) -> Vec<WireOut> {
        self.codec.as_mut().map(|codec| codec.replies()).unwrap_or_default()
    }

    fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        self.codec.as_mut().map(|codec| codec.report(report)).unwrap_or_default()
    }

    fn dialect(&self) -> Option<Dialect> {
        self.codec.as_ref().and_then(|codec| codec.dialect())
    }

    fn disordered(&self) -> u64 {
        self.codec.as_ref().map_or(0, |codec| codec.disordered())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::golden;

    #[test]
    fn every_golden_call_is_known_by_its_beginning() {
        for (file, dialect) in [
            ("native/binary.jsonl", Dialect::Native),
            ("twilio/call.jsonl", Dialect::Twilio),
            ("telnyx/call.jsonl", Dialect::Telnyx),
            ("plivo/call.jsonl", Dialect::Plivo),
            ("vonage/call.jsonl", Dialect::Vonage),
            ("jambonz/call.jsonl", Dialect::Jambonz),
            ("asterisk/json.jsonl", Dialect::Asterisk),
            ("asterisk/plain.jsonl", Dialect::Asterisk),
        ] {
            let mut detect = Detect::any();
            golden::play(file, &mut detect);
            assert_eq!(detect.dialect(), Some(dialect), "{file}");
            assert_eq!(dialect.codec(&Context::default()).dialect(), Some(dialect), "{file}");
            let told =
                golden::texts(file).into_iter().find_map(|text| Dialect::of(Wire::Text(&text)).unwrap());
            assert_eq!(told, Some(dialect), "{file}");
        }
    }

    #[test]
    fn who_may_speak_as_one_may_not_speak_as_another() {
        let mut detect = Detect::new(vec![Dialect::Native, Dialect::Vonage], Context::default());
        let start = golden::texts("telnyx/call.jsonl").into_iter().find(|t| t.contains("start")).unwrap();
        let refusal = detect.decode(Wire::Text(&start)).unwrap_err();
        assert_eq!(refusal.to_string(), "not_allowed: this client may not speak the telnyx dialect");
    }

    #[test]
    fn a_beginning_that_nobody_has_is_refused_by_name() {
        golden::refuse("detect/refused.jsonl", Detect::any);
    }

    #[test]
    fn nothing_is_said_before_it_is_known_in_which_dialect() {
        let mut detect = Detect::any();
        assert_eq!(detect.encode(&Media::Clear), []);
        assert_eq!((detect.dialect(), detect.disordered()), (None, 0));
    }
}
