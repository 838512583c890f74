//! The opening of a call: the messages up to the one that starts it. Must not know sockets, nor whether the
//! call is taken.

use super::tolerance::Tolerance;
use crate::streams::{Gateway, Inbound, Refusal, RefusalCode, Start, Wire};
use crate::units::CallTime;

/// The beginning of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its parameters.
    pub start: Start,
    /// Whatever else came in the same message.
    pub early: Vec<Inbound>,
}

/// What a message means to a call that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The call begins.
    Begins(Box<Opening>),
    /// It does not begin yet.
    NotYet,
    /// The message broke the protocol and was dropped: so many were.
    Odd(u64, Refusal),
    /// The peer does not want the call any more.
    HungUp,
}

/// Takes a message before the start of the call. Messages that break the protocol before it are dropped; a
/// start message that breaks it is refused.
///
/// # Errors
/// If the start message is refused, or too many messages broke the protocol.
pub fn open(
    now: CallTime,
    codec: &mut dyn Gateway,
    tolerance: &mut Tolerance,
    wire: Wire<'_>,
) -> Result<Opened, Refusal> {
    let decoded = match codec.decode(wire) {
        Err(refusal) if refusal.code == RefusalCode::OutOfOrder => {
            return Ok(Opened::Odd(tolerance.drop_odd(now, &refusal)?, refusal));
        }
        decoded => decoded?,
    };
    let mut decoded = decoded.into_iter();
    while let Some(inbound) = decoded.next() {
        match inbound {
            Inbound::Started(start) => {
                let opening = Opening { start: *start, early: decoded.collect() };
                return Ok(Opened::Begins(Box::new(opening)));
            }
            Inbound::Stopped | Inbound::EndRequested => return Ok(Opened::HungUp),
            Inbound::Ping { .. }
            | Inbound::Audio { .. }
            | Inbound::Mark { .. }
            | Inbound::Full
            | Inbound::Room
            | Inbound::Dtmf { .. }
            | Inbound::Interrupt
            | Inbound::Remembered { .. }
            | Inbound::AnswerRequested { .. }
            | Inbound::Instructed { .. }
            | Inbound::ToolsGiven { .. }
            | Inbound::AnswersLimited { .. }
            | Inbound::ToolReturned { .. }
            | Inbound::HeardNoMoreThan { .. }
            | Inbound::Ignored { .. } => {}
        }
    }
    Ok(Opened::NotYet)
}
