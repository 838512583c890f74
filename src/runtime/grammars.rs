//! Makes grammars that answers are held to for which no call waits: away from sockets, one after the other,
//! and only with what everything else leaves free. Must not know what is done with them.

use tokio::sync::{Semaphore, oneshot};

use crate::engine::llm::{Form, FormError, Guide, Guides};
use crate::engine::threads::aside;

/// One grammar is made at a time, for all who want one.
static MAKING: Semaphore = Semaphore::const_new(1);

/// Why there is no grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// The system gives no thread now.
    Busy,
    /// The maker did not come back.
    Failed,
}

/// Makes a grammar of this form, or says what is wrong with the form.
///
/// # Errors
/// If it cannot be made, whatever the form is.
pub async fn made(form: Form, guides: Guides) -> Result<Result<Guide, FormError>, NotMade> {
    let turn = MAKING.acquire().await.map_err(|_| NotMade::Failed)?;
    let (tell, told) = oneshot::channel();
    let work = move || {
        // Who wanted it may have gone when it is done; until then, no other grammar is made.
        let _turn = turn;
        let _ = tell.send(guides.make(&form));
    };
    aside("api-grammar", work).map_err(|_| NotMade::Busy)?;
    told.await.map_err(|_| NotMade::Failed)
}
