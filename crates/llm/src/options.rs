//! Which model and what it may use, and what is told of a file that cannot be used. Must not know how a file is
//! read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kernels::KernelChoice;
use super::template::TemplateChoice;
use crate::files::{CHANGED, WHEN_CHANGED, search_path};
use crate::{LoadError, NO_SUCH_FILE};

/// Longest text about a file that cannot be used.
const PROBLEM_CHARS: usize = 600;

/// Which model, and what it may use.
#[derive(Debug, Clone)]
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
    /// The time since 1970, for templates that write the date.
    pub date: fn() -> Duration,
}

/// What is wrong with a file, and what can be done.
pub(super) struct Problem {
    text: String,
    remedy: String,
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        let remedy = if text == NO_SUCH_FILE {
            search_path::where_to_put("llm.model")
        } else if text == CHANGED {
            WHEN_CHANGED.to_owned()
        } else {
            "set llm.model to a GGUF file of the architecture phi3, gemma3 or llama (docs/models.md)"
                .to_owned()
        };
        Self { text, remedy }
    }
}

impl Problem {
    /// One with the chat template.
    pub(super) fn of_template(text: String) -> Self {
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

/// A problem as people can read it: names and texts in it may come from the file, and a damaged one has
/// names of megabytes, or with signs that a terminal obeys.
pub(super) fn shown(problem: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = problem.chars().map(plain).take(PROBLEM_CHARS).collect();
    if problem.chars().nth(PROBLEM_CHARS).is_some() {
        shown.push_str("...");
    }
    shown
}

/// What is wrong where there is no chat template.
pub(super) fn no_template() -> Problem {
    Problem::of_template("it has no chat template, so nothing tells how to lay out who said what".to_owned())
}
