//! Reads JSON from servers of other versions: a figure that is no number is nothing, not an error. Must not
//! know which figures there are.

use serde::{Deserialize, Deserializer};

/// A value, or its default for `null`: JSON has no other word for a figure that is not finite.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Figures of which each may be `null`.
pub(crate) fn all_or_default<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let values: Vec<Option<T>> = or_default(from)?;
    Ok(values.into_iter().map(Option::unwrap_or_default).collect())
}
