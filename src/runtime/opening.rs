//! From an open socket to an accepted call: waits for its start message, or says why the call is refused.

use tokio_tungstenite::tungstenite::Message;

use super::close_reason::CloseReason;
use super::followers;
use super::outbound::Outbound;
use super::socket_reader::SocketReader;
use crate::call::Ending;
use crate::call::opening::{Opened, Opening, open};
use crate::call::tolerance::Tolerance;
use crate::report::Report;
use crate::streams::{Gateway, Wire, WireOut};
use crate::units::CallTime;

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

/// Greets the client, if its protocol does, and waits for the message that starts the call. `keep` gets all
/// messages up to it.
pub(super) async fn wait_for_start(
    incoming: &mut SocketReader,
    outbound: &mut Outbound,
    codec: &mut dyn Gateway,
    tolerance: &mut Tolerance,
    mut keep: impl FnMut(CallTime, Wire<'_>),
) -> Result<Opening, CloseReason> {
    say(outbound, codec.greeting())?;
    loop {
        let message = incoming.next().await?;
        let wire = match &message {
            Message::Text(text) => Wire::Text(text),
            Message::Binary(bytes) => Wire::Binary(bytes),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Close(_) => return Err(Ending::HungUp.into()),
        };
        let now = incoming.now();
        keep(now, wire);
        match open(now, codec, tolerance, wire)? {
            Opened::Begins(opening) => return Ok(*opening),
            Opened::NotYet => {}
            Opened::Odd(count, refusal) => followers::odd_message(count, &refusal.to_string()),
            Opened::HungUp => return Err(Ending::HungUp.into()),
        }
        say(outbound, codec.replies())?;
    }
}

fn say(outbound: &mut Outbound, messages: Vec<WireOut>) -> Result<(), CloseReason> {
    messages.into_iter().try_for_each(|message| outbound.send(message)).map_err(CloseReason::from)
}
