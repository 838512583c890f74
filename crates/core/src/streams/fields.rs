//! Reads the fields of a JSON message. A refusal names the field that is wrong. Tolerates fields that nobody
//! asks for, and numbers written as strings, as several providers write them. Must not know any provider.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::{Map, Value};

use super::{AudioFormat, Encoding, MAX_NAME_BYTES, Refusal, RefusalCode, Wire};

/// The most characters of a customer's name for a field that a refusal shows.
const SHOWN_CHARS: usize = 64;

/// Base64 that may lack padding: some clients leave it out.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One JSON object of a message, with the path that leads to it.
pub(super) struct Fields<'a> {
    path: &'a str,
    map: &'a Map<String, Value>,
}

/// A provider's name for an encoding, the encoding, and the sample rates that this server speaks.
pub(super) type Spoken = (&'static str, Encoding, &'static [u32]);

/// The text of a message, in a protocol that has only text messages.
pub(super) fn only_text(wire: Wire<'_>) -> Result<&str, Refusal> {
    match wire {
        Wire::Text(text) => Ok(text),
        Wire::Binary(_) => {
            let reason = "a binary message; this protocol has only text";
            Err(Refusal::new(RefusalCode::UnsupportedFormat, reason))
        }
    }
}

/// The JSON object that a message must be.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::new(RefusalCode::Malformed, "the message is not a JSON object")),
        // serde_json's text has the position and the kind of the mistake, never the content.
        Err(e) => Err(Refusal::new(RefusalCode::Malformed, format!("the message is not JSON: {e}"))),
    }
}

impl<'a> Fields<'a> {
    /// The fields of the whole message.
    pub(super) fn top(map: &'a Map<String, Value>) -> Self {
        Self { path: "", map }
    }

    /// The fields of an object in a list. `path` is the list's full name.
    pub(super) fn at(path: &'a str, map: &'a Map<String, Value>) -> Self {
        Self { path, map }
    }

    /// The full name of a field, for a refusal.
    pub(super) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    fn missing(&self, field: &str) -> Refusal {
        Refusal::malformed(&self.name(field), "is missing")
    }

    /// A field that may be absent; `null` counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    /// True if the field is there and `null`, where that is not the same as absent.
    pub(super) fn is_null(&self, field: &str) -> bool {
        self.map.get(field).is_some_and(Value::is_null)
    }

    /// True if the field is there and `false`.
    pub(super) fn is_false(&self, field: &str) -> bool {
        self.map.get(field).is_some_and(|value| *value == Value::Bool(false))
    }

    /// An object inside this one. `path` is its full name.
    pub(super) fn object(&self, field: &str, path: &'a str) -> Result<Fields<'a>, Refusal> {
        self.optional_object(field, path)?.ok_or_else(|| self.missing(field))
    }

    /// An object inside this one that may be absent.
    pub(super) fn optional_object(&self, field: &str, path: &'a str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields { path, map })),
            Some(_) => Err(Refusal::malformed(path, "is not an object")),
        }
    }

    /// A text that may be absent.
    pub(super) fn optional_text(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::malformed(&self.name(field), "is not a string")),
        }
    }

    /// A text that must be there.
    pub(super) fn text(&self, field: &str) -> Result<&'a str, Refusal> {
        self.optional_text(field)?.ok_or_else(|| self.missing(field))
    }

    /// A short text that may be absent, but not empty or longer than a name.
    pub(super) fn optional_id(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = self.optional_text(field)? else { return Ok(None) };
        if text.is_empty() {
            return Err(Refusal::malformed(&self.name(field), "is empty"));
        }
        if text.len() > MAX_NAME_BYTES {
            let reason =
                format!("{}: {} bytes, a name has at most {MAX_NAME_BYTES}", self.name(field), text.len());
            return Err(Refusal::new(RefusalCode::TooLarge, reason));
        }
        Ok(Some(text))
    }

    /// A text or a number that the call can do without, such as the caller's number. It is cut to the length
    /// of a name; any other value is `None`.
    pub(super) fn remark(&self, field: &str) -> Option<String> {
        let text = self.get(field).and_then(scalar).filter(|text| !text.is_empty())?;
        let mut bytes = 0;
        let fits = |c: &char| {
            bytes += c.len_utf8();
            bytes <= MAX_NAME_BYTES
        };
        Some(text.chars().take_while(fits).collect())
    }

    /// A short text that must be there.
    pub(super) fn id(&self, field: &str) -> Result<&'a str, Refusal> {
        self.optional_id(field)?.ok_or_else(|| self.missing(field))
    }

    /// Refuses a message of another stream than `id`. A message without a stream id is accepted, because a
    /// socket carries only one stream.
    pub(super) fn belongs_to(&self, field: &str, id: &str) -> Result<(), Refusal> {
        match self.optional_id(field)? {
            Some(other) if other != id => {
                let reason = format!("{}: another stream than the one that was started", self.name(field));
                Err(Refusal::new(RefusalCode::WrongStream, reason))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A whole number of zero or more, as a number or as a string of digits; it may be absent.
    pub(super) fn optional_number(&self, field: &str) -> Result<Option<u64>, Refusal> {
        let number = match self.get(field) {
            None => return Ok(None),
            Some(Value::Number(n)) => n.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| Refusal::malformed(&self.name(field), "is not a whole number"))
    }

    /// A whole number that must be there.
    pub(super) fn number(&self, field: &str) -> Result<u64, Refusal> {
        self.optional_number(field)?.ok_or_else(|| self.missing(field))
    }

    /// A key of a telephone.
    pub(super) fn digit(&self, field: &str) -> Result<char, Refusal> {
        let mut chars = self.text(field)?.chars();
        match (chars.next().map(|c| c.to_ascii_uppercase()), chars.next()) {
            (Some(c @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(c),
            _ => Err(Refusal::malformed(&self.name(field), "is not one of 0-9, *, #, A-D")),
        }
    }

    /// Audio in base64, with or without line breaks and padding.
    pub(super) fn audio(&self, field: &str, format: AudioFormat) -> Result<Vec<i16>, Refusal> {
        let mut text = Cow::Borrowed(self.text(field)?);
        if text.contains(|c: char| c.is_ascii_whitespace()) {
            text = text.split_ascii_whitespace().collect::<String>().into();
        }
        let name = self.name(field);
        let bytes = TOLERANT
            .decode(text.as_bytes())
            .map_err(|e| Refusal::malformed(&name, format!("is not base64: {e}")))?;
        format.samples(&bytes, &name)
    }

    /// An object of texts, in order; numbers and booleans are taken as they are written. It may be absent.
    pub(super) fn texts(&self, field: &str, path: &'a str) -> Result<BTreeMap<String, String>, Refusal> {
        let Some(object) = self.optional_object(field, path)? else { return Ok(BTreeMap::new()) };
        let mut texts = BTreeMap::new();
        for (key, value) in object.map {
            if let Some(text) = scalar(value) {
                texts.insert(key.clone(), text);
            } else if !value.is_null() {
                // The customer chose this name, and nothing has limited its length yet.
                let shown: String = key.chars().take(SHOWN_CHARS).collect();
                return Err(Refusal::malformed(&object.name(&shown), "is not a string"));
            }
        }
        Ok(texts)
    }

    /// The texts, numbers and booleans of this object, except the fields in `known`. Lists and objects are
    /// left out: not only the customer writes into this object.
    pub(super) fn scalars(&self, known: &[&str]) -> BTreeMap<String, String> {
        let others = self.map.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        others.filter_map(|(key, value)| Some((key.clone(), scalar(value)?))).collect()
    }

    /// The format that the fields `encoding` and `rate` name, if it is one of `spoken`.
    pub(super) fn format(
        &self,
        encoding: &str,
        rate: &str,
        spoken: &[Spoken],
    ) -> Result<AudioFormat, Refusal> {
        let asked = self.id(encoding)?;
        let Some(&(name, form, rates)) = spoken.iter().find(|(name, ..)| *name == asked) else {
            let known: Vec<&str> = spoken.iter().map(|(name, ..)| *name).collect();
            return Err(self.unsupported(encoding, format!("{asked:?} is not one of {}", known.join(", "))));
        };
        let asked = self.number(rate)?;
        let Some(&rate) = rates.iter().find(|&&known| u64::from(known) == asked) else {
            let known: Vec<String> = rates.iter().map(u32::to_string).collect();
            let problem = format!("{asked}, {name} is spoken at {}", known.join(" and "));
            return Err(self.unsupported(rate, problem));
        };
        Ok(AudioFormat { encoding: form, rate })
    }

    /// Refuses more than one channel; a message without the field has one channel.
    pub(super) fn mono(&self) -> Result<(), Refusal> {
        match self.optional_number("channels")? {
            None | Some(1) => Ok(()),
            Some(other) => Err(self.unsupported("channels", format!("{other}, only 1 is spoken"))),
        }
    }

    /// The refusal of audio in a format that this server does not speak.
    pub(super) fn unsupported(&self, field: &str, problem: impl std::fmt::Display) -> Refusal {
        Refusal::new(RefusalCode::UnsupportedFormat, format!("{}: {problem}", self.name(field)))
    }
}

/// A value as a text; `None` for lists, objects and `null`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Bytes as base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Faults: a number as caller, base64 without padding or with line breaks ended calls.
    #[test]
    fn what_a_call_can_do_with_or_without_is_not_refused() {
        let message = json!({"from": 15_550_100, "to": ["x"], "long": "é".repeat(200),
            "bare": "AAECAw", "lines": "AAEC\r\nAw==", "wrong": "AA*="});
        let map = message.as_object().expect("an object");
        let fields = Fields::top(map);
        assert_eq!(fields.remark("from").as_deref(), Some("15550100"));
        assert_eq!((fields.remark("to"), fields.remark("nothing")), (None, None));
        assert_eq!(fields.remark("long").map(|text| text.len()), Some(MAX_NAME_BYTES));
        let format = AudioFormat { encoding: Encoding::Pcm16le, rate: 8000 };
        for field in ["bare", "lines"] {
            assert_eq!(fields.audio(field, format), Ok(vec![0x0100, 0x0302]), "{field}");
        }
        assert!(fields.audio("wrong", format).is_err());
    }
}
