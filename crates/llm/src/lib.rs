//! The language model: GGUF files, a forward pass of our own, and a cache outside the weights. Must not know
//! calls, gateways or the conversation.
//!
//! ```text
//! header, stored   kernels          math, matmul_f32, pool ── cache ── attention
//!   └─ gguf ── architecture, positions ── layer ── weights
//!        │                                            └─ sequence ── sessions ──┐
//!        └──── vocabulary ─── tokenizer       sampler ──────────────────────────┼── reply ── engine
//!              ├───────────── decoder ──────────────────────────────────────────┤
//!              └─ template ── prompt ───────────────────────────────────────────┘
//!
//! tokenizer = SentencePiece, or pretokenizer and byte_level; both join by bpe_merge
//! kernels = products of matrices in vector instructions, and the threads that share all large work
//! tensor_type, iq4 = the types of weights
//! expected = the tensors that a model needs;  inspect = all of a file but its weights
//! decoder, detokenizer = back to text
//! thoughts = what a model thinks before it answers, which is not spoken
//! tools, schema = what replies can be held to;  guides, guide = how, token by token
//! token_bias = tokens that the sampler keeps out;  free_memory = what is left for a model
//! bench_support = for measurements
//! ```
//!
//! `Weights` are immutable and shared. A `Sequence` owns tokens and a paged cache, and can be extended,
//! rolled back and forked. A `Reply` is a sequence that is being extended, step by step.

mod architecture;
mod attention;
mod bench_support;
mod bpe_merge;
mod byte_level;
mod cache;
mod decoder;
mod detokenizer;
mod end_of_turn_score;
mod engine;
mod error;
mod expected;
mod free_memory;
mod generator;
mod gguf;
mod guide;
mod guides;
mod header;
mod inspect;
mod iq4;
mod kernels;
mod layer;
mod loading;
mod math;
mod matmul_f32;
mod model;
mod options;
mod pool;
mod positions;
mod pretokenizer;
mod prompt;
mod reply;
mod sampler;
mod schema;
mod sequence;
mod sessions;
mod shape;
mod stored;
mod survive;
mod template;
mod tensor_type;
mod thoughts;
mod threads;
mod token_bias;
mod tokenizer;
mod tools;
mod value;
mod vocabulary;
mod weights;

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod conversation_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod published_tests;
#[cfg(test)]
mod reply_tests;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod test_model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vector_tests;
// Shared with the tests of the program.
#[cfg(test)]
#[path = "../../../src/waiting.rs"]
mod waiting;

use offhook_core::dialogue;
use offhook_files as files;

pub use bench_support::{BenchSequence, BenchSessions, Machine, decode_together};
pub use engine::LlmEngine;
pub use error::{EngineError, LoadError, NO_SUCH_FILE};
pub use free_memory::free_memory;
pub use generator::{Generation, Generator, NoRoom, Room, Rooms, Sampling, Share, Step, StopReason, Task};
pub use guide::Guide;
pub use guides::{Form, FormError, Guides, check as check_form};
pub use inspect::Inspected;
pub use kernels::KernelChoice;
pub use layer::Demand;
pub use loading::{Opened, load, open};
pub use options::LlmOptions;
pub use pool::PoolUse;
pub use reply::Reply;
pub use survive::survive;
pub use template::TemplateChoice;
pub use threads::limit_threads;
pub use tools::ToolUse;
