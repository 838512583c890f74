//! From a request for a socket to a call: whether the client may open it, whether there is room, and which
//! dialect it speaks. Must not know what a call does.

use std::net::IpAddr;
use std::sync::PoisonError;

use axum::Router;
use axum::extract::{Extension, OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Deserialize;
use tracing::Instrument as _;

use super::App;
use super::handshake::Handshake;
use super::listen::Connection;
use super::own_page::{ABOUT_HOSTS, FOREIGN_HOST, own_page};
use super::session::Visitor;
use crate::access::{Denied, Upgrade, pass_all};
use crate::config::Lines;
use crate::ids::CallId;
use crate::runtime::accept;
use crate::runtime::admission::ConnectionPermit;
use crate::runtime::clock::{since_1970, unique_id};
use crate::runtime::registry::Refused;
use crate::runtime::services::Services;
use crate::streams::detect::{Context, Detect, SUBPROTOCOLS};
use crate::streams::dialect::Dialect;
use crate::streams::{Gateway, Start};
use crate::telemetry::refusals::Kind;

/// A route for every configured provider, and `/call`, which takes them all; each also with a single-use
/// token after it, and all of them behind `/agents/NAME` for the agent of this name. A trailing slash changes
/// nothing.
pub(super) fn routes(lines: &Lines) -> Router<App> {
    let all: Vec<Dialect> = lines.taken.keys().copied().collect();
    let each = all.iter().map(|&dialect| (dialect.name(), vec![dialect]));
    each.chain([("call", all.clone())]).fold(Router::new(), |router, (name, dialects)| {
        let paths = ["", "/", "/{token}", "/{token}/"];
        let all = ["", "/agents/{agent}"]
            .into_iter()
            .flat_map(|agent| paths.into_iter().map(move |rest| format!("{agent}/{name}{rest}")));
        all.fold(router, |router, path| router.route(&path, socket(dialects.clone())))
    })
}

/// A request for a socket.
struct Request {
    peer: IpAddr,
    /// The request can only come from this machine.
    loopback: bool,
    target: Uri,
    token: Option<String>,
    /// The agent that the address names.
    agent: Option<String>,
    headers: HeaderMap,
    /// It comes from the console of an administrator who has logged in.
    by_session: bool,
    /// The name of that session.
    session: Option<String>,
}

/// The parts of an address that are free.
#[derive(Debug, Deserialize)]
struct Parts {
    token: Option<String>,
    agent: Option<String>,
}

/// What is told of a ticket for a trial that is not known.
const NO_TRIAL: &str = "this trial is over: a ticket is for one call, within a minute (docs/control.md)\n";

/// A route whose sockets speak one of `dialects`.
fn socket(dialects: Vec<Dialect>) -> MethodRouter<App> {
    get(
        async move |State(app): State<App>,
                    Extension(connection): Extension<Connection>,
                    OriginalUri(target): OriginalUri,
                    Path(Parts { token, agent }): Path<Parts>,
                    version: Version,
                    headers: HeaderMap,
                    handshake: Handshake| {
            let visitor = Visitor::of(&app, &headers, version, &connection);
            let by_session = visitor.may_open_a_socket();
            let session = visitor.session().filter(|_| by_session).map(|(_, name)| name.to_owned());
            let Connection { peer, loopback, .. } = connection;
            let request = Request { peer, loopback, target, token, agent, headers, by_session, session };
            answer(&app, &dialects, request, handshake)
        },
    )
}

fn answer(app: &App, dialects: &[Dialect], request: Request, handshake: Handshake) -> Response {
    let Request { peer, .. } = request;
    let line = if let [dialect] = dialects { dialect.name() } else { "call" };
    // Check for room first, so that a full server does not use up a single-use token.
    let entered = app.services().and_then(|services| Ok((services, app.admission.enter(peer)?)));
    let (mut services, visit) = match entered {
        Ok(entered) => entered,
        Err(refused) => {
            app.monitor.turned_away(refused);
            app.refused(Kind::NoRoom, peer, line, &refused);
            return (status(refused), format!("{refused}\n")).into_response();
        }
    };
    let allowed = match allowed(app, dialects, &request) {
        Ok(allowed) => allowed,
        Err(denied) => {
            // The reason is logged, but not sent to the client.
            app.refused(Kind::NotOpened, peer, line, &denied);
            if denied == FOREIGN_HOST {
                return (StatusCode::FORBIDDEN, ABOUT_HOSTS).into_response();
            }
            return (StatusCode::UNAUTHORIZED, "not authorised\n").into_response();
        }
    };
    if let Some(unknown) = request.agent.as_ref().filter(|name| !services.config.agents.contains_key(*name)) {
        app.refused(Kind::NotOpened, peer, line, &format!("there is no agent {unknown:?}"));
        let names = services.config.names_of_agents();
        return (StatusCode::NOT_FOUND, format!("there is no such agent; there are: {names}\n"))
            .into_response();
    }
    if let Some(ticket) = trial(dialects, &request.target) {
        let Some(config) = app.trials.take(ticket, request.session.as_deref()) else {
            app.refused(Kind::NotOpened, peer, line, &"an unknown ticket for a trial");
            return (StatusCode::FORBIDDEN, NO_TRIAL).into_response();
        };
        services.config = config;
    }
    let codec = codec(app, dialects, allowed, &request.target);
    take(app, line, peer, (services, visit), (codec, request.agent), (handshake, &SUBPROTOCOLS))
}

/// Opens a socket for `line` and runs its call, in the room that was entered for it. A sub-protocol of those
/// given is answered only if the client asks for one; most do not.
pub(super) fn take(
    app: &App,
    line: &'static str,
    peer: IpAddr,
    (services, mut visit): (Services, ConnectionPermit),
    (codec, agent): ((Box<dyn Gateway>, Context), Option<String>),
    (handshake, subprotocols): (Handshake, &[&'static str]),
) -> Response {
    let house = app.clone();
    let (registry, engines, monitor) = (app.registry.clone(), services.engines.clone(), app.monitor.clone());
    handshake.answer(subprotocols, async move |stream| {
        let admit = |start: &Start, dialect| {
            let placed = monitor.admit(registry.calls()).and_then(|()| {
                let mut place = registry.admit()?;
                place.hold(engines.admit().map_err(|full| {
                    tracing::debug!(%full, "no memory for another call");
                    Refused::Memory(registry.calls() - 1)
                })?);
                Ok(place)
            });
            let mut place = placed.inspect_err(|refused| monitor.turned_away(*refused))?;
            visit.begun();
            if let Some(call) = &start.call_id {
                place.take_over(dialect, call);
            }
            place.stands_for(accept::leg(dialect, start));
            let name = start.call_id.as_deref().map_or_else(unique_id, CallId::new);
            Ok((place.name(name.as_str()), place))
        };
        let span = tracing::error_span!("socket", %peer);
        if let Some(end) = accept::run(stream, codec, services, agent, admit).instrument(span).await {
            house.refused(Kind::NeverStood, peer, line, &end);
        }
    })
}

/// The dialects, out of `dialects`, that the request may speak.
///
/// # Errors
/// If there is none: the reason of the only dialect, or of the one that it came closest to.
fn allowed(app: &App, dialects: &[Dialect], request: &Request) -> Result<Vec<Dialect>, Denied> {
    let target = request.target.path_and_query().map_or("/", |target| target.as_str());
    let token = request.token.as_deref();
    let upgrade =
        Upgrade { target, token, headers: &request.headers, now: since_1970(), uptime: (app.uptime)() };
    let mut seen = app.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let public_url = app.config.lines.public_url.as_ref();
    let mut allowed = Vec::new();
    let mut denied = Denied::Missing("credential");
    for &dialect in dialects {
        let Some(line) = app.config.lines.taken.get(&dialect) else { continue };
        let passed = if line.checks.is_empty() {
            own_page(&request.headers, request.loopback, public_url)
        } else {
            Ok(())
        };
        // The console speaks our own protocol, at its own address.
        if request.by_session && dialects == [Dialect::Native] {
            return Ok(vec![dialect]);
        }
        match passed.and_then(|()| pass_all(&line.checks, &upgrade, &mut seen)) {
            Ok(()) => allowed.push(dialect),
            Err(Denied::Missing(_)) if dialects.len() > 1 => {}
            Err(reason) => denied = reason,
        }
    }
    if allowed.is_empty() { Err(denied) } else { Ok(allowed) }
}

/// The ticket of a call in which an administrator tries changes of the agent: only our own protocol has it.
fn trial<'t>(dialects: &[Dialect], target: &'t Uri) -> Option<&'t str> {
    let query = target.query().filter(|_| dialects == [Dialect::Native])?;
    query.split('&').find_map(|pair| pair.strip_prefix("trial="))
}

/// A codec for one of the `allowed` dialects, on a path for `dialects`, and its parameters.
fn codec(
    app: &App,
    dialects: &[Dialect],
    allowed: Vec<Dialect>,
    target: &Uri,
) -> (Box<dyn Gateway>, Context) {
    let query = target.query().unwrap_or_default().to_owned();
    let context = Context { query, telnyx_l16: app.config.lines.telnyx_l16 };
    let codec = match *dialects {
        [dialect] => dialect.codec(&context),
        _ => Box::new(Detect::new(allowed, context.clone())),
    };
    (codec, context)
}

const fn status(refused: Refused) -> StatusCode {
    match refused {
        Refused::Peer(_) => StatusCode::TOO_MANY_REQUESTS,
        Refused::NotReady
        | Refused::Draining
        | Refused::Full(_)
        | Refused::Memory(_)
        | Refused::Overloaded(_)
        | Refused::Crowded(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
