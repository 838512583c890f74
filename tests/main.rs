//! All tests that see the house from outside, in one binary: simulated calls, properties, calls over
//! real sockets, and the rules of the house itself.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs
)]

mod end_to_end;
mod fuzzing;
mod layers;
mod property;
mod simulation;
mod support;
mod tidy;
