//! What one rendering of a template may handle, in bytes and in parts. Must not know what handles it.

use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Deepest nesting of lists and maps.
const MAX_DEPTH: usize = 32;

/// What one rendering may still handle.
pub(super) struct Budget(AtomicU64);

impl Budget {
    /// Of so many bytes or parts.
    pub(super) fn new(units: u64) -> Self {
        Self(AtomicU64::new(units))
    }

    /// Takes so many bytes or parts out of it.
    pub(super) fn spend(&self, units: usize) -> Result<(), Error> {
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(units));
        left.map(drop).map_err(|_| refused("it handles more text and lists than a conversation takes"))
    }

    /// Takes a value out of it, with all that is in it.
    pub(super) fn weigh(&self, value: &Value) -> Result<(), Error> {
        self.weigh_at(value, 0)
    }

    fn weigh_at(&self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(refused("it nests lists or maps too deep"));
        }
        if let Some(text) = value.as_str() {
            return self.spend(1 + text.len());
        }
        self.spend(1)?;
        let (map, list) = (value.kind() == ValueKind::Map, is_list(value));
        if map || list {
            for part in value.try_iter()?.checked() {
                let part = part?;
                self.weigh_at(&part, depth + 1)?;
                if map {
                    self.weigh_at(&value.get_item(&part)?, depth + 1)?;
                }
            }
        }
        Ok(())
    }
}

/// True for what has items one after the other.
pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// A complaint about what a template does.
pub(super) fn refused(problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}
