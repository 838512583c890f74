//! Reading the files again, as SIGHUP does. Must not know what is in them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::described::SERVER;
use super::problems::{Mistake, Problem, Refusal, Unusable};
use crate::app::App;
use crate::app::reload::{NotReloaded, Reloaded};

/// What came of reading the files again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReloadReport {
    /// The keys whose values changed and count from now on: for new calls, and llm.use from the next turn on.
    taken_over: Vec<String>,
    /// The keys that say something else than when the server started, and count when it starts again.
    after_a_restart: Vec<String>,
    /// Whether a certificate was read again, for new connections. False without one.
    certificate: bool,
}

/// Reads the configuration and the certificate again, as SIGHUP does.
///
/// If one of them cannot be used, nothing changes. (After SIGHUP, each is taken over by itself.) Without a
/// file of a configuration, there is nothing to take over.
#[utoipa::path(
    post, path = "/reload", operation_id = "reload", tag = SERVER,
    responses(
        (status = 200, description = "What was taken over, and what waits.", body = ReloadReport),
        (status = 422, description = "The files cannot be used, and nothing has changed.", body = Unusable),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn reload(State(app): State<App>) -> Result<Json<ReloadReport>, Problem> {
    // It waits for a disk.
    let read = tokio::task::spawn_blocking(move || app.reload()).await;
    let read = read.map_err(|error| Problem::failed("the files cannot be read", &error))?;
    let Reloaded { taken_over, after_a_restart, certificate } = read.map_err(|error| {
        let told = error.to_string();
        match error {
            NotReloaded::NotReady => Problem::new(StatusCode::SERVICE_UNAVAILABLE, told),
            NotReloaded::Configuration(error) => {
                Problem::unusable(told, error.problems.iter().map(Mistake::from).collect())
            }
            NotReloaded::Certificate(error) => {
                let mistake = |key: &str| Mistake { key: key.to_owned(), line: None, message: told.clone() };
                let mistakes = error.keys().into_iter().map(mistake).collect();
                Problem::unusable(told, mistakes)
            }
        }
    })?;
    tracing::info!("an operator had the files read again");
    let [taken_over, after_a_restart] = [taken_over, after_a_restart].map(|keys| keys.into_iter().collect());
    Ok(Json(ReloadReport { taken_over, after_a_restart, certificate }))
}
