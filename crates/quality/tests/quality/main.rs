//! What the four promise, whatever happens and in whatever order. Each test is a sentence.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod admission;
mod advice;
mod breaker;
mod ladder;

use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};

/// How many random cases each property is tried with.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A figure that a program should never make, or one that it does.
fn figure() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0, f64::MIN_POSITIVE];
    prop_oneof![any::<f64>(), proptest::sample::select(odd.to_vec()), 0.0..2.0, -1000.0..5000.0]
}
