//! Whole calls and conversations on a simulated clock, and the properties of every call.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs
)]

mod property;
mod simulation;
mod speech;
mod support;
