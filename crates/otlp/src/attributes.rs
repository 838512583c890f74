//! Attributes of spans, in the form of the protocol. What is no number is left out, because viewers cannot
//! add it up. Must not know which attributes there are.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// Names and values, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn with(mut self, key: impl Into<String>, value: Value) -> Self {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue { key: key.into(), value, ..KeyValue::default() });
        self
    }

    /// Adds a text, unless it is empty.
    pub(crate) fn text(self, key: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { self } else { self.with(key, Value::StringValue(text)) }
    }

    /// Adds a count.
    pub(crate) fn count(self, key: &str, count: impl TryInto<i64>) -> Self {
        self.with(key, Value::IntValue(count.try_into().unwrap_or(i64::MAX)))
    }

    /// Adds a figure, if it is there and a number.
    pub(crate) fn figure(self, key: impl Into<String>, figure: impl Into<Option<f64>>) -> Self {
        match figure.into() {
            Some(figure) if figure.is_finite() => self.with(key, Value::DoubleValue(figure)),
            Some(_) | None => self,
        }
    }

    /// Adds a yes or no.
    pub(crate) fn flag(self, key: &str, flag: bool) -> Self {
        self.with(key, Value::BoolValue(flag))
    }

    /// For a message.
    pub(crate) fn into_vec(self) -> Vec<KeyValue> {
        self.0
    }
}
