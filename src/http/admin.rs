//! What administrators see and change while the server runs: metrics, the state of queues, cores and calls,
//! the level of the log. Must not know how the figures come about.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::listen::Connection;
use super::own_page::own_page;
use crate::app::App;
use crate::config::Admin;
use crate::telemetry::latencies::Figures;
use crate::telemetry::logging::{self, LevelError};
use crate::telemetry::metrics::CONTENT_TYPE;
use crate::telemetry::refusals::Kind;

/// The longest filter of the log, in bytes.
const MOST_FILTER: usize = 1000;

/// What a client is told that is no administrator.
const NOBODY: &str =
    "this is for administrators: set admin.token, and send it as \"Authorization: Bearer TOKEN\"\n";

pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/debug/state", get(state))
        .route("/debug/log", get(async || format!("{}\n", logging::level())).put(set_level))
        .route_layer(from_fn_with_state(app.clone(), administrators))
}

/// Lets only administrators pass.
async fn administrators(State(app): State<App>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer =
        given.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let connection = request.extensions().get::<Connection>().cloned();
    let passes = match &app.config.admin {
        // A page of another site must not reach this machine through its user's browser.
        Admin::Anybody => own_page(request.headers(), true, None).is_ok(),
        Admin::Nobody => false,
        Admin::Bearer(token) => bearer.is_some_and(|(_, given)| token.is(given.trim())),
    };
    if passes {
        return next.run(request).await;
    }
    if let Some(connection) = connection {
        app.refused(Kind::NotOpened, connection.peer, "admin", &"no administrator's token");
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], NOBODY).into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.metrics.text(app.figures())).into_response()
}

/// The use of cores by one kind of work.
#[derive(Debug, Serialize)]
struct Work {
    jobs: u64,
    dropped: u64,
    waited_ms: u64,
    longest_wait_ms: u64,
    held_ms: u64,
}

/// The events for the records of calls.
#[derive(Debug, Serialize)]
struct RecordCounts {
    written: u64,
    batches: u64,
    waiting: u64,
    dropped: u64,
    lost: u64,
    failed: u64,
}

/// The state of the server, as its administrators see it.
#[derive(Debug, Serialize)]
struct ServerState {
    version: &'static str,
    uptime_s: u64,
    ready: bool,
    draining: bool,
    calls: Vec<String>,
    max_calls: usize,
    model_in_use: String,
    models: Vec<String>,
    latency: Figures,
    latency_lately: Figures,
    cores: usize,
    work: BTreeMap<&'static str, Work>,
    cpu_s: f64,
    resident_mb: u64,
    threads: u64,
    refused: BTreeMap<&'static str, u64>,
    dropped_log_lines: u64,
    records: Option<RecordCounts>,
    log_level: String,
}

async fn state(State(app): State<App>) -> Json<ServerState> {
    let (figures, models) = (app.figures(), app.engines().map(|engines| &engines.models));
    let whole_ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let work = figures.work.iter().map(|(name, used)| {
        let work = Work {
            jobs: used.jobs,
            dropped: used.dropped,
            waited_ms: whole_ms(used.waited),
            longest_wait_ms: whole_ms(used.longest_wait),
            held_ms: whole_ms(used.held),
        };
        (*name, work)
    });
    Json(ServerState {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: figures.uptime.as_secs(),
        ready: figures.ready,
        draining: app.registry.is_draining(),
        calls: app.registry.names().iter().map(|name| name.as_str().to_owned()).collect(),
        max_calls: figures.max_calls,
        model_in_use: models.map_or_else(String::new, |models| models.in_use().to_owned()),
        models: models.into_iter().flat_map(|models| models.names().map(str::to_owned)).collect(),
        latency: app.latencies.since_start(),
        latency_lately: app.latencies.lately(),
        cores: figures.cores,
        work: work.collect(),
        cpu_s: figures.cpu.as_secs_f64(),
        resident_mb: figures.resident_bytes >> 20,
        threads: figures.threads,
        refused: figures.refused,
        dropped_log_lines: figures.dropped_log_lines,
        records: figures.records.map(|counters| RecordCounts {
            written: counters.written,
            batches: counters.batches,
            waiting: counters.waiting,
            dropped: counters.dropped,
            lost: counters.lost,
            failed: counters.failed,
        }),
        log_level: logging::level(),
    })
}

async fn set_level(filter: String) -> (StatusCode, String) {
    let filter = filter.trim();
    if filter.is_empty() {
        return (StatusCode::BAD_REQUEST, format!("{}\n", LevelError::Invalid));
    }
    if filter.len() > MOST_FILTER {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("a filter has at most {MOST_FILTER} bytes\n"));
    }
    match logging::set_level(filter) {
        Ok(()) => (StatusCode::OK, format!("{filter}\n")),
        Err(error @ LevelError::Invalid) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
        Err(error @ LevelError::NoLog) => (StatusCode::CONFLICT, format!("{error}\n")),
    }
}
