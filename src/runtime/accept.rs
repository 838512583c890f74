//! A call from its open socket to its end: waits for the start message, finds a place and runs the call. Must
//! not know what happens in the call.

use std::path::Path;

use futures_util::StreamExt as _;
use hyper::upgrade::Upgraded;
use tracing::Instrument as _;

use super::call_span::CallSpan;
use super::capture::CaptureHead;
use super::clock::Clock;
use super::close_reason::CloseReason;
use super::cpu_meter::metered;
use super::lookup;
use super::opening::{refuse, wait_for_start};
use super::outbound::Outbound;
use super::registry::{Place, Refused};
use super::services::Services;
use super::socket::{Limits, open};
use super::socket_reader::SocketReader;
use super::task::Task;
use super::traces::{Sinks, trace_to};
use crate::call::line::Line;
use crate::call::opening::Opening;
use crate::call::tolerance::Tolerance;
use crate::call::{Call, Ending, Setup};
use crate::config::call::{self, Known, listener, settings_of};
use crate::ids::CallId;
use crate::report::{Failure, Happened, Trouble};
use crate::streams::detect::Context;
use crate::streams::dialect::Dialect;
use crate::streams::transfer::Leg;
use crate::streams::{Gateway, Refusal, Start, Wire};

/// Runs a call from its open socket to its end, with a codec of these parameters, and with the agent of this
/// name if the address names one. `admit` gives it a place, and turns the gateway's name of the call into the
/// server's. Returns the reason if the call was not accepted.
pub async fn run(
    stream: Upgraded,
    (mut codec, context): (Box<dyn Gateway>, Context),
    services: Services,
    agent: Option<String>,
    admit: impl FnOnce(&Start, Option<Dialect>) -> Result<(CallId, Place), Refused>,
) -> Option<CloseReason> {
    let clock = Clock::start();
    let server = &services.config.server;
    let limits =
        Limits { message_bytes: server.max_message_bytes, messages_per_s: server.max_messages_per_s };
    let (sink, stream) = open(stream, limits, clock).await.split();
    let mut outbound = Outbound::open(sink, server.send_timeout);
    let mut incoming = SocketReader::new(stream, server.max_messages_per_s, clock);
    let mut tolerance = Tolerance::default();
    let wait = server.start_timeout;
    let mut captured = CaptureHead::new(&services.config, context);
    let keep = |at, wire: Wire<'_>| captured.keep(at, wire);
    let start = wait_for_start(&mut incoming, &mut outbound, &mut *codec, &mut tolerance, keep);
    let opening = tokio::select! {
        opening = tokio::time::timeout(wait, start) => opening.unwrap_or(Err(CloseReason::NoStart(wait))),
        () = services.stop.cancelled() => Err(CloseReason::Drained),
    };
    let prepared = opening.and_then(|opening| {
        let (id, place) = admit(&opening.start, codec.dialect())?;
        let named = tracing::error_span!("call", call = %id);
        let begin = || {
            let services = services.of_call(agent.as_deref(), &opening.start, codec.dialect())?;
            let setup = setup(&services, &id, &opening.start, codec.dialect())?;
            Ok::<_, Refusal>((services, setup))
        };
        let (services, setup) = named.in_scope(begin)?;
        Ok((opening, services, setup, place))
    });
    let (end, stood) = match prepared {
        Ok((Opening { start, early }, services, mut setup, mut place)) => {
            let (known, missed) = learn(&services, &mut setup, &start, codec.dialect(), &mut incoming).await;
            setup.tap = services.record(&setup.id).await;
            setup.watch = Some(services.watching.begin(&setup.id));
            let (id, dialect) = (setup.id.clone(), codec.dialect());
            let socket = tracing::Span::current();
            let span = tracing::error_span!("call", call = %id);
            let call = async {
                let line = match Line::new(codec, start.format.rate) {
                    Ok(line) => line,
                    Err(error) => return CloseReason::Lost(error.to_string()),
                };
                let called = id.clone();
                let started = || {
                    if let Some(failure) = &missed {
                        services.tell(&called, &Happened::Failed(Trouble::Late, failure.clone()));
                    }
                    services.press_opening_keys(dialect, start.call_id.as_deref());
                };
                let taken_over = place.taken_over();
                let (own_orders, orders) = (place.order_sender(), place.orders());
                let spent = place.spent();
                let task = Task {
                    span: CallSpan::new(id.clone(), socket),
                    id,
                    clock,
                    spent: spent.clone(),
                    services: services.clone(),
                    known,
                    own_agent: brings_its_own(&start, dialect),
                    ordered: None,
                    outbound: &mut outbound,
                    incoming: &mut incoming,
                    leg: leg(dialect, &start),
                    taken_over,
                    hung_up: place.hung_up(),
                    own_orders,
                    orders,
                    started: &started,
                };
                let call = task.run(|now| {
                    captured.write(now, &mut setup, &services.config, dialect);
                    Call::new(now, setup, line, &start, early, tolerance)
                });
                let end = metered(call, spent).await;
                if matches!(end, CloseReason::Call(Ending::SaidGoodbye(_) | Ending::Operator)) {
                    services.hang_up(dialect, start.call_id.as_deref()).await;
                }
                end
            };
            let end = call.instrument(span).await;
            // The next call may have the place while this socket is closed.
            drop(place);
            (end, true)
        }
        Err(end) => {
            refuse(&mut *codec, &mut outbound, &end);
            (end, false)
        }
    };
    outbound.close(end.close_code(), &end.to_string(), incoming).await;
    (!stood).then_some(end)
}

/// The caller's side of a call that a gateway has started.
#[must_use]
pub fn leg(dialect: Option<Dialect>, start: &Start) -> Leg {
    Leg { dialect, call: start.call_id.clone(), from: start.from.clone(), to: start.to.clone() }
}

/// Puts what can be looked up of the caller into the setup. Meanwhile messages wait, as after a stall. If the
/// caller hangs up or the server is stopped, nobody waits for the answer any more. Returns it, and what went
/// wrong, if something did.
async fn learn(
    services: &Services,
    setup: &mut Setup,
    start: &Start,
    dialect: Option<Dialect>,
    incoming: &mut SocketReader,
) -> (Known, Option<Failure>) {
    let (known, missed) = tokio::select! {
        biased;
        found = services.look_up(&setup.id, start, dialect) => found,
        () = incoming.gone() => (Known::default(), None),
        () = services.stop.cancelled() => (Known::default(), None),
    };
    let learnt =
        call::learn(&mut setup.settings, &services.config, &start.agent, known.clone(), &setup.count);
    (known, missed.or_else(|| learnt.err().map(|problem| lookup::missed("lookup_too_long", &problem))))
}

/// Whether the client brings an agent of its own.
fn brings_its_own(start: &Start, dialect: Option<Dialect>) -> bool {
    start.agent.system_prompt.is_some() || dialect == Some(Dialect::Realtime)
}

/// The setup of a call, from the configuration and its start message.
fn setup(
    services: &Services,
    id: &CallId,
    start: &Start,
    dialect: Option<Dialect>,
) -> Result<Setup, Refusal> {
    let (config, count) = (&services.config, services.engines.count.clone());
    // Whoever has a key of the interface for programs may bring instructions.
    let own = config.lines.own_agents || dialect == Some(Dialect::Realtime);
    let mut settings = settings_of(config, &start.agent, own, &count)?;
    // Who brings an agent brings its tools, and does not get those of the server.
    if !brings_its_own(start, dialect) {
        settings.tools = services.toolbox.tools_within(config, &settings, &count);
    }
    let traced = config.log.traces.as_deref().and_then(|folder| traced(services, folder, id));
    let (trace, capture) =
        traced.map_or((None, None), |Sinks { trace, capture }| (Some(trace), Some(capture)));
    Ok(Setup {
        settings,
        count,
        listener: listener(config, config.vad.detector),
        lead: services.lead(dialect),
        ear: config.audio,
        echo_loss_db: config.barge_in.echo_loss_db,
        idle_timeout: config.server.idle_timeout,
        send_timeout: config.server.send_timeout,
        judge: config.llm.name.clone(),
        dictionary: config.tts.pronounce.clone(),
        agent: config.has_several_agents().then(|| config.agent.name.clone()),
        trace,
        capture: capture.filter(|_| config.log.captures),
        tap: None,
        watch: None,
        id: id.clone(),
    })
}

/// A trace in a new file of `folder`, which the records of the call name.
fn traced(services: &Services, folder: &Path, id: &CallId) -> Option<Sinks> {
    let (file, sinks) = trace_to(folder, id)?;
    if let Some(records) = &services.records {
        records.traced(id, &file);
    }
    Some(sinks)
}
