//! The interface for programs under /v1, in the form of OpenAI's: chat, speech, transcription, models. Calls
//! come first: what is asked for here waits for cores that they leave free. Must not know how engines work.

mod answers;
mod calls;
mod chat;
mod clients;
mod forms;
mod gate;
mod guides;
mod models;
mod rates;
mod realtime;
mod sending;
mod speech;
mod transcriptions;

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use self::answers::Refusal;
use self::gate::Gate;
use crate::app::App;
use crate::openai::ApiError;

pub(super) fn routes(app: &App) -> Router<App> {
    let gate = Gate::of(app);
    let inner = Router::new()
        .route("/models", get(models::all))
        .route("/models/{id}", get(models::one))
        .route("/chat/completions", post(chat::complete))
        .route("/realtime", get(realtime::session))
        .route("/audio/speech", post(speech::speak))
        .route("/audio/transcriptions", post(transcriptions::transcribe))
        .fallback(async |OriginalUri(path): OriginalUri| Refusal(ApiError::not_found(path.path())))
        .method_not_allowed_fallback(async |request: Request| {
            let gets = ["/models", "/realtime"].iter().any(|path| request.uri().path().starts_with(path));
            let allowed = if gets { "GET" } else { "POST" };
            Refusal(ApiError::method_not_allowed(request.method().as_str(), allowed))
        })
        .layer(DefaultBodyLimit::max(app.config.api.max_upload))
        .layer(from_fn_with_state(gate, gate::enter));
    Router::new().nest("/v1", inner)
}
