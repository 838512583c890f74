//! From an open socket to a call that stands: its start message, or why it is refused.

use super::end::End;
use super::incoming::Incoming;
use super::line::Line;
use crate::report::Report;
use crate::streams::{Inbound, RefusalCode, Start};

/// How a call began.
pub(super) struct Opening {
    pub(super) start: Start,
    /// What came in the same message.
    pub(super) early: Vec<Inbound>,
}

/// Says why a socket is closed before its call stands.
pub(super) fn refuse(line: &mut Line, end: &End) {
    // The code is told beside it.
    let (code, message) = match end {
        End::Refused(refusal) => (refusal.code.as_str(), refusal.reason.clone()),
        End::NoPlace(refused) => ("refused", refused.to_string()),
        End::HungUp
        | End::SaidGoodbye(_)
        | End::Requested
        | End::TakenOver
        | End::Broken(_)
        | End::Excess(_)
        | End::Lost(_)
        | End::Flood(_)
        | End::TooMuchAudio
        | End::NoStart(_)
        | End::Idle(_)
        | End::Dead(_)
        | End::Drained => ("refused", end.to_string()),
    };
    let _ = line.report(&Report::Error { code, message: &message });
}

/// What comes before the start is dropped, though it breaks the protocol; a start that does is refused.
pub(super) async fn wait_for_start(incoming: &mut Incoming, line: &mut Line) -> Result<Opening, End> {
    loop {
        let decoded = match line.decode(&incoming.next().await?) {
            Err(refusal) if refusal.code == RefusalCode::OutOfOrder => {
                incoming.drop_odd(refusal)?;
                continue;
            }
            decoded => decoded?,
        };
        let mut decoded = decoded.into_iter();
        while let Some(inbound) = decoded.next() {
            match inbound {
                Inbound::Started(start) => return Ok(Opening { start: *start, early: decoded.collect() }),
                Inbound::Stopped | Inbound::EndRequested => return Err(End::HungUp),
                Inbound::Ping { .. }
                | Inbound::Audio { .. }
                | Inbound::Mark { .. }
                | Inbound::Full
                | Inbound::Room
                | Inbound::Dtmf { .. }
                | Inbound::Interrupt
                | Inbound::Ignored { .. } => {}
            }
        }
    }
}
