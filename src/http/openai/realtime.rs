//! `GET /v1/realtime`: a voice session over a WebSocket. It is a call like those of gateways, taken in the
//! form of OpenAI's. Must not know its events, which `streams` reads and writes.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::answers::{Refusal, SOON_S};
use super::models::{engines, language_model};
use crate::app::App;
use crate::http::handshake::{Fault, Handshake};
use crate::http::listen::Connection;
use crate::http::sockets::take;
use crate::openai::ApiError;
use crate::runtime::clock::unique_id;
use crate::streams::detect::Context;
use crate::streams::dialect::Dialect;
use crate::telemetry::refusals::Kind;

/// The sub-protocol that clients of OpenAI's may ask for.
const SUBPROTOCOLS: [&str; 1] = ["realtime"];

/// The parameters of the address.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: Option<String>,
}

/// Begins a session.
pub(super) async fn session(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    asked: Result<Query<Asked>, QueryRejection>,
    handshake: Result<Handshake, Fault>,
) -> Result<Response, Refusal> {
    let handshake = handshake.map_err(|fault| ApiError::unreadable(fault.to_string()))?;
    let Query(asked) = asked.map_err(|error| ApiError::unreadable(error.body_text()))?;
    let engines = engines(&app)?;
    let in_use = engines.models.in_use();
    let named = asked.model.as_deref().map(|model| language_model(engines, model)).transpose()?;
    let model = named.map_or(in_use, |(name, _)| name);
    if model != in_use {
        let problem = format!("voice sessions are answered by the model in use, which is {in_use}");
        return Err(ApiError::unsupported("model", problem).into());
    }
    let dialect = Dialect::Realtime;
    let entered = app.services().and_then(|services| Ok((services, app.admission.enter(connection.peer)?)));
    let entered = entered.map_err(|refused| {
        app.monitor.turned_away(refused);
        app.refused(Kind::NoRoom, connection.peer, dialect.name(), &refused);
        ApiError::too_busy(SOON_S)
    })?;
    let context = Context { query: format!("id={}&model={model}", unique_id()), ..Context::default() };
    let codec = (dialect.codec(&context), context);
    Ok(take(&app, dialect.name(), connection.peer, entered, (codec, None), (handshake, &SUBPROTOCOLS)))
}
