//! What is wanted of running calls from outside. Must not know how it gets there.

/// The most orders that wait for one call.
pub(super) const MOST_ORDERS: usize = 16;

/// What an operator wants of a running call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The agent says this as soon as nobody speaks.
    Say(String),
    /// The agent knows this from now on.
    Inform(String),
    /// The agent of this name goes on.
    Agent(String),
    /// Its provider has taken it to another party, or its client is to be told so: it ends, and nobody hangs
    /// up.
    Transferred {
        /// The party: a number in E.164 or a SIP address.
        to: String,
        /// What the party is to hear first.
        briefing: Option<String>,
    },
}

/// Why a call gets no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOrdered {
    /// There is no such call.
    #[error("there is no running call of this name")]
    NoCall,
    /// Earlier orders still wait.
    #[error("{MOST_ORDERS} orders wait for this call already: ask again in a moment")]
    TooMany,
}
