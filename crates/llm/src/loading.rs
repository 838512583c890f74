//! Loads a model: opens its file, reads what is needed of it, and says what is wrong and what to do where it cannot be
//! used. Must not know sessions of calls, or how a reply is made.

use std::sync::{Arc, Mutex};

use super::end_of_turn_score::SentenceMarks;
use super::engine::LlmEngine;
use super::inspect::{Head, Inspected};
use super::kernels::Kernels;
use super::model::{Shared, calls_in};
use super::options::{LlmOptions, Problem};
use super::sessions::Sessions;
use super::threads;
use super::token_bias;
use super::weights::Weights;
use crate::LoadError;

/// A model's file that was opened, and whose weights were not read.
pub struct Opened {
    head: Head,
    options: LlmOptions,
}

/// Opens a model's file. Reads its head only.
///
/// # Errors
/// If the file is missing, damaged or of a kind that cannot be run, with what to do.
pub fn open(options: LlmOptions) -> Result<Opened, LoadError> {
    match Head::open(&options) {
        Ok(head) => Ok(Opened { head, options }),
        Err(problem) => Err(problem.at(&options.model)),
    }
}

impl Opened {
    /// Looks the model over, with these instructions for it.
    ///
    /// # Errors
    /// If it has no chat template, so that it cannot answer anybody.
    pub fn inspect(&self, instructions: &str) -> Result<Inspected, LoadError> {
        self.head.inspect(&self.options, instructions)
    }

    /// Reads the weights. Takes from milliseconds to seconds with the size of the file;
    /// [`LlmEngine::warm_up`] should follow before the first call.
    ///
    /// # Errors
    /// If they cannot be run, or the caches have no memory for one call, with what to do.
    pub fn load(self) -> Result<LlmEngine, LoadError> {
        load_rest(self.head, &self.options)
    }
}

/// Opens and loads a model, where nothing is to be known of it before.
///
/// # Errors
/// As [`open`] and [`Opened::load`](super::Opened::load).
pub fn load(options: &LlmOptions) -> Result<LlmEngine, LoadError> {
    open(options.clone())?.load()
}

/// Reads the weights of a file that was opened.
fn load_rest(head: Head, options: &LlmOptions) -> Result<LlmEngine, LoadError> {
    let model = read(head, options).map_err(|problem| problem.at(&options.model))?;
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

fn read(head: Head, options: &LlmOptions) -> Result<LlmEngine, Problem> {
    let Head { file, shape: _, vocabulary, template } = head;
    let kernels = Kernels::new(options.kernels, options.threads)?;
    let (context, cache) = (options.context_tokens, options.cache_mb << 20);
    let weights = Weights::read(&file, context, cache, kernels).map_err(|error| error.to_string())?;
    let weights = Arc::new(weights);
    let markup = token_bias::against_markup(&vocabulary);
    let marks = SentenceMarks::of(&vocabulary);
    let sessions = Mutex::new(Sessions::new(calls_in(&weights)));
    let shared = Shared { weights, vocabulary, markup, marks, template, sessions };
    Ok(LlmEngine::new(shared, options.model.clone()))
}
