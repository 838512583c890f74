//! The interface for those who run the server, under /api/v1: its state, running calls, the records of past
//! calls. For administrators. Must not know how calls run or records are kept.

mod agent;
pub(super) mod agents;
mod audio;
mod body;
mod cached_answers;
mod described;
mod orders;
mod problems;
mod query;
mod records;
mod reload;
mod state;
mod text_chat;
mod tools;
mod transfer;
mod trial;
mod watching;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use self::described::Described;
use crate::app::App;

pub(super) fn routes(app: &App) -> Router<App> {
    described().into_router(app)
}

/// The description of /api/v1, in OpenAPI 3.1.
#[must_use]
pub fn description() -> OpenApi {
    described().into_description()
}

fn described() -> Described {
    Described::new()
        .with(routes!(state::state))
        .with(routes!(state::quality))
        .with(routes!(state::description))
        .with(routes!(reload::reload))
        .with(routes!(orders::calls))
        .with(routes!(orders::call))
        .with(routes!(watching::events))
        .with(routes!(orders::hang_up))
        .with(routes!(orders::say))
        .with(routes!(orders::inform))
        .with(routes!(agents::change))
        .with(routes!(transfer::transfer))
        .with(routes!(agents::list))
        .with(routes!(agent::settings, agent::save))
        .with(routes!(agent::check))
        .with(routes!(trial::offer))
        .with(routes!(cached_answers::stats))
        .with(routes!(text_chat::quick))
        .with(routes!(text_chat::stream))
        .with(routes!(tools::tools))
        .with(routes!(records::list))
        .with(routes!(records::one, records::delete))
        .with(routes!(records::transcript))
        .with(routes!(audio::recording))
}
