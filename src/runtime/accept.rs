//! From an open socket to a call that stands: waits for the message that says who calls. Must not know
//! what happens in the call.

use futures_util::StreamExt as _;
use hyper::upgrade::Upgraded;

use super::clock::Clock;
use super::end::End;
use super::incoming::Incoming;
use super::line::Line;
use super::opening::{refuse, wait_for_start};
use super::registry::{Place, Refused};
use super::services::Services;
use super::session::Session;
use super::socket::{Limits, open};
use crate::ids::CallId;
use crate::streams::dialect::Dialect;
use crate::streams::{Gateway, Start};

/// Runs a call from its open socket to its end. `admit` gives it a place, and turns the gateway's name of
/// the call into the house's. Why there was no call, if none stood.
pub async fn run(
    stream: Upgraded,
    codec: Box<dyn Gateway>,
    services: Services,
    admit: impl FnOnce(&Start, Option<Dialect>) -> Result<(CallId, Place), Refused>,
) -> Option<End> {
    let clock = Clock::start();
    let server = &services.config.server;
    let limits =
        Limits { message_bytes: server.max_message_bytes, messages_per_s: server.max_messages_per_s };
    let (sink, stream) = open(stream, limits, clock).await.split();
    let mut line = Line::open(codec, sink, server.send_timeout);
    let mut incoming = Incoming::new(stream, server.max_messages_per_s, clock);
    let wait = server.start_timeout;
    let stop = services.stop.clone();
    let opening = tokio::select! {
        opening = tokio::time::timeout(wait, wait_for_start(&mut incoming, &mut line)) =>
            opening.unwrap_or(Err(End::NoStart(wait))),
        () = stop.cancelled() => Err(End::Drained),
    };
    let admitted = opening.and_then(|opening| {
        let (id, place) = admit(&opening.start, line.dialect())?;
        Ok((opening, id, place))
    });
    let (end, stood) = match admitted {
        Ok((opening, id, place)) => {
            let span = tracing::info_span!("call", call = %id);
            let taken_over = place.taken_over();
            let call = Session::begin(id, services, clock, line, opening, taken_over, &mut incoming);
            let over = tracing::Instrument::instrument(call, span).await;
            line = over.line;
            // Others may have it while this peer says goodbye.
            drop(place);
            (over.end, over.stood)
        }
        Err(end) => {
            refuse(&mut line, &end);
            (end, false)
        }
    };
    line.close(end.close_code(), &end.to_string(), incoming).await;
    (!stood).then_some(end)
}
