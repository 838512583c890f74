//! Reads a TOML table key by key, and collects every problem instead of stopping at the first.

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {}
