//! The documents of a transfer, in each provider's language: TwiML, Plivo's XML, NCCO, jambonz' verbs. Must
//! not know who fetches them, and when.
//!
//! Sources: Twilio's "TwiML Voice: Dial" and "Number", Plivo's "Dial" and "Stream", Vonage's NCCO reference,
//! jambonz' verbs `dial`, `play` and `listen`; the providers' own packages (vector_tests.rs).

use serde_json::{Value, json};

use super::super::AGENT_PARAMETER as AGENT;
use super::super::dialect::Dialect;
use super::{Destination, Hosted, Leg, Number, Outcome, Party, Wanted};

/// A document for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its media type.
    pub media_type: &'static str,
    /// Its text.
    pub text: String,
}

/// How a caller comes back to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The address of the socket, with a single-use token if its line asks for one.
    pub stream: String,
    /// The call.
    pub leg: Leg,
    /// The agent to whom the caller comes back, where there are several.
    pub agent: Option<String>,
}

/// The key of the custom data that tells the agent's server why a caller came back.
const WHY: &str = "transfer";

/// The most characters of a value that is carried back. Twilio takes 500 for a name with its value, Vonage
/// 512 bytes for all.
const LONGEST: usize = 64;

/// What Twilio does with the call. Nothing else is behind the `<Dial>`: without an `action`, the call ends
/// with it.
pub(super) fn twiml(to: &Destination, hosted: Option<&Hosted>) -> String {
    let dial = dial(to, hosted, Dialect::Twilio);
    let whisper = hosted.filter(|hosted| hosted.briefing).map_or_else(String::new, |hosted| {
        let url = xml(&hosted.address(Wanted::Briefing, Dialect::Twilio));
        format!(" url=\"{url}\" method=\"GET\"")
    });
    let party = match &to.party {
        Party::Number(Number(number)) => format!("<Number{whisper}>{}</Number>", xml(number)),
        Party::Sip(uri) => format!("<Sip{whisper}>{}</Sip>", xml(uri)),
    };
    format!("<Response>{dial}{party}</Dial></Response>")
}

fn plivo(to: &Destination, hosted: &Hosted) -> String {
    let dial = dial(to, Some(hosted), Dialect::Plivo);
    let party = match &to.party {
        Party::Number(number) => format!("<Number>{}</Number>", xml(number.digits())),
        Party::Sip(uri) => format!("<User>{}</User>", xml(uri)),
    };
    format!("<Response>{dial}{party}</Dial></Response>")
}

/// The opening tag of a `<Dial>`, which Twilio and Plivo share.
fn dial(to: &Destination, hosted: Option<&Hosted>, dialect: Dialect) -> String {
    let is_plivo = dialect == Dialect::Plivo;
    let shown =
        to.caller_id.as_ref().map(|number| if is_plivo { number.digits() } else { number.0.as_str() });
    let sound = hosted.filter(|hosted| hosted.briefing && is_plivo);
    let sound = sound.map(|hosted| hosted.address(Wanted::Briefing, dialect));
    let action = hosted.filter(|hosted| hosted.back).map(|hosted| hosted.address(Wanted::After, dialect));
    let attributes = [
        ("callerId", shown),
        ("confirmSound", sound.as_deref()),
        ("action", action.as_deref()),
        ("method", action.as_ref().map(|_| "POST")),
    ];
    let written =
        attributes.into_iter().filter_map(|(name, value)| Some(format!(" {name}=\"{}\"", xml(value?))));
    format!("<Dial{}>", written.collect::<String>())
}

fn jambonz(to: &Destination, hosted: &Hosted) -> Value {
    let target = match &to.party {
        Party::Number(Number(number)) => json!({"type": "phone", "number": number}),
        Party::Sip(uri) => json!({"type": "sip", "sipUri": uri}),
    };
    let mut dial = json!({"verb": "dial", "target": [target]});
    if let Some(Number(number)) = &to.caller_id {
        dial["callerId"] = json!(number);
    }
    if hosted.briefing {
        dial["confirmHook"] = json!(hosted.address(Wanted::Briefing, Dialect::Jambonz));
    }
    if hosted.back {
        dial["actionHook"] = json!(hosted.address(Wanted::After, Dialect::Jambonz));
    }
    json!([dial])
}

/// The document that says whom to call; `None` for providers that are told with the request.
#[must_use]
pub fn orders(dialect: Dialect, to: &Destination, hosted: &Hosted) -> Option<Document> {
    match dialect {
        Dialect::Plivo => Some(in_xml(plivo(to, hosted))),
        Dialect::Jambonz => Some(in_json(&jambonz(to, hosted))),
        Dialect::Native
        | Dialect::Twilio
        | Dialect::Telnyx
        | Dialect::Vonage
        | Dialect::Asterisk
        | Dialect::Realtime => None,
    }
}

/// The document that plays the briefing to the new party; `None` for providers that have no such document.
#[must_use]
pub fn briefing(dialect: Dialect, hosted: &Hosted) -> Option<Document> {
    let audio = hosted.audio();
    match dialect {
        Dialect::Twilio | Dialect::Plivo => {
            Some(in_xml(format!("<Response><Play>{}</Play></Response>", xml(&audio))))
        }
        Dialect::Vonage => Some(in_json(&json!([{"action": "stream", "streamUrl": [audio]}]))),
        Dialect::Jambonz => Some(in_json(&json!([{"verb": "play", "url": audio}]))),
        Dialect::Native | Dialect::Telnyx | Dialect::Asterisk | Dialect::Realtime => None,
    }
}

/// What the provider does after the second call: the caller comes back if nobody was reached, and is hung up
/// otherwise. `None` where an answer without a document says that nothing changes.
#[must_use]
pub fn after(dialect: Dialect, outcome: Outcome, way_back: &WayBack) -> Option<Document> {
    let Outcome::Unreached(why) = outcome else { return over(super::reads_xml(dialect)) };
    let WayBack { stream, leg, agent } = way_back;
    let who = [("from", leg.from.as_deref()), ("to", leg.to.as_deref()), (AGENT, agent.as_deref())];
    let known = who.into_iter().chain([(WHY, Some(why))]);
    let known = known.filter_map(|(key, value)| Some((key, short(value?))));
    match dialect {
        Dialect::Twilio => {
            let parameter = |(key, value): (&str, String)| {
                format!("<Parameter name=\"{key}\" value=\"{}\"/>", xml(&value))
            };
            let parameters: String = known.map(parameter).collect();
            let stream = format!("<Stream url=\"{}\">{parameters}</Stream>", xml(stream));
            Some(in_xml(format!("<Response><Connect>{stream}</Connect></Response>")))
        }
        Dialect::Plivo => {
            // Plivo takes letters and digits only.
            let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let headers: Vec<String> = known.map(|(key, value)| format!("{key}={}", plain(&value))).collect();
            Some(in_xml(format!(
                "<Response><Stream bidirectional=\"true\" keepCallAlive=\"true\" \
                 contentType=\"audio/x-mulaw;rate=8000\" extraHeaders=\"{}\">{}</Stream></Response>",
                headers.join(","),
                xml(stream)
            )))
        }
        Dialect::Vonage => {
            let mut headers: serde_json::Map<String, Value> =
                known.map(|(key, value)| (key.to_owned(), json!(value))).collect();
            headers.extend(leg.call.iter().map(|call| ("call_id".to_owned(), json!(call))));
            let endpoint = json!({
                "type": "websocket",
                "uri": stream,
                "content-type": "audio/l16;rate=8000",
                "authorization": {"type": "vonage"},
                "headers": headers,
            });
            // A connection without any number is refused by Vonage's own package.
            Some(in_json(&json!([{"action": "connect", "endpoint": [endpoint], "randomFromNumber": true}])))
        }
        Dialect::Jambonz => {
            let metadata: serde_json::Map<String, Value> =
                known.map(|(key, value)| (key.to_owned(), json!(value))).collect();
            Some(in_json(&json!([{
                "verb": "listen",
                "url": stream,
                "mixType": "mono",
                "sampleRate": 8000,
                "passDtmf": true,
                "bidirectionalAudio": {"enabled": true, "streaming": true, "sampleRate": 8000},
                "metadata": metadata,
            }])))
        }
        Dialect::Native | Dialect::Telnyx | Dialect::Asterisk | Dialect::Realtime => None,
    }
}

/// What a provider does whose transfer is over, or is not known any more: it hangs up. Who reads JSON does so
/// without a document.
#[must_use]
pub fn over(reads_xml: bool) -> Option<Document> {
    reads_xml.then(|| in_xml("<Response><Hangup/></Response>".to_owned()))
}

fn in_xml(root: String) -> Document {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{root}");
    Document { media_type: "application/xml", text }
}

fn in_json(value: &Value) -> Document {
    Document { media_type: "application/json", text: value.to_string() }
}

/// A text that may stand between tags and in quotes.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// What a gateway said of a party, as far as it may stand in a document. XML has no control characters.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '\u{fffe}' && *c != '\u{ffff}').take(LONGEST).collect()
}
