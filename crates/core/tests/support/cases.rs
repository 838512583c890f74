//! How many random cases each property is tried with. Must not know the properties.

use proptest::prelude::ProptestConfig;

/// The number of random cases of each property.
pub fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
