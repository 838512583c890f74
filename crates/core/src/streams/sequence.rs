//! The sequence numbers of a gateway's messages. TCP keeps the order, so a number that is not above all
//! earlier ones is the sender's mistake: it is counted and tolerated. Must not know any provider.

use super::Refusal;
use super::fields::Fields;

/// The numbers of one stream so far.
#[derive(Debug)]
pub(super) struct Sequence {
    last: u64,
    disordered: u64,
}

impl Sequence {
    pub(super) const fn new() -> Self {
        Self { last: 0, disordered: 0 }
    }

    /// Checks the number of a message, if it has one.
    pub(super) fn count(&mut self, message: &Fields<'_>) -> Result<(), Refusal> {
        if let Some(number) = message.optional_number("sequenceNumber")? {
            if number <= self.last {
                self.disordered += 1;
            }
            self.last = self.last.max(number);
        }
        Ok(())
    }

    /// The number of messages that were out of order.
    pub(super) const fn disordered(&self) -> u64 {
        self.disordered
    }
}
