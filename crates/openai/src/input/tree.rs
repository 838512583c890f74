//! Bytes to a tree of JSON, with limits: serde_json's on nesting (128), ours on the number of values, and no
//! key twice. Must not know paths or refusals.

use std::cell::Cell;
use std::fmt;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::text::shown;

/// The most values in a body: a thousand messages of some parts. A short body like `[0,0,0,…` would otherwise
/// take twenty times its size in memory.
const MOST_VALUES: usize = 50_000;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Object(IndexMap<String, Json>),
}

impl Json {
    /// What kind of value it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The same value, as serde_json has it.
    pub(crate) fn plain(self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => Value::Bool(flag),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::String(text),
            Self::List(values) => values.into_iter().map(Self::plain).collect(),
            Self::Object(values) => values.into_iter().map(|(name, value)| (name, value.plain())).collect(),
        }
    }

    /// Whether it is this number.
    pub(crate) fn is_number(&self, wanted: f64) -> bool {
        matches!(self, Self::Number(number) if number.as_f64() == Some(wanted))
    }

    /// Whether it is this text.
    pub(crate) fn is_text(&self, wanted: &str) -> bool {
        matches!(self, Self::Text(text) if text == wanted)
    }
}

/// Reads one value, and nothing after it.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, serde_json::Error> {
    let left = Cell::new(MOST_VALUES);
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Reader { left: &left }.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

/// Whether a text is a JSON object, within the same limits.
pub(crate) fn is_object(text: &str) -> bool {
    matches!(read(text.as_bytes()), Ok(Json::Object(_)))
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    /// How many more values may come.
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Json, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("it has more than {MOST_VALUES} values")));
        };
        self.left.set(left);
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("a number is not finite"))?;
        Ok(Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut values = IndexMap::new();
        while let Some(key) = from.next_key::<String>()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format_args!("'{}' is there twice", shown(&key))));
            }
            values.insert(key, from.next_value_seed(self)?);
        }
        Ok(Json::Object(values))
    }
}
