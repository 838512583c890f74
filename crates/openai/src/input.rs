//! JSON from strangers: a tree in which every value knows its path, so that a refusal can name it. Keys that
//! are there twice, too many values and too deep nesting are errors. Must not know which fields there are.

mod tree;

use std::ops::RangeInclusive;

use indexmap::IndexMap;

use crate::error::ApiError;
pub(crate) use tree::{Json, is_object};

/// The most characters of a name.
pub(crate) const MOST_NAME: usize = 256;

/// Refuses a name that is empty or too long to be one.
pub(crate) fn check_name(path: &str, name: &str) -> Result<(), ApiError> {
    if name.is_empty() || name.chars().count() > MOST_NAME {
        let message = format!("'{path}' must be a name of 1 to {MOST_NAME} characters");
        return Err(ApiError::invalid(path, message));
    }
    Ok(())
}

/// The fields of an object, and where it stood.
pub(crate) struct Fields {
    path: String,
    values: IndexMap<String, Json>,
}

impl Fields {
    /// Reads a body, which must be an object.
    pub(crate) fn of_body(body: &[u8]) -> Result<Self, ApiError> {
        let value = tree::read(body).map_err(|failed| {
            ApiError::unreadable(format!("the body cannot be read as JSON: {failed}; send one JSON object"))
        })?;
        let Json::Object(values) = value else {
            let message = format!("the body is {}; send a JSON object", value.kind());
            return Err(ApiError::unreadable(message));
        };
        Ok(Self { path: String::new(), values })
    }

    /// Where a field of this object is, or would be.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field; null is as good as nothing.
    pub(crate) fn take(&mut self, name: &str) -> Option<At> {
        let value = self.values.swap_remove(name).filter(|value| !matches!(value, Json::Null))?;
        Some(At { path: self.path_of(name), value })
    }

    /// A field that must be there; `expected` says what to send.
    pub(crate) fn need(&mut self, name: &str, expected: &str) -> Result<At, ApiError> {
        self.take(name).ok_or_else(|| ApiError::missing(&self.path_of(name), expected))
    }

    /// A flag that is false if it is not there.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        self.take(name).map_or(Ok(false), At::flag)
    }

    /// A number within a range, if it is there.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, ApiError> {
        self.take(name).map(|at| at.number(range)).transpose()
    }
}

/// A value, and where it stood.
pub(crate) struct At {
    pub(crate) path: String,
    pub(crate) value: Json,
}

impl At {
    /// The refusal of a value of the wrong type.
    pub(crate) fn wrong(&self, expected: &str) -> ApiError {
        let message = format!("'{}' must be {expected}, not {}", self.path, self.value.kind());
        ApiError::wrong_type(&self.path, message)
    }

    pub(crate) fn text(self) -> Result<String, ApiError> {
        let Json::Text(text) = self.value else {
            return Err(self.wrong("a text"));
        };
        Ok(text)
    }

    /// A name, of a model or a voice.
    pub(crate) fn name(self) -> Result<String, ApiError> {
        let path = self.path.clone();
        let name = self.text()?;
        check_name(&path, &name)?;
        Ok(name)
    }

    pub(crate) fn flag(self) -> Result<bool, ApiError> {
        let Json::Flag(flag) = self.value else {
            return Err(self.wrong("true or false"));
        };
        Ok(flag)
    }

    pub(crate) fn number(self, range: RangeInclusive<f64>) -> Result<f64, ApiError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let Json::Number(number) = &self.value else {
            return Err(self.wrong(&expected));
        };
        number.as_f64().filter(|number| range.contains(number)).ok_or_else(|| {
            ApiError::invalid(&self.path, format!("'{}' must be {expected}, not {number}", self.path))
        })
    }

    pub(crate) fn whole(self, range: RangeInclusive<u32>) -> Result<u32, ApiError> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let Json::Number(number) = &self.value else {
            return Err(self.wrong(&expected));
        };
        let whole = number.as_u64().and_then(|whole| u32::try_from(whole).ok());
        whole.filter(|whole| range.contains(whole)).ok_or_else(|| {
            ApiError::invalid(&self.path, format!("'{}' must be {expected}, not {number}", self.path))
        })
    }

    pub(crate) fn fields(self) -> Result<Fields, ApiError> {
        let Json::Object(values) = self.value else {
            return Err(self.wrong("an object"));
        };
        Ok(Fields { path: self.path, values })
    }

    /// The values of a list, each with its own path.
    pub(crate) fn items(self, expected: &str) -> Result<impl ExactSizeIterator<Item = At>, ApiError> {
        let Json::List(values) = self.value else {
            return Err(self.wrong(expected));
        };
        Ok(values
            .into_iter()
            .enumerate()
            .map(move |(i, value)| At { path: format!("{}[{i}]", self.path), value }))
    }
}
