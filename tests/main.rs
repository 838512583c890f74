//! All tests that see the program from outside, in one binary: calls over real sockets, decoders of foreign
//! bytes, the description of an interface, and the rules for the sources. Calls without sockets are in
//! crates/core/tests.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs
)]

mod description;
mod end_to_end;
mod fuzzing;
mod layers;
mod pasted;
mod support;
mod tidy;
