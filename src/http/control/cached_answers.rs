//! The answers that are kept: how often they are given again. Must not know how a question is understood.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::described::AGENT;
use super::problems::{Problem, Refusal};
use super::query::Parameters;
use crate::app::App;

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
