//! From an open socket to a call that stands: waits for the message that says who calls. Must not know
//! what happens in the call.

use axum::extract::ws::WebSocket;
use futures_util::StreamExt as _;

use super::clock::Clock;
use super::end::End;
use super::incoming::Incoming;
use super::line::Line;
use super::registry::{Place, Refused};
use super::services::Services;
use super::session::Session;
use crate::gateway::{Gateway, Inbound, Outbound, Start};
use crate::ids::CallId;

/// Runs a call from its open socket to its end. `admit` gives it a place, and turns the gateway's name of
/// the call into the house's.
pub async fn run(
    socket: WebSocket,
    codec: Box<dyn Gateway>,
    services: Services,
    admit: impl FnOnce(&Start) -> Result<(CallId, Place), Refused>,
) {
    let clock = Clock::start();
    let (sink, stream) = socket.split();
    let server = &services.config.server;
    let mut line = Line::open(codec, sink, server.send_timeout);
    let mut incoming = Incoming::new(stream, server.max_messages_per_s, clock);
    let wait = server.start_timeout;
    let start = match tokio::time::timeout(wait, wait_for_start(&mut incoming, &mut line)).await {
        Ok(Ok(start)) => start,
        Ok(Err(end)) => return refuse(&mut line, &end),
        Err(_) => return refuse(&mut line, &End::NoStart(wait)),
    };
    let (id, _place) = match admit(&start) {
        Ok(admitted) => admitted,
        Err(refused) => return refuse(&mut line, &refused.into()),
    };
    let span = tracing::info_span!("call", call = %id);
    tracing::Instrument::instrument(Session::begin(id, services, clock, line, start, incoming), span).await;
}

/// Closes a socket before its call stands, and says why.
pub(super) fn refuse(line: &mut Line, end: &End) {
    tracing::warn!(reason = %end, "a socket was closed before a call stood");
    // The code is told beside it.
    let (code, message) = match end {
        End::Refused(refusal) => (refusal.code.as_str(), refusal.reason.clone()),
        End::NoPlace(refused) => ("refused", refused.to_string()),
        End::HungUp
        | End::SaidGoodbye(_)
        | End::Requested
        | End::Lost(_)
        | End::Flood(_)
        | End::TooMuchAudio
        | End::NoStart(_)
        | End::Idle(_)
        | End::Dead(_)
        | End::Drained => ("refused", end.to_string()),
    };
    let _ = line.send(&Outbound::Error { code, message: &message });
    line.close(end.close_code(), &end.to_string());
}

async fn wait_for_start(incoming: &mut Incoming, line: &mut Line) -> Result<Start, End> {
    loop {
        for inbound in line.decode(&incoming.next().await?)? {
            match inbound {
                Inbound::Started(start) => return Ok(*start),
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
