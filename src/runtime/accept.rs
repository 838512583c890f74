//! From an open socket to a call that stands: waits for the message that says who calls. Must not know
//! what happens in the call.

use futures_util::StreamExt as _;
use hyper::upgrade::Upgraded;

use super::clock::Clock;
use super::end::End;
use super::incoming::Incoming;
use super::line::Line;
use super::registry::{Place, Refused};
use super::services::Services;
use super::session::Session;
use super::socket::{Limits, open};
use crate::gateway::{Gateway, Inbound, Outbound, Start};
use crate::ids::CallId;

/// Runs a call from its open socket to its end. `admit` gives it a place, and turns the gateway's name of
/// the call into the house's.
pub async fn run(
    stream: Upgraded,
    codec: Box<dyn Gateway>,
    services: Services,
    admit: impl FnOnce(&Start) -> Result<(CallId, Place), Refused>,
) {
    let clock = Clock::start();
    let server = &services.config.server;
    let limits =
        Limits { message_bytes: server.max_message_bytes, messages_per_s: server.max_messages_per_s };
    let (sink, stream) = open(stream, limits, clock).await.split();
    let mut line = Line::open(codec, sink, server.send_timeout);
    let mut incoming = Incoming::new(stream, server.max_messages_per_s, clock);
    let wait = server.start_timeout;
    let stop = services.stop.clone();
    let start = tokio::select! {
        start = tokio::time::timeout(wait, wait_for_start(&mut incoming, &mut line)) =>
            start.unwrap_or(Err(End::NoStart(wait))),
        () = stop.cancelled() => Err(End::Drained),
    };
    let admitted = start.and_then(|start| {
        let (id, place) = admit(&start)?;
        Ok((start, id, place))
    });
    let end = match admitted {
        Ok((start, id, place)) => {
            let span = tracing::info_span!("call", call = %id);
            let call = Session::begin(id, services, clock, line, start, &mut incoming);
            let ended;
            (line, ended) = tracing::Instrument::instrument(call, span).await;
            // Others may have it while this peer says goodbye.
            drop(place);
            ended
        }
        Err(end) => {
            refuse(&mut line, &end);
            end
        }
    };
    line.close(end.close_code(), &end.to_string(), incoming).await;
}

/// Says why a socket is closed before its call stands.
pub(super) fn refuse(line: &mut Line, end: &End) {
    tracing::warn!(reason = %end, "a socket was closed before a call stood");
    let code = if let End::Refused(refusal) = end { refusal.code.as_str() } else { "refused" };
    let _ = line.send(&Outbound::Error { code, message: &end.to_string() });
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
