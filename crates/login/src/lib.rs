//! Logins with a password: how it is hashed and verified, who is logged in, and how often one may try. PURE:
//! random bytes and the time are passed in. Must not know HTTP, cookies or the configuration.

mod attempts;
mod password;
mod sessions;

pub use attempts::{ALL_BURST, ALL_EVERY, Attempts, MOST_KNOWN, MOST_PEERS, PEER_BURST, PEER_EVERY};
pub use password::{BadHash, BadPassword, LEAST_CHARACTERS, MOST_BYTES, PasswordHash, SALT_BYTES};
pub use sessions::{Begun, IDLE, LIFE, MOST_SESSIONS, RANDOM_BYTES, Sessions};
