//! What logins promise: hashes, sessions, and attempts.

mod attempts;
mod password;
mod sessions;
