//! The options of a model, and the error messages for a file that cannot be used. Must not know how a file is
//! read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::architecture::Architecture;
use super::kernels::KernelChoice;
use super::template::TemplateChoice;
use crate::files::{CHANGED, WHEN_CHANGED, readable, search_path};
use crate::{LoadError, NO_SUCH_FILE};

/// The maximum length of a problem's text.
const PROBLEM_CHARS: usize = 600;

/// The model's file, and the resources that the model may use.
#[derive(Debug, Clone)]
pub struct LlmOptions {
    /// A GGUF file.
    pub model: PathBuf,
    /// Threads of one step; see [`limit_threads`](super::limit_threads).
    pub threads: usize,
    /// The kernels that multiply the matrices.
    pub kernels: KernelChoice,
    /// The maximum number of tokens in a conversation, reply included. The model's own limit holds too.
    pub context_tokens: usize,
    /// Memory that the caches of all calls may take together, in MiB.
    pub cache_mb: usize,
    /// Replaces the chat template in the file.
    pub chat_template: Option<TemplateChoice>,
    /// Whether a model that can think before it answers does so. Thoughts are never spoken.
    pub thinking: bool,
    /// The time since 1970, for templates that write the date.
    pub date: fn() -> Duration,
}

/// What is wrong with a file, and the remedy.
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
            format!(
                "set llm.model to a GGUF file of one of the architectures {} (docs/models.md)",
                Architecture::names()
            )
        };
        Self { text, remedy }
    }
}

impl Problem {
    /// A problem with the chat template.
    pub(super) fn of_template(text: String) -> Self {
        let remedy = format!(
            "use a model that was tuned for conversations (its name often ends in -instruct, -it or -chat), \
             or set llm.chat_template to the template that it was tuned with: {}, or a file",
            TemplateChoice::NAMES.join(", ")
        );
        Self { text, remedy }
    }

    /// The error for the file at `path`.
    pub(super) fn at(self, path: &Path) -> LoadError {
        let Self { text, remedy } = self;
        LoadError { kind: "language", path: path.display().to_string(), problem: shown(&text), remedy }
    }
}

/// Makes a problem readable. Names and texts in it may come from the file, and a damaged file may have names
/// of megabytes.
pub(super) fn shown(problem: &str) -> String {
    readable(problem, PROBLEM_CHARS)
}

/// The problem of a model without a chat template.
pub(super) fn no_template() -> Problem {
    Problem::of_template("it has no chat template, so conversations cannot be laid out for it".to_owned())
}
