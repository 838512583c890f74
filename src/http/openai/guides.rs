//! The grammar that an answer is held to, made for a client: away from sockets, and only with what everything
//! else leaves free. Must not know what is done with it.

use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::answers::SOON_S;
use super::forms;
use crate::engine::llm::{Form, Guide, Guides};
use crate::engine::threads::aside;
use crate::openai::ApiError;
use crate::openai::chat::ChatRequest;

/// One grammar is made at a time, for all clients.
static MAKING: Semaphore = Semaphore::const_new(1);

/// A grammar that takes longer is given up: calls leave no time.
const LONGEST: Duration = Duration::from_secs(60);

/// The grammar that the answer is held to, if there is one. `guides` are those of the model that is asked.
pub(super) async fn made(request: &ChatRequest, guides: Option<Guides>) -> Result<Option<Guide>, ApiError> {
    let Some(form) = forms::form(request) else { return Ok(None) };
    let Some(guides) = guides else { return Err(forms::not_held(request)) };
    let late = |_| ApiError::too_busy(SOON_S);
    let made = timeout(LONGEST, away(form, guides)).await.map_err(late)??;
    made.map(Some).map_err(|error| forms::refused(request, &error))
}

async fn away(form: Form, guides: Guides) -> Result<Result<Guide, crate::engine::llm::FormError>, ApiError> {
    let failed = "the maker of grammars failed";
    let turn = MAKING.acquire().await.map_err(|_| ApiError::server_failed(failed))?;
    let (tell, told) = oneshot::channel();
    let work = move || {
        // The client may have gone when it is done; until then, no other grammar is made.
        let _turn = turn;
        let _ = tell.send(guides.make(&form));
    };
    aside("api-grammar", work).map_err(|_| ApiError::too_busy(SOON_S))?;
    told.await.map_err(|_| ApiError::server_failed(failed))
}
