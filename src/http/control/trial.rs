//! Changes of the agent's settings, tried in one call before they are saved. Must not know how a file is
//! edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::agent::{Changes, edited, problems, with_file};
use super::body::Body;
use super::described::AGENT;
use super::problems::{Mistake, Problem, Refusal, Unusable};
use crate::app::App;
use crate::app::trials::{LIFE, NoTicket};
use crate::config::editing::AT_START;
use crate::http::admin::BySession;

/// A ticket for a trial.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ticket {
    /// The ticket: `/offhook?trial=TICKET`, for one call.
    trial: String,
    /// How long it waits for its call, in seconds.
    expires_s: u64,
}

/// A ticket for one call over our own protocol with changes of the agent's settings, which are not saved.
///
/// A ticket that was got in a session of the console is for a socket of that session. Sixteen wait at most.
#[utoipa::path(
    post, path = "/agent/trial", operation_id = "try_agent", tag = AGENT,
    request_body = Changes,
    responses(
        (status = 200, description = "The ticket.", body = Ticket),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 409, description = "The file cannot be read.", body = Refusal),
        (status = 422, description = "The settings cannot be used, or not before a restart.", body = Unusable),
        (status = 500, description = "The log says why.", body = Refusal),
        (status = 503, description = "Too many tickets wait for their calls.", body = Refusal),
    ),
)]
pub(super) async fn offer(
    State(app): State<App>,
    Extension(BySession(session)): Extension<BySession>,
    Body(asked): Body<Changes>,
) -> Result<Json<Ticket>, Problem> {
    if let Some(key) = asked.changes.keys().find(|key| AT_START.contains(&key.as_str())) {
        let told =
            "an engine is loaded with it, so it cannot be tried in a call; save it, and restart".to_owned();
        let mistake = Mistake { key: key.clone(), line: None, message: told };
        return Err(Problem::unusable(format!("nothing can be tried: {key}"), vec![mistake]));
    }
    with_file(app, move |app| tried(app, &asked.changes, session.as_deref())).await.map(Json)
}

fn tried(app: &App, changes: &BTreeMap<String, Value>, session: Option<&str>) -> Result<Ticket, Problem> {
    let (_, edited) = edited(app, changes)?;
    let found = problems(&edited);
    let Some(config) = edited.config.filter(|_| found.is_empty()) else {
        let told = format!("nothing can be tried: {} of the settings cannot be used", found.len());
        return Err(Problem::unusable(told, found));
    };
    let mut config = app.config.with_agent_of(&config);
    // Who may change the agent may also bring one.
    config.lines.own_agents = true;
    let trial = app.trials.offer(Arc::new(config), session).map_err(|error| match error {
        NoTicket::TooMany => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        NoTicket::NoRandomness => Problem::failed("nothing can be tried", &error),
    })?;
    let keys: Vec<&str> = changes.keys().map(String::as_str).collect();
    tracing::info!(keys = keys.join(", "), "an operator tries changes of the agent in a call");
    Ok(Ticket { trial, expires_s: LIFE.as_secs() })
}
