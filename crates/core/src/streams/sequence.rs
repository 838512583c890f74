//! Numbers that a line gives its messages. TCP keeps the order, so one that is not above all before it is somebody's
//! mistake in counting: it is counted and tolerated. Must not know any provider.

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

    /// Looks at the number of a message, if it has one.
    pub(super) fn count(&mut self, message: &Fields<'_>) -> Result<(), Refusal> {
        if let Some(number) = message.optional_number("sequenceNumber")? {
            if number <= self.last {
                self.disordered += 1;
            }
            self.last = self.last.max(number);
        }
        Ok(())
    }

    /// Messages that were out of order.
    pub(super) const fn disordered(&self) -> u64 {
        self.disordered
    }
}
