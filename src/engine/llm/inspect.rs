//! What a model's file says of itself before its weights are read: whether it can be run, what a call takes of
//! the cache, how long a prompt is in its tokens. Must not know how any of it is computed.

use std::io::ErrorKind;
use std::path::Path;

use super::architecture::{Shape, ShapeError};
use super::engine::{LlmOptions, refused, room_tokens};
use super::gguf::{Gguf, GgufError};
use super::pool::{Geometry, Pool};
use super::prompt::PromptWriter;
use super::template::ChatTemplate;
use super::vocabulary::Vocabulary;
use crate::engine::{LoadError, Message, NO_SUCH_FILE, Role};

/// Everything in a file but its weights.
pub(super) struct Head {
    pub(super) file: Gguf,
    pub(super) shape: Shape,
    pub(super) vocabulary: Vocabulary,
    pub(super) template: Option<ChatTemplate>,
}

impl Head {
    /// Opens a file.
    ///
    /// # Errors
    /// What is wrong with it, for a person to read.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = Gguf::open(path).map_err(|error| {
            let missing = matches!(&error, GgufError::Io(io) if io.kind() == ErrorKind::NotFound);
            if missing { NO_SUCH_FILE.to_owned() } else { error.to_string() }
        })?;
        let shape = Shape::read(&file).map_err(|error: ShapeError| error.to_string())?;
        let vocabulary = Vocabulary::read(&file, shape.architecture, shape.vocabulary)
            .map_err(|error| error.to_string())?;
        let template = ChatTemplate::new(
            file.text("tokenizer.chat_template").map_err(|error| error.to_string())?,
            shape.architecture,
            vocabulary.text_of(vocabulary.begin),
            vocabulary.text_of(vocabulary.end),
        )?;
        Ok(Self { file, shape, vocabulary, template })
    }
}

/// What is known of a model whose weights were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Positions that it was trained for.
    pub context: usize,
    /// Calls whose caches fit into the memory that they may take.
    pub calls: usize,
    /// What the cache of one takes, in bytes.
    pub bytes_per_call: usize,
    /// Bytes of the file.
    pub bytes: u64,
    /// Tokens of the shortest prompt with these instructions; `None` where its template cannot write one.
    pub prompt_tokens: Option<usize>,
}

/// Looks a model over without reading its weights.
///
/// # Errors
/// If the file is missing, damaged or of a kind that cannot be run, as [`load`](super::load) tells it.
pub fn inspect(options: &LlmOptions, instructions: &str) -> Result<Inspected, LoadError> {
    let head = Head::open(&options.model).map_err(|problem| refused(options, &problem))?;
    let bytes = std::fs::metadata(&options.model).map_or(0, |file| file.len());
    let Shape { layers, kv_heads, head_width, context, .. } = head.shape;
    let pool = Pool::new(Geometry { layers, kv_heads, head_width }, options.cache_mb << 20);
    let pages = pool.pages_for(room_tokens(options.context_tokens.min(context)));
    Ok(Inspected {
        context,
        calls: pool.pages() / pages.max(1),
        bytes_per_call: pages.saturating_mul(pool.page_bytes()),
        bytes,
        prompt_tokens: prompt_tokens(&head, instructions),
    })
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
