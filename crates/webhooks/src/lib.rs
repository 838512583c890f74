//! Webhooks of calls: what happens in a call is posted to an address of the customer's, signed as the
//! Standard Webhooks specification says, kept in a file until it is delivered, and tried again. Must not know
//! how a call works, and prints nothing.
//!
//! Start reading at [`Webhooks`], which takes what calls tell and never delays one. [`Signer`] signs any
//! request in the same way.

mod clock;
mod endpoint;
mod event;
mod keeper;
mod lane;
mod options;
mod plain;
mod post;
mod queue;
mod schedule;
mod shared;
mod signing;
mod spool;
mod webhooks;

pub use clock::Clock;
pub use endpoint::{BadEndpoint, Endpoint};
pub use options::{Counters, Options, Report, Trouble};
pub use post::with_reasons;
pub use schedule::Retries;
pub use signing::{BadSecret, Signer};
pub use spool::{SpoolError, look};
pub use webhooks::{OpenError, Webhooks};
