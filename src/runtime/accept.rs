//! From an open socket to a call that stands: waits for the message that says who calls. Must not know
//! what happens in the call.

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;

use super::clock::Clock;
use super::end::End;
use super::line::Line;
use super::services::Services;
use super::session::Session;
use crate::gateway::{Gateway, Inbound, Outbound, Start};
use crate::ids::CallId;

/// Runs a call from its open socket to its end. `name` turns the gateway's name of the call into
/// the house's.
pub async fn run(
    socket: WebSocket,
    codec: Box<dyn Gateway>,
    services: Services,
    name: impl FnOnce(&Start) -> CallId,
) {
    let clock = Clock::start();
    let (sink, mut stream) = socket.split();
    let mut line = Line::open(codec, sink, services.config.server.send_timeout);
    let wait = services.config.server.start_timeout;
    let start = match tokio::time::timeout(wait, wait_for_start(&mut stream, &mut line)).await {
        Ok(Ok(start)) => start,
        Ok(Err(end)) => return refuse(&mut line, &end),
        Err(_) => return refuse(&mut line, &End::NoStart(wait)),
    };
    let id = name(&start);
    let span = tracing::info_span!("call", call = %id);
    tracing::Instrument::instrument(Session::begin(id, services, clock, line, start, stream), span).await;
}

/// Closes a socket before its call stands, and says why.
pub(super) fn refuse(line: &mut Line, end: &End) {
    tracing::warn!(reason = %end, "a socket was closed before a call stood");
    let code = if let End::Refused(refusal) = end { refusal.code.as_str() } else { "refused" };
    let _ = line.send(&Outbound::Error { code, message: &end.to_string() });
    line.close(end.close_code(), &end.to_string());
}

async fn wait_for_start(stream: &mut SplitStream<WebSocket>, line: &mut Line) -> Result<Start, End> {
    loop {
        for inbound in line.decode(&next_message(stream).await?)? {
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

/// The next message of the peer; how the call ended, if there is none.
pub(super) async fn next_message(stream: &mut SplitStream<WebSocket>) -> Result<Message, End> {
    match stream.next().await {
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(End::Lost(error.to_string())),
        None => Err(End::HungUp),
    }
}
