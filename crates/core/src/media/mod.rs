//! The audio of a call between its line and its turns: what is heard and when it was said, when what is spoken leaves,
//! and how well it all comes. PURE: no sockets, no clock, no threads; and it must not know words.

pub mod dtx_clock;
pub mod echo;
pub mod inbound_quality;
pub mod keepalive;
pub mod listener;
pub mod media_clock;
pub mod pacer;
pub mod token_bucket;
