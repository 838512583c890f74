//! Answers that may call tools: their grammar is made first, on a thread of its own, and then the model is
//! asked. Must not know who carries the calls out.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use super::engines::Engines;
use super::llm::{Form, FormError, Guides, ToolUse};
use super::ports::{ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::threads::{lower_priority, spawn};
use crate::dialogue::tools::{ToolChoice, Tools};

/// Grammars are made one after the other: they take cores that no call counts.
static MAKING: Mutex<()> = Mutex::new(());

/// Answers that wait for their grammars.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The most of them.
const MOST_WAITING: usize = 32;

/// Why a model was not asked in the end.
#[derive(Debug)]
pub enum NotAsked {
    /// Its queue is full.
    Full(QueueFull),
    /// It cannot be held to these tools, for this reason.
    Refused(String),
}

/// Asks the language model on a rung for an answer that may call these tools. Returns its name. A model that
/// cannot be held to a grammar (it is scripted) is only asked. If it cannot be asked once the grammar is
/// there, `not_asked` is told why.
///
/// # Errors
/// If there is no such model, its queue is full, or the operating system gives no thread.
pub fn ask(
    engines: &Engines,
    rung: usize,
    tools: Arc<Tools>,
    mut request: ThinkRequest,
    sink: Box<dyn ThinkSink>,
    not_asked: impl FnOnce(NotAsked) + Send + 'static,
) -> Result<String, QueueFull> {
    let (name, model) = engines.models.get(rung)?;
    let name = name.to_owned();
    let Some(guides) = engines.guides.get(&name).cloned() else {
        model.begin(request, sink)?;
        return Ok(name);
    };
    const BUSY: QueueFull = QueueFull("grammars of tools");
    if WAITING.fetch_add(1, Relaxed) >= MOST_WAITING {
        WAITING.fetch_sub(1, Relaxed);
        return Err(BUSY);
    }
    let (engines, asked) = (engines.clone(), name.clone());
    let ask = move || {
        // A caller may wait for it.
        lower_priority();
        let made = {
            let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
            WAITING.fetch_sub(1, Relaxed);
            if request.cancel.is_cancelled() {
                return;
            }
            guides.make(&form(&tools))
        };
        match made {
            Ok(guide) => {
                request.sampling.guide = Some(guide);
                // JSON repeats its signs, and what ends a reply that is only spoken may stand in a call.
                request.sampling.repetition_penalty = 1.0;
                request.sampling.stop.clear();
                // A model that was taken out of use by now is still there.
                let begun = engines.models.named(&asked).map(|model| model.begin(request, sink));
                if let Ok(Err(full)) = begun {
                    not_asked(NotAsked::Full(full));
                }
            }
            Err(error) => not_asked(NotAsked::Refused(told(&error, &tools))),
        }
    };
    spawn("tools".to_owned(), ask).map_err(|_| {
        WAITING.fetch_sub(1, Relaxed);
        BUSY
    })?;
    Ok(name)
}

/// Makes the grammar of these tools ahead: the first of a model takes a second.
///
/// # Errors
/// If no model can be held to them, with the name of the tool.
pub fn prepare(guides: &Guides, tools: &Tools) -> Result<(), String> {
    if tools.are_idle() {
        return Ok(());
    }
    guides.make(&form(tools)).map(drop).map_err(|error| told(&error, tools))
}

fn told(error: &FormError, tools: &Tools) -> String {
    let tool = error.tool.and_then(|index| Some(&tools.all.get(index)?.name));
    let tool = tool.map(|name| format!(" of {name:?}")).unwrap_or_default();
    format!("no call can be held to the schema{tool}: {}", error.problem)
}

/// What these tools let a model write.
fn form(tools: &Tools) -> Form {
    let required = match &tools.choice {
        ToolChoice::Auto | ToolChoice::None => false,
        ToolChoice::Required | ToolChoice::One(_) => true,
    };
    let parallel = !matches!(tools.choice, ToolChoice::One(_));
    let usable = tools.all.iter().filter(|tool| tools.may_call(&tool.name)).cloned();
    Form::Tools(usable.collect(), ToolUse { required, parallel })
}
