//! Answers that may call tools: their grammar is made first, on a thread of its own, and then the model is
//! asked. Must not know who carries the calls out.

use std::sync::Arc;

use super::EngineError;
use super::engines::Engines;
use super::llm::{Form, ToolUse};
use super::ports::{ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::threads::{lower_priority, spawn};
use crate::dialogue::tools::{ToolChoice, Tools};

/// Asks the language model on a rung for an answer that may call these tools. Returns its name. A model that
/// cannot be held to a grammar (it is scripted) is only asked. `full` is told if its queue is full when the
/// grammar is there.
///
/// # Errors
/// If there is no such model, its queue is full, or the operating system gives no thread.
pub fn ask(
    engines: &Engines,
    rung: usize,
    tools: Arc<Tools>,
    mut request: ThinkRequest,
    mut sink: Box<dyn ThinkSink>,
    full: impl FnOnce(QueueFull) + Send + 'static,
) -> Result<String, QueueFull> {
    let (name, model) = engines.models.get(rung)?;
    let name = name.to_owned();
    let Some(guides) = engines.guides.get(&name).cloned() else {
        model.begin(request, sink)?;
        return Ok(name);
    };
    let (engines, asked) = (engines.clone(), name.clone());
    let ask = move || {
        // A caller may wait for it.
        lower_priority();
        match guides.make(&form(&tools)) {
            Ok(guide) => {
                request.sampling.guide = Some(guide);
                // JSON repeats its signs.
                request.sampling.repetition_penalty = 1.0;
                // A model that was taken out of use by now is still there.
                let begun = engines.models.named(&asked).map(|model| model.begin(request, sink));
                if let Ok(Err(is_full)) = begun {
                    full(is_full);
                }
            }
            Err(error) => {
                let tool = error.tool.and_then(|index| Some(&tools.all.get(index)?.name));
                let tool = tool.map(|name| format!(" of {name:?}")).unwrap_or_default();
                let problem = format!("no call can be held to the schema{tool}: {}", error.problem);
                sink.done(Err(EngineError::BadInput(problem)));
            }
        }
    };
    spawn("tools".to_owned(), ask).map_err(|_| QueueFull("grammars of tools"))?;
    Ok(name)
}

/// What these tools let a model write.
fn form(tools: &Tools) -> Form {
    let required = match &tools.choice {
        ToolChoice::Auto | ToolChoice::None => false,
        ToolChoice::Required | ToolChoice::One(_) => true,
    };
    let usable = tools.all.iter().filter(|tool| tools.may_call(&tool.name)).cloned();
    Form::Tools(usable.collect(), ToolUse { required, parallel: true })
}
