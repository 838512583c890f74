//! Samples as base64 in lines of JSON, the low byte first: `#[serde(with = "base64_samples")]`.

use serde::de::Error as _;
use serde::{Deserializer, Serializer};

/// Writes samples.
///
/// # Errors
/// The serialiser's.
pub(super) fn serialize<S: Serializer>(samples: &[i16], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    super::base64_bytes::serialize(&bytes, serializer)
}

/// Reads samples.
///
/// # Errors
/// If it is no base64, or ends within a sample.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i16>, D::Error> {
    let bytes = super::base64_bytes::deserialize(deserializer)?;
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(D::Error::custom("an odd number of bytes cannot be 16-bit samples"));
    }
    Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
}
