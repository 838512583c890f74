//! The budget of one rendering of a template, in bytes and in parts. Must not know what spends it.

use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Deepest nesting of lists and maps.
const MAX_DEPTH: usize = 32;

/// The bytes and parts that one rendering may still handle.
pub(super) struct Budget(AtomicU64);

impl Budget {
    /// A budget of `units` bytes or parts.
    pub(super) fn new(units: u64) -> Self {
        Self(AtomicU64::new(units))
    }

    /// Takes `units` bytes or parts out of the budget.
    pub(super) fn spend(&self, units: usize) -> Result<(), Error> {
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(units));
        left.map(drop).map_err(|_| refused("it handles more text and lists than a conversation takes"))
    }

    /// Takes a value out of the budget, with everything in the value.
    pub(super) fn weigh(&self, value: &Value) -> Result<(), Error> {
        self.weigh_at(value, 0)
    }

    fn weigh_at(&self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(refused("it nests lists or maps too deeply"));
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

/// True for values that have items one after the other.
pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// The error for something that a template must not do.
pub(super) fn refused(problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}
