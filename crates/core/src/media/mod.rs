//! The audio of a call between its connection and its turns: when incoming audio was spoken, when outgoing
//! audio leaves, and how good the connection is. PURE: no sockets, no clock, no threads. Must not know words.

pub mod dtx_clock;
pub mod ear;
pub mod echo;
pub mod inbound_quality;
pub mod keepalive;
pub mod listener;
pub mod media_clock;
pub mod pacer;
pub mod token_bucket;
