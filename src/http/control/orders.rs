//! Running calls, and what operators want of them: hang up, say a sentence, know something more. Must not
//! know what a call makes of it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Form};
use super::described::CALLS;
use super::problems::{Problem, Refusal};
use super::query::Parameters;
use crate::app::App;
use crate::ids::CallId;
use crate::runtime::registry::{NotOrdered, Order};
use crate::top;

/// The most characters of a text. The description says the same.
const LONGEST: usize = 2000;

/// The calls that run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Running {
    /// The calls.
    calls: Vec<top::Call>,
}

/// A text for a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// What to say or to know. Spaces around it do not count.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

impl Form for Text {
    const EXAMPLE: &'static str = "{\"text\": \"…\"}";
}

/// The running calls, with their turns, waits, interruptions and failures.
#[utoipa::path(
    get, path = "/calls", operation_id = "list_calls", tag = CALLS,
    responses(
        (status = 200, description = "The calls.", body = Running),
        (status = 400, description = "It takes no parameters.", body = Refusal),
    ),
)]
pub(super) async fn calls(State(app): State<App>, parameters: Parameters) -> Result<Json<Running>, Problem> {
    parameters.nothing_else()?;
    Ok(Json(Running { calls: app.monitor.calls(|call| app.registry.spent(call)) }))
}

/// One running call.
#[utoipa::path(
    get, path = "/calls/{id}", operation_id = "get_call", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    responses(
        (status = 200, description = "The call.", body = top::Call),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
    ),
)]
pub(super) async fn call(State(app): State<App>, Path(id): Path<String>) -> Result<Json<top::Call>, Problem> {
    let name = CallId::new(&id);
    let mut calls = app.monitor.calls(|call| app.registry.spent(call)).into_iter();
    let found = calls.find(|call| call.id == name.as_str());
    found.map(Json).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, NotOrdered::NoCall.to_string()))
}

/// Ends a running call: it ends as `operator`, and the gateway is told to hang up.
#[utoipa::path(
    post, path = "/calls/{id}/hangup", operation_id = "hang_up", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    responses(
        (status = 202, description = "The call ends."),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
    ),
)]
pub(super) async fn hang_up(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if !app.registry.hang_up(&CallId::new(&id)) {
        return Err(Problem::new(StatusCode::NOT_FOUND, NotOrdered::NoCall.to_string()));
    }
    tracing::info!(call = %id, "an operator hangs up");
    Ok(StatusCode::ACCEPTED)
}

/// Lets the agent say a text as soon as nobody speaks.
///
/// It waits for the end of the caller's turn and of the answer to it.
#[utoipa::path(
    post, path = "/calls/{id}/say", operation_id = "say", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    request_body = Text,
    responses(
        (status = 202, description = "It is said."),
        (status = 400, description = "There is no text of 1 to 2000 characters.", body = Refusal),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
        (status = 429, description = "Too much waits in this call: ask again in a moment.", body = Refusal),
    ),
)]
pub(super) async fn say(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(text): Body<Text>,
) -> Result<StatusCode, Problem> {
    order(&app, &id, text, "an operator lets the agent say something", Order::Say)
}

/// Adds a text to what the agent knows in this call, from its next answer on.
#[utoipa::path(
    post, path = "/calls/{id}/inform", operation_id = "inform", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    request_body = Text,
    responses(
        (status = 202, description = "The agent knows it."),
        (status = 400, description = "There is no text of 1 to 2000 characters.", body = Refusal),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
        (status = 429, description = "Too much waits in this call: ask again in a moment.", body = Refusal),
    ),
)]
pub(super) async fn inform(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(text): Body<Text>,
) -> Result<StatusCode, Problem> {
    order(&app, &id, text, "an operator tells the agent something", Order::Inform)
}

fn order(
    app: &App,
    id: &str,
    Text { text }: Text,
    what: &str,
    order: impl FnOnce(String) -> Order,
) -> Result<StatusCode, Problem> {
    let wrong = |problem: String| Problem::new(StatusCode::BAD_REQUEST, problem);
    let text = text.trim().to_owned();
    let count = text.chars().count();
    if !(1..=LONGEST).contains(&count) {
        return Err(wrong(format!("text: {count} characters, from 1 to {LONGEST} are taken")));
    }
    match app.registry.order(&CallId::new(id), order(text)) {
        Ok(()) => {
            tracing::info!(call = %id, "{what}");
            Ok(StatusCode::ACCEPTED)
        }
        Err(error @ NotOrdered::NoCall) => Err(Problem::new(StatusCode::NOT_FOUND, error.to_string())),
        Err(error @ NotOrdered::TooMany) => {
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()))
        }
    }
}
