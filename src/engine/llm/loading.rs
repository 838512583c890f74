//! Loads a model: opens its file, reads what is needed of it, and says what is wrong and what to do where it cannot be
//! used. Must not know sessions of calls, or how a reply is made.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::architecture::Shape;
use super::engine::{LlmEngine, Shared, calls_in};
use super::gguf::{Gguf, GgufError};
use super::kernels::Kernels;
use super::sessions::Sessions;
use super::speakable;
use super::template::{ChatTemplate, TemplateChoice};
use super::threads;
use super::turn_end::SentenceMarks;
use super::vocabulary::Vocabulary;
use super::weights::Weights;
use crate::config;
use crate::engine::{KernelChoice, LoadError};

/// Longest text about a file that cannot be used.
const PROBLEM_CHARS: usize = 600;

/// Which model, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlmOptions {
    /// A GGUF file.
    pub model: PathBuf,
    /// Threads of one step; see [`limit_threads`](super::limit_threads).
    pub threads: usize,
    /// What multiplies the matrices.
    pub kernels: KernelChoice,
    /// Tokens of a conversation, reply included. The model's own limit holds too.
    pub context_tokens: usize,
    /// Memory that the caches of all calls may take together.
    pub cache_mb: usize,
    /// In the place of the chat template in the file.
    pub chat_template: Option<TemplateChoice>,
}

impl LlmOptions {
    /// As configured, with this file; with `llm.model` if there is none.
    #[must_use]
    pub fn new(llm: &config::Llm, model: Option<&Path>) -> Self {
        let model = model.unwrap_or(&llm.model).to_owned();
        let config::Llm { threads, kernels, context_tokens, cache_mb, .. } = *llm;
        let chat_template = llm.template_of(&model).cloned();
        Self { model, threads, kernels, context_tokens, cache_mb, chat_template }
    }
}

/// What is wrong with a file, and what can be done.
pub(super) struct Problem {
    text: String,
    remedy: String,
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        let remedy =
            "build the demo model with `make -C models/demo/train/llm`, or set llm.model to a GGUF file";
        Self { text, remedy: remedy.to_owned() }
    }
}

impl Problem {
    /// One with the chat template.
    fn of_template(text: String) -> Self {
        let remedy = format!(
            "take the file of a model that was tuned for conversations (its name often ends in -instruct, -it or \
             -chat), or set llm.chat_template to the template that it was tuned with: {}, or a file",
            TemplateChoice::NAMES.join(", ")
        );
        Self { text, remedy }
    }

    /// As it is told, of this file.
    pub(super) fn at(self, path: &Path) -> LoadError {
        let Self { text, remedy } = self;
        LoadError { kind: "language", path: path.display().to_string(), problem: shown(&text), remedy }
    }
}

/// Loads a model. Takes from milliseconds to seconds with the size of the file; [`LlmEngine::warm_up`]
/// should follow before the first call.
pub fn load(options: &LlmOptions) -> Result<LlmEngine, LoadError> {
    let model = read(options).map_err(|problem| problem.at(&options.model))?;
    if let (0, bytes) = model.capacity() {
        let (of_one, all) = (bytes.div_ceil(1 << 20), options.cache_mb);
        return Err(LoadError {
            kind: "language",
            path: options.model.display().to_string(),
            problem: format!("what it keeps of one call takes {of_one} MiB, and llm.cache_mb is {all}"),
            remedy: "raise llm.cache_mb, or lower llm.context_tokens".to_owned(),
        });
    }
    if !threads::is_limited_to(options.threads) {
        tracing::debug!(threads = options.threads, "the thread pool of the language model has another size");
    }
    Ok(model)
}

/// A problem as people can read it: names and texts in it may come from the file, and a damaged one has
/// names of megabytes, or with signs that a terminal obeys.
fn shown(problem: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = problem.chars().map(plain).take(PROBLEM_CHARS).collect();
    if problem.chars().nth(PROBLEM_CHARS).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Reads what says whether a file can be used, all but its weights, as [`load`] and
/// [`LlmEngine::check_conversations`] would.
///
/// # Errors
/// If they would refuse it.
pub fn check(options: &LlmOptions) -> Result<(), LoadError> {
    let template = Front::read(options).map(|front| front.template);
    let template = template.and_then(|template| template.ok_or_else(no_template));
    template.map(drop).map_err(|problem| problem.at(&options.model))
}

/// What is wrong where there is no chat template.
pub(super) fn no_template() -> Problem {
    Problem::of_template("it has no chat template, so nothing tells how to lay out who said what".to_owned())
}

/// What stands before the weights.
struct Front {
    file: Gguf,
    vocabulary: Vocabulary,
    template: Option<ChatTemplate>,
}

impl Front {
    fn read(options: &LlmOptions) -> Result<Self, Problem> {
        if options.context_tokens == 0 {
            return Err("llm.context_tokens is 0".to_owned().into());
        }
        let file = Gguf::open(&options.model).map_err(|error| {
            if let GgufError::Io(io) = &error
                && io.kind() == ErrorKind::NotFound
            {
                return "there is no such file".to_owned();
            }
            error.to_string()
        })?;
        let shape = Shape::read(&file).map_err(|error| error.to_string())?;
        let mut vocabulary = Vocabulary::read(&file, shape.architecture, shape.vocabulary)
            .map_err(|error| error.to_string())?;
        let chosen = options.chat_template.as_ref().map(TemplateChoice::read).transpose();
        let chosen = chosen.map_err(Problem::of_template)?;
        let own = file.text("tokenizer.chat_template").map_err(|error| error.to_string())?;
        let template = ChatTemplate::new(
            chosen.as_deref().or(own),
            shape.architecture,
            vocabulary.text_of(vocabulary.begin),
            vocabulary.text_of(vocabulary.end),
        );
        let template = template.map_err(Problem::of_template)?;
        let taken = template.as_ref().map(|template| vocabulary.take_for_markers(&template.literals()));
        if let Some(taken) = taken.filter(|taken| !taken.is_empty()) {
            let markers = shown(&taken.join(" "));
            tracing::warn!(
                model = %options.model.display(),
                markers,
                "the model's file calls these markers of its chat template ordinary words; they are taken for markers"
            );
        }
        Ok(Self { file, vocabulary, template })
    }
}

fn read(options: &LlmOptions) -> Result<LlmEngine, Problem> {
    let Front { file, vocabulary, template } = Front::read(options)?;
    let kernels = Kernels::new(options.kernels, options.threads)?;
    let (context, cache) = (options.context_tokens, options.cache_mb << 20);
    let weights = Weights::read(&file, context, cache, kernels).map_err(|error| error.to_string())?;
    let weights = Arc::new(weights);
    let markup = speakable::against_markup(&vocabulary);
    let marks = SentenceMarks::of(&vocabulary);
    let sessions = Mutex::new(Sessions::new(calls_in(&weights)));
    let shared = Shared { weights, vocabulary, markup, marks, template, sessions };
    Ok(LlmEngine::new(shared, options.model.clone()))
}
