//! From an open socket to an accepted call: waits for its start message, or says why the call is refused.

use tokio_tungstenite::tungstenite::Message;

use super::close_reason::CloseReason;
use super::followers;
use super::outbound::Outbound;
use super::socket_reader::SocketReader;
use crate::call::Ending;
use crate::call::tolerance::Tolerance;
use crate::report::Report;
use crate::streams::{Gateway, Inbound, RefusalCode, Start, Wire};

/// The beginning of a call.
pub(super) struct Opening {
    pub(super) start: Start,
    /// Whatever else came in the same message.
    pub(super) early: Vec<Inbound>,
}

/// Tells the peer why its socket is closed before a call was accepted.
pub(super) fn refuse(codec: &mut dyn Gateway, outbound: &mut Outbound, end: &CloseReason) {
    // The message leaves the code out: it has a field of its own.
    let (code, message) = match end {
        CloseReason::Refused(refusal) | CloseReason::Call(Ending::Refused(refusal)) => {
            (refusal.code.as_str(), refusal.reason.clone())
        }
        CloseReason::NoPlace(refused) => ("refused", refused.to_string()),
        CloseReason::Call(_)
        | CloseReason::TakenOver
        | CloseReason::Broken(_)
        | CloseReason::Excess(_)
        | CloseReason::Lost(_)
        | CloseReason::Flood(_)
        | CloseReason::NoStart(_)
        | CloseReason::Dead(_)
        | CloseReason::Drained => ("refused", end.to_string()),
    };
    for message in codec.report(&Report::Error { code, message: &message }) {
        // A peer that does not receive this sees the socket close.
        let _ = outbound.send(message);
    }
}

/// Drops messages before the start message, although they break the protocol. A start message that breaks it
/// is refused.
pub(super) async fn wait_for_start(
    incoming: &mut SocketReader,
    codec: &mut dyn Gateway,
    tolerance: &mut Tolerance,
) -> Result<Opening, CloseReason> {
    loop {
        let decoded = match incoming.next().await? {
            Message::Text(text) => codec.decode(Wire::Text(&text)),
            Message::Binary(bytes) => codec.decode(Wire::Binary(&bytes)),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Close(_) => return Err(Ending::HungUp.into()),
        };
        let decoded = match decoded {
            Err(refusal) if refusal.code == RefusalCode::OutOfOrder => {
                let count = tolerance.drop_odd(incoming.now(), &refusal).map_err(CloseReason::Refused)?;
                followers::odd_message(count, &refusal.to_string());
                continue;
            }
            decoded => decoded?,
        };
        let mut decoded = decoded.into_iter();
        while let Some(inbound) = decoded.next() {
            match inbound {
                Inbound::Started(start) => return Ok(Opening { start: *start, early: decoded.collect() }),
                Inbound::Stopped | Inbound::EndRequested => return Err(Ending::HungUp.into()),
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
