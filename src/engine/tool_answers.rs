//! Answers that may call tools: their grammar is made first, and then the model is asked. Must not know who
//! carries the calls out.

use std::sync::Arc;
use std::time::Duration;

use super::engines::Engines;
use super::grammars::{Grammars, Waits, Wanted};
use super::llm::{Form, FormError, Guides, ToolUse};
use super::ports::{ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use crate::dialogue::tools::{ToolChoice, Tools};

/// How often a grammar is asked for while too many others wait, and the time between.
const MOST_TRIES: u32 = 60;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Why a model was not asked in the end.
#[derive(Debug)]
pub enum NotAsked {
    /// Its queue is full.
    Full(QueueFull),
    /// It cannot be held to these tools, for this reason.
    Refused(String),
}

/// An answer that waits for its grammar.
struct Asking<F> {
    engines: Engines,
    guides: Guides,
    name: String,
    tools: Arc<Tools>,
    request: ThinkRequest,
    sink: Box<dyn ThinkSink>,
    not_asked: F,
}

impl<F: FnOnce(NotAsked) + Send> Wanted for Asking<F> {
    fn is_unwanted(&self) -> bool {
        self.request.cancel.is_cancelled()
    }

    fn make(self: Box<Self>) {
        let Self { engines, guides, name, tools, mut request, sink, not_asked } = *self;
        match guides.make(&form(&tools)) {
            Ok(guide) => {
                request.sampling.guide = Some(guide);
                // JSON repeats its signs, and what ends a reply that is only spoken may stand in a call.
                request.sampling.repetition_penalty = 1.0;
                request.sampling.stop.clear();
                // A model that was taken out of use by now is still there.
                let begun = engines.models.named(&name).map(|model| model.begin(request, sink));
                if let Ok(Err(full)) = begun {
                    not_asked(NotAsked::Full(full));
                }
            }
            Err(error) => not_asked(NotAsked::Refused(told(&error, &tools))),
        }
    }
}

/// Asks the language model on a rung for an answer that may call these tools. Returns its name. A model that
/// cannot be held to a grammar (it is scripted) is only asked. If it cannot be asked once the grammar is
/// there, `not_asked` is told why.
///
/// # Errors
/// If there is no such model, its queue is full, or too many wait for their grammars.
pub fn ask(
    engines: &Engines,
    rung: usize,
    tools: Arc<Tools>,
    request: ThinkRequest,
    sink: Box<dyn ThinkSink>,
    not_asked: impl FnOnce(NotAsked) + Send + 'static,
) -> Result<String, QueueFull> {
    let (name, model) = engines.models.get(rung)?;
    let name = name.to_owned();
    let Some(guides) = engines.guides.get(&name).cloned() else {
        model.begin(request, sink)?;
        return Ok(name);
    };
    let engines = engines.clone();
    let grammars = engines.grammars.clone();
    let asking = Asking { engines, guides, name: name.clone(), tools, request, sink, not_asked };
    grammars.order(Waits::ACall, Box::new(asking))?;
    Ok(name)
}

/// Makes the grammar of these tools ahead: the first of a model takes a second. Waits while others wait for
/// theirs, so that no tool is lost for that.
///
/// # Errors
/// If no model can be held to them, with the name of the tool, or the others take too long.
pub fn prepare(grammars: &Grammars, guides: &Guides, tools: &Tools) -> Result<(), String> {
    if tools.are_idle() {
        return Ok(());
    }
    let mut tries = 0;
    let made = loop {
        match grammars.made(guides, form(tools)) {
            Ok(made) => break made,
            Err(full) if tries == MOST_TRIES => return Err(full.to_string()),
            Err(_) => std::thread::sleep(BETWEEN_TRIES),
        }
        tries += 1;
    };
    made.map(drop).map_err(|error| told(&error, tools))
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
