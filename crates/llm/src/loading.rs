//! Loads a model: opens its file, reads the parts that are needed, and reports what is wrong with a file that
//! cannot be used and what to do. Must not know sessions of calls, or how a reply is made.

use std::sync::{Arc, Mutex};

use super::end_of_turn_score::SentenceMarks;
use super::engine::LlmEngine;
use super::free_memory::free_memory;
use super::inspect::{Head, Inspected};
use super::kernels::Kernels;
use super::model::{Shared, calls_in};
use super::options::{LlmOptions, Problem};
use super::sessions::Sessions;
use super::threads;
use super::token_bias;
use super::weights::Weights;
use crate::LoadError;

/// An opened model file whose weights are not read yet.
pub struct Opened {
    head: Head,
    options: LlmOptions,
}

/// Opens a model file and reads everything in it but the weights.
///
/// # Errors
/// If the file is missing, damaged or of a kind that cannot be run; the error says what to do.
pub fn open(options: LlmOptions) -> Result<Opened, LoadError> {
    match Head::open(&options) {
        Ok(head) => Ok(Opened { head, options }),
        Err(problem) => Err(problem.at(&options.model)),
    }
}

impl Opened {
    /// Inspects the model, with `instructions` as its system prompt.
    ///
    /// # Errors
    /// If the model has no chat template, so that it cannot hold a conversation.
    pub fn inspect(&self, instructions: &str) -> Result<Inspected, LoadError> {
        self.head.inspect(&self.options, instructions)
    }

    /// Reads the weights. This takes milliseconds to seconds, depending on the size of the file.
    /// [`LlmEngine::warm_up`] should follow before the first call.
    ///
    /// # Errors
    /// If the weights cannot be run, or the cache has no memory for one call; the error says what to do.
    pub fn load(self) -> Result<LlmEngine, LoadError> {
        load_rest(self.head, &self.options)
    }
}

/// Opens and loads a model, without an inspection in between.
///
/// # Errors
/// As [`open`] and [`Opened::load`](super::Opened::load).
pub fn load(options: &LlmOptions) -> Result<LlmEngine, LoadError> {
    open(options.clone())?.load()
}

/// Reads the weights of an opened file. They are kept in memory of our own, so a model that is larger than
/// what is free would end the process, or another one.
fn load_rest(head: Head, options: &LlmOptions) -> Result<LlmEngine, LoadError> {
    let needed = head.file.length();
    if let Some(free) = free_memory().filter(|free| *free < needed) {
        return Err(LoadError {
            kind: "language",
            path: options.model.display().to_string(),
            problem: format!(
                "its weights take {} MiB, and {} MiB of memory are free",
                needed >> 20,
                free >> 20
            ),
            remedy: "take a smaller model or a coarser type (`offhook models list`), or free some memory"
                .to_owned(),
        });
    }
    let model = read(head, options).map_err(|problem| problem.at(&options.model))?;
    if let (0, bytes) = model.capacity() {
        let (of_one, all) = (bytes.div_ceil(1 << 20), options.cache_mb);
        return Err(LoadError {
            kind: "language",
            path: options.model.display().to_string(),
            problem: format!("the cache of one call takes {of_one} MiB, and llm.cache_mb is {all}"),
            remedy: "raise llm.cache_mb, or lower llm.context_tokens".to_owned(),
        });
    }
    if !threads::is_limited_to(options.threads) {
        tracing::debug!(threads = options.threads, "the language model's thread pool has a different size");
    }
    Ok(model)
}

fn read(head: Head, options: &LlmOptions) -> Result<LlmEngine, Problem> {
    let Head { file, shape: _, vocabulary, template } = head;
    let kernels = Kernels::new(options.kernels, options.threads)?;
    let (context, cache) = (options.context_tokens, options.cache_mb << 20);
    let weights = Weights::read(&file, context, cache, kernels).map_err(|error| error.to_string())?;
    let weights = Arc::new(weights);
    let thoughts = if options.thinking { Arc::default() } else { token_bias::against_thoughts(&vocabulary) };
    let markup = token_bias::against_markup(&vocabulary);
    let markup = markup.iter().chain(thoughts.iter()).copied().collect();
    let marks = SentenceMarks::of(&vocabulary);
    let sessions = Mutex::new(Sessions::new(calls_in(&weights)));
    let shared = Shared { weights, vocabulary, markup, thoughts, marks, template, sessions };
    Ok(LlmEngine::new(shared, options.model.clone()))
}
