//! The transfer of a running call by an operator. Must not know how gateways do it.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::time::sleep;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::body::{Body, Form};
use super::described::CALLS;
use super::problems::{Problem, Refusal};
use crate::app::App;
use crate::http::listen::Connection;
use crate::ids::CallId;
use crate::runtime::briefing::{LONGEST, NoBriefing};
use crate::runtime::registry::NotOrdered;
use crate::runtime::services::Services;
use crate::runtime::transfer::{LONGEST as LONGEST_TRANSFER, TransferError};
use crate::streams::dialect::Dialect;
use crate::streams::transfer::{Destination, Leg};

/// Where a call is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    /// A telephone number in E.164, or a SIP address without parameters.
    #[schema(example = "+15550142", max_length = 132)]
    to: String,
    /// The number that the new party sees: one that the provider lets the account show. Without it, the
    /// provider chooses.
    #[schema(example = "+15550100", max_length = 16)]
    from: Option<String>,
    /// What the new party hears before it is connected.
    #[schema(max_length = 500)]
    briefing: Option<String>,
}

impl Form for Transfer {
    const EXAMPLE: &'static str = "{\"to\": \"+15550142\"}";
}

/// Transfers a running call to another party: it goes on without the agent, and ends here as `transferred`.
///
/// The provider's account must be configured. If it refuses, the call goes on with the agent.
#[utoipa::path(
    post, path = "/calls/{id}/transfer", operation_id = "transfer", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    request_body = Transfer,
    responses(
        (status = 200, description = "The provider has taken the call."),
        (status = 400, description = "There is no number in E.164 and no SIP address, or the briefing is too \
                                      long.", body = Refusal),
        (status = 404, description = "There is no running call of this name, or it has ended during its \
                                      briefing: nobody was called.", body = Refusal),
        (status = 409, description = "A transfer of this call is under way.", body = Refusal),
        (status = 422, description = "The call's gateway cannot, or a key that it needs is not set; the message \
                                      names it.", body = Refusal),
        (status = 429, description = "Too much waits: ask again in a moment.", body = Refusal),
        (status = 500, description = "Something failed here: the log says what.", body = Refusal),
        (status = 502, description = "The provider has refused, or was not reached.", body = Refusal),
        (status = 503, description = "The voice could not speak the briefing, or see Busy.", body = Refusal),
        (status = 504, description = "The provider has not answered in time: it may transfer the call all the \
                                      same.", body = Refusal),
    ),
)]
pub(super) async fn transfer(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    Path(id): Path<String>,
    Body(wanted): Body<Transfer>,
) -> Result<StatusCode, Problem> {
    connection.take_longer(LONGEST_TRANSFER.saturating_add(SLACK));
    let wrong = |problem: String| Problem::new(StatusCode::BAD_REQUEST, problem);
    let to = Destination::parse(wanted.to.trim()).map_err(|error| wrong(format!("to: {error}")))?;
    let to = match &wanted.from {
        Some(from) => to.showing(from.trim()).map_err(|error| wrong(format!("from: {error}")))?,
        None => to,
    };
    let length = wanted.briefing.as_deref().map_or(0, |text| text.trim().chars().count());
    if length > LONGEST {
        return Err(wrong(format!("briefing: {}", NoBriefing::TooLong(length))));
    }
    let call = CallId::new(&id);
    let missing = || Problem::new(StatusCode::NOT_FOUND, NotOrdered::NoCall.to_string());
    let leg = app.registry.leg(&call).ok_or_else(missing)?;
    let services = app.serving().ok_or_else(missing)?;
    // Its agent speaks the briefing, and gets the caller back.
    let running = app.monitor.calls(|_| Duration::ZERO).into_iter().find(|one| one.id == call.as_str());
    let of_agent = running.and_then(|running| services.for_agent(&running.agent));
    let services = of_agent.unwrap_or(services);
    if wanted.from.is_some() && leg.dialect == Some(Dialect::Native) {
        let what =
            "from: a client of offhook's own protocol transfers calls by itself, and chooses the number";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what.to_owned()));
    }
    let span = tracing::error_span!("call", %call);
    // It is carried to its end even if the client that asked for it goes.
    let doing = tokio::spawn(carry_out(app, services, (call, leg), (to, wanted.briefing)).instrument(span));
    doing.await.map_err(|error| Problem::failed("the call could not be transferred", &error))?
}

async fn carry_out(
    app: App,
    services: Services,
    (call, leg): (CallId, Leg),
    (to, briefing): (Destination, Option<String>),
) -> Result<StatusCode, Problem> {
    tracing::info!(%to, "an operator transfers the call");
    let order = services.transfer(&leg, &to, briefing.as_deref()).await.map_err(|error| problem(&error))?;
    let told = loop {
        match app.registry.order(&call, order.clone()) {
            // The provider has taken it: the agent must not go on.
            Err(NotOrdered::TooMany) if leg.dialect != Some(Dialect::Native) => sleep(AGAIN).await,
            told => break told,
        }
    };
    match told {
        // A provider that has taken the call has closed the socket, or will.
        Err(error) if leg.dialect == Some(Dialect::Native) => Err(Problem::new(
            match error {
                NotOrdered::NoCall => StatusCode::NOT_FOUND,
                NotOrdered::TooMany => StatusCode::TOO_MANY_REQUESTS,
            },
            error.to_string(),
        )),
        Ok(()) | Err(_) => Ok(StatusCode::OK),
    }
}

fn problem(error: &TransferError) -> Problem {
    let status = match error {
        TransferError::Briefing(NoBriefing::TooLong(_)) => StatusCode::BAD_REQUEST,
        TransferError::Over => StatusCode::NOT_FOUND,
        TransferError::UnderWay => StatusCode::CONFLICT,
        TransferError::Unsupported(_)
        | TransferError::NoAccount { .. }
        | TransferError::NoPublicUrl(_)
        | TransferError::NoName
        | TransferError::Request(_) => StatusCode::UNPROCESSABLE_ENTITY,
        TransferError::NotKept(_) => StatusCode::TOO_MANY_REQUESTS,
        TransferError::Briefing(_) => StatusCode::SERVICE_UNAVAILABLE,
        TransferError::Provider(error) if error.may_be_done() => StatusCode::GATEWAY_TIMEOUT,
        TransferError::Provider(_) => StatusCode::BAD_GATEWAY,
    };
    Problem::new(status, error.to_string())
}

/// What the way to the call may take, beside the transfer and what a request may.
const SLACK: Duration = Duration::from_secs(5);

/// The wait before a call that has too many orders gets another one.
const AGAIN: Duration = Duration::from_millis(50);

// The description says the same.
const _: () = assert!(LONGEST == 500);
