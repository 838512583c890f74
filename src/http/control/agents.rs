//! The agents of the server, and which of them goes on with a running call. Must not know what agents say.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, Form};
use super::described::{AGENT, CALLS};
use super::problems::{Problem, Refusal};
use super::query::Parameters;
use crate::app::App;
use crate::config::{Config, Persona};
use crate::ids::CallId;
use crate::runtime::registry::{NotOrdered, Order};

/// The agents of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Agents {
    /// All of them, in the order of their names.
    agents: Vec<Agent>,
    /// The name of the one who answers calls that are not for another one.
    first: String,
    /// The voices that are loaded: any of them may speak in a call over our own protocol.
    voices: Vec<String>,
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
struct Agent {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// The numbers whose calls it answers; digits alone, or SIP addresses.
    numbers: Vec<String>,
    /// Its voice.
    voice: String,
    /// The language model that it asks first, if that is not the one in use.
    model: Option<String>,
    /// The names of its tools.
    tools: Vec<String>,
}

/// The agents of a server that runs.
pub(in crate::http) fn of(app: &App) -> Agents {
    let config = app.settings.now();
    let engines = app.engines();
    let voices = engines.map(|engines| engines.voices.names().into_iter().map(str::to_owned).collect());
    let agent = |(name, persona): (&String, &Persona)| Agent {
        name: name.clone(),
        description: persona.agent.description.clone(),
        numbers: persona.agent.numbers.clone(),
        voice: persona.tts.voice.clone(),
        model: persona.agent.model.clone(),
        tools: tools(&config, persona),
    };
    Agents {
        agents: config.agents.iter().map(agent).collect(),
        first: config.agent.name.clone(),
        voices: voices.unwrap_or_default(),
    }
}

fn tools(config: &Config, persona: &Persona) -> Vec<String> {
    let named = config.tools.iter().map(|tool| &tool.name);
    named.filter(|name| persona.agent.has_tool(name)).cloned().collect()
}

/// The agents of the server, and the voices that are loaded.
#[utoipa::path(
    get, path = "/agents", operation_id = "list_agents", tag = AGENT,
    responses(
        (status = 200, description = "The agents.", body = Agents),
        (status = 400, description = "It takes no parameters.", body = Refusal),
    ),
)]
pub(super) async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Agents>, Problem> {
    parameters.nothing_else()?;
    Ok(Json(of(&app)))
}

/// There is no agent of this name.
pub(super) fn unknown(config: &Config, agent: &str) -> Problem {
    let told = format!("agent: there is no {agent:?}; there are: {}", config.names_of_agents());
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, told)
}

/// Which agent goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Next {
    /// The name of the agent.
    #[schema(example = "billing", max_length = 32)]
    agent: String,
}

impl Form for Next {
    const EXAMPLE: &'static str = "{\"agent\": \"billing\"}";
}

/// Lets another agent go on with a running call.
///
/// It knows what was said. It speaks when it is its turn: what it is to say at once, say it with `say`.
#[utoipa::path(
    post, path = "/calls/{id}/agent", operation_id = "change_agent", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    request_body = Next,
    responses(
        (status = 202, description = "The agent goes on."),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
        (status = 422, description = "There is no such agent; the message names those that there are.",
         body = Refusal),
        (status = 429, description = "Too much waits in this call: ask again in a moment.", body = Refusal),
    ),
)]
pub(super) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(Next { agent }): Body<Next>,
) -> Result<StatusCode, Problem> {
    let config = app.settings.now();
    if !config.agents.contains_key(&agent) {
        return Err(unknown(&config, &agent));
    }
    match app.registry.order(&CallId::new(&id), Order::Agent(agent.clone())) {
        Ok(()) => {
            tracing::info!(call = %id, agent, "an operator lets another agent go on");
            Ok(StatusCode::ACCEPTED)
        }
        Err(error @ NotOrdered::NoCall) => Err(Problem::new(StatusCode::NOT_FOUND, error.to_string())),
        Err(error @ NotOrdered::TooMany) => {
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()))
        }
    }
}
