//! The grammar that an answer is held to, made for a client. Must not know what is done with it.

use std::time::Duration;

use tokio::time::timeout;

use super::answers::SOON_S;
use super::forms;
use crate::engine::grammars::Grammars;
use crate::engine::llm::{Guide, Guides};
use crate::openai::ApiError;
use crate::openai::chat::ChatRequest;
use crate::runtime::grammars::{self, NotMade};

/// A grammar that takes longer is given up: calls leave no time.
const LONGEST: Duration = Duration::from_secs(60);

/// The grammar that the answer is held to, if there is one. `guides` are those of the model that is asked.
pub(super) async fn made(
    request: &ChatRequest,
    grammars: &Grammars,
    guides: Option<Guides>,
) -> Result<Option<Guide>, ApiError> {
    let Some(form) = forms::form(request) else { return Ok(None) };
    let Some(guides) = guides else { return Err(forms::not_held(request)) };
    let late = |_| ApiError::too_busy(SOON_S);
    let not_made = |why| match why {
        NotMade::Busy => ApiError::too_busy(SOON_S),
        NotMade::Failed => ApiError::server_failed("the maker of grammars failed"),
    };
    let made =
        timeout(LONGEST, grammars::made(grammars, guides, form)).await.map_err(late)?.map_err(not_made)?;
    made.map(Some).map_err(|error| forms::refused(request, &error))
}
