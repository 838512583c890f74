//! The answers that are kept: how often they are given again, and one of them at once. Must not know how a
//! question is understood.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::agents;
use super::body::{Body, Form};
use super::described::AGENT;
use super::problems::{Problem, Refusal};
use super::query::Parameters;
use crate::app::App;
use crate::dialogue::{CachedBy, Message, Role};
use crate::turns::with_tools;

/// The most characters of a question, as it is described.
const LONGEST: usize = 1000;

/// How often answers were given again since the start.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CacheStatistics {
    /// The most answers that are kept of each language model; 0 if none are (`llm.cached_answers`).
    most: usize,
    /// The language models, in the order of their names.
    models: Vec<OfModel>,
}

/// How often the answers of one language model were given again.
#[derive(Debug, Serialize, ToSchema)]
struct OfModel {
    /// Its name.
    model: String,
    /// Questions that stand alone and were looked up.
    looked_up: u64,
    /// Answers to the same words.
    exact: u64,
    /// Answers to other words of the same meaning.
    pattern: u64,
    /// Answers that were kept, those that were forgotten since included.
    kept: u64,
}

/// How often answers were given again.
#[utoipa::path(
    get, path = "/cache/stats", operation_id = "cache_stats", tag = AGENT,
    responses(
        (status = 200, description = "The figures.", body = CacheStatistics),
        (status = 400, description = "It takes no parameters.", body = Refusal),
    ),
)]
pub(super) async fn stats(
    State(app): State<App>,
    parameters: Parameters,
) -> Result<Json<CacheStatistics>, Problem> {
    parameters.nothing_else()?;
    let most = app.settings.now().llm.cached_answers.map_or(0, std::num::NonZeroUsize::get);
    let caches = app.engines().map(|engines| engines.answers.clone()).unwrap_or_default();
    let models = caches.iter().map(|(model, cache)| {
        let figures = cache.statistics();
        let (looked_up, exact, pattern, kept) = (figures.asked, figures.exact, figures.pattern, figures.kept);
        OfModel { model: model.clone(), looked_up, exact, pattern, kept }
    });
    Ok(Json(CacheStatistics { most, models: models.collect() }))
}

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The words of a caller.
    #[schema(example = "When are you open on Monday?", max_length = 1000)]
    question: String,
    /// The agent who is asked; without one, the one who answers calls that are not for another one.
    #[schema(example = "main", max_length = 32)]
    agent: Option<String>,
}

impl Form for Question {
    const EXAMPLE: &'static str = "{\"question\": \"When are you open on Monday?\"}";
}

/// An answer that was given before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuickAnswer {
    /// Its words.
    answer: String,
    /// How the question was recognised.
    by: CachedBy,
    /// The language model that has given it.
    model: String,
}

/// The answer to a question, at once or not at all: no language model is asked.
#[utoipa::path(
    post, path = "/chat/quick", operation_id = "quick_answer", tag = AGENT,
    request_body = Question,
    responses(
        (status = 200, description = "The answer, as it was given before.", body = QuickAnswer),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 404, description = "No answer is kept; the message says why.", body = Refusal),
        (status = 422, description = "There is no such agent; the message names those that there are.",
         body = Refusal),
    ),
)]
pub(super) async fn quick(
    State(app): State<App>,
    Body(Question { question, agent }): Body<Question>,
) -> Result<Json<QuickAnswer>, Problem> {
    if question.chars().count() > LONGEST {
        let told = format!("question: at most {LONGEST} characters are taken");
        return Err(Problem::new(StatusCode::BAD_REQUEST, told));
    }
    let settings = app.settings.now();
    let config = match agent {
        None => settings.as_ref().clone(),
        Some(agent) => settings.as_agent(&agent).ok_or_else(|| agents::unknown(&settings, &agent))?,
    };
    let none = |why: String| Problem::new(StatusCode::NOT_FOUND, why);
    let engines = app.engines().ok_or_else(|| none("the language models are being loaded".to_owned()))?;
    let models = engines.models.beginning_with(config.agent.model.as_deref());
    let model = models.in_use().to_owned();
    let cache = engines
        .answers
        .get(&model)
        .ok_or_else(|| none("no answers are kept: set llm.cached_answers".to_owned()))?;
    let messages = [
        Message { role: Role::System, text: with_tools(&config.agent.prompt(), &config.told_tools()) },
        Message { role: Role::User, text: question },
    ];
    match cache.find(&messages) {
        Ok(Some(found)) => Ok(Json(QuickAnswer { answer: found.text, by: found.by, model })),
        Ok(None) => Err(none("nobody has asked this yet".to_owned())),
        Err(own) => Err(none(format!("its answer cannot be another caller's: {own}"))),
    }
}
