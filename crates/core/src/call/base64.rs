//! Bytes and samples as base64 in lines of JSON: `#[serde(with = "...")]`.

/// Bytes.
pub(in crate::call) mod bytes {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes bytes.
    ///
    /// # Errors
    /// The serialiser's.
    pub(in crate::call) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// If it is no base64.
    pub(in crate::call) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}

/// 16-bit samples, the low byte first.
pub(in crate::call) mod samples {
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    /// Writes samples.
    ///
    /// # Errors
    /// The serialiser's.
    pub(in crate::call) fn serialize<S: Serializer>(
        samples: &[i16],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        super::bytes::serialize(&bytes, serializer)
    }

    /// Reads samples.
    ///
    /// # Errors
    /// If it is no base64, or ends within a sample.
    pub(in crate::call) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<i16>, D::Error> {
        let bytes = super::bytes::deserialize(deserializer)?;
        let (pairs, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(D::Error::custom("an odd number of bytes cannot be 16-bit samples"));
        }
        Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
    }
}
