//! What operators want of running calls: hang up, say a sentence, know something more. Must not know what a
//! call makes of it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::problems::Problem;
use crate::app::App;
use crate::ids::CallId;
use crate::runtime::registry::{NotOrdered, Order};

/// The most characters of a text.
const LONGEST: usize = 2000;

/// A text for a call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    text: String,
}

/// Ends a running call.
pub(super) async fn hang_up(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if !app.registry.hang_up(&CallId::new(&id)) {
        return Err(Problem::new(StatusCode::NOT_FOUND, NotOrdered::NoCall.to_string()));
    }
    tracing::info!(call = %id, "an operator hangs up");
    Ok(StatusCode::ACCEPTED)
}

/// Lets the agent say a text as soon as nobody speaks.
pub(super) async fn say(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    order(&app, &id, body, "an operator lets the agent say something", Order::Say)
}

/// Adds a text to what the agent knows in this call.
pub(super) async fn inform(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    order(&app, &id, body, "an operator tells the agent something", Order::Inform)
}

fn order(
    app: &App,
    id: &str,
    body: Result<Json<Text>, JsonRejection>,
    what: &str,
    order: impl FnOnce(String) -> Order,
) -> Result<StatusCode, Problem> {
    let wrong = |problem: String| Problem::new(StatusCode::BAD_REQUEST, problem);
    let Json(Text { text }) =
        body.map_err(|error| wrong(format!("expected {{\"text\": \"…\"}}: {}", error.body_text())))?;
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
