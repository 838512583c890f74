//! From a recording of any length to its transcript: cut into utterances by voice, as calls are, and put
//! together with words and times. Must not know files, recognisers or who asks.

pub(crate) mod cutting;
mod loudness;
pub(crate) mod segments;
pub(crate) mod side;
