//! Grammars that answers are held to for which no call waits. Must not know what is done with them.

use tokio::sync::oneshot::{self, Sender};

use crate::engine::grammars::{Grammars, Waits, Wanted};
use crate::engine::llm::{Form, FormError, Guide, Guides};

/// Why there is no grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// Too many wait for one, or the system gives no thread now.
    Busy,
    /// The maker did not come back.
    Failed,
}

/// A grammar for which a task waits.
struct Awaited {
    guides: Guides,
    form: Form,
    tell: Sender<Result<Guide, FormError>>,
}

impl Wanted for Awaited {
    fn is_unwanted(&self) -> bool {
        self.tell.is_closed()
    }

    fn make(self: Box<Self>) {
        let Self { guides, form, tell } = *self;
        let _ = tell.send(guides.make(&form));
    }
}

/// Has a grammar of this form made, or says what is wrong with the form.
///
/// # Errors
/// If it cannot be made, whatever the form is.
pub async fn made(
    grammars: &Grammars,
    guides: Guides,
    form: Form,
) -> Result<Result<Guide, FormError>, NotMade> {
    let (tell, told) = oneshot::channel();
    let wanted = Box::new(Awaited { guides, form, tell });
    grammars.order(Waits::NoCall, wanted).map_err(|_| NotMade::Busy)?;
    told.await.map_err(|_| NotMade::Failed)
}
