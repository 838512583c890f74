//! Inspects a model file before its weights are read: whether the model can be run, how much of the cache a
//! call takes, how many tokens a prompt has. Must not know how any of it is computed.

use std::io::ErrorKind;

use super::architecture::ShapeError;
use super::expected;
use super::gguf::Gguf;
use super::model::room_tokens;
use super::options::{LlmOptions, Problem, no_template, shown};
use super::pool::{Geometry, Pool};
use super::prompt::PromptWriter;
use super::shape::Shape;
use super::template::{ChatTemplate, TemplateChoice};
use super::tokenizer::Fragment;
use super::value::GgufError;
use super::vocabulary::Vocabulary;
use crate::dialogue::{Message, Role};
use crate::{LoadError, NO_SUCH_FILE};

/// Everything in a model file but its weights.
pub(super) struct Head {
    pub(super) file: Gguf,
    pub(super) shape: Shape,
    pub(super) vocabulary: Vocabulary,
    pub(super) template: Option<ChatTemplate>,
}

impl Head {
    /// Opens a file, with the chat template that was configured, or else the file's own.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do.
    pub(super) fn open(options: &LlmOptions) -> Result<Self, Problem> {
        if options.context_tokens == 0 {
            return Err("llm.context_tokens is 0".to_owned().into());
        }
        let file = Gguf::open(&options.model).map_err(|error| {
            let missing = matches!(&error, GgufError::Io(io) if io.kind() == ErrorKind::NotFound);
            if missing { NO_SUCH_FILE.to_owned() } else { error.to_string() }
        })?;
        let shape = Shape::read(&file).map_err(|error: ShapeError| error.to_string())?;
        expected::check(&file, &shape).map_err(|error| error.to_string())?;
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
            options.date,
            options.thinking,
        );
        let template = template.map_err(Problem::of_template)?;
        let taken = template.as_ref().map(|template| vocabulary.take_for_markers(&template.literals()));
        if let Some(taken) = taken.filter(|taken| !taken.is_empty()) {
            let markers = shown(&taken.join(" "));
            tracing::warn!(
                model = %options.model.display(),
                markers,
                "the file calls these markers of its chat template ordinary words; they are used as markers"
            );
        }
        if let Some(template) = template.as_ref().filter(|_| chosen.is_some())
            && has_foreign_markers(&template.literals(), &vocabulary)
        {
            let text = "its vocabulary has none of the markers of that chat template".to_owned();
            return Err(Problem::of_template(text));
        }
        Ok(Self { file, shape, vocabulary, template })
    }

    /// Inspects the model, with `instructions` as its system prompt.
    ///
    /// # Errors
    /// If the model has no chat template, so that it cannot hold a conversation.
    pub(super) fn inspect(&self, options: &LlmOptions, instructions: &str) -> Result<Inspected, LoadError> {
        if self.template.is_none() {
            return Err(no_template().at(&options.model));
        }
        let Shape { layers, kv_heads, head_width, context, .. } = self.shape;
        let pool = Pool::new(Geometry { layers, kv_heads, head_width }, options.cache_mb << 20);
        let pages = pool.pages_for(room_tokens(options.context_tokens.min(context)));
        Ok(Inspected {
            context,
            calls: pool.pages() / pages.max(1),
            bytes_per_call: pages.saturating_mul(pool.page_bytes()),
            bytes: self.file.length(),
            prompt_tokens: prompt_tokens(self, instructions),
        })
    }
}

/// Whether what a template writes around messages looks like markers, and is none to this vocabulary. The
/// begin token is any model's own.
fn has_foreign_markers(literals: &str, vocabulary: &Vocabulary) -> bool {
    let is_marker = |fragment: &Fragment<'_>| match fragment {
        Fragment::Marker(id) => Some(*id) != vocabulary.begin,
        Fragment::Text(_) => false,
    };
    literals.contains('<') && !vocabulary.split_markers(literals).iter().any(is_marker)
}

/// The properties of a model whose weights are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Positions that the model was trained for.
    pub context: usize,
    /// The number of calls whose caches fit into the memory for caches.
    pub calls: usize,
    /// Memory for the cache of one call, in bytes.
    pub bytes_per_call: usize,
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// Tokens of the shortest prompt with these instructions. `None` if the template cannot write one.
    pub prompt_tokens: Option<usize>,
}

fn prompt_tokens(head: &Head, instructions: &str) -> Option<usize> {
    let message = |role, text: &str| Message { role, text: text.to_owned() };
    let mut messages = vec![message(Role::User, "Hello.")];
    if !instructions.trim().is_empty() {
        messages.insert(0, message(Role::System, instructions));
    }
    let writer =
        PromptWriter { vocabulary: &head.vocabulary, template: head.template.as_ref()?, replies: &[] };
    writer.fitted(&messages, 0, usize::MAX).ok().map(|prompt| prompt.tokens.len())
}
