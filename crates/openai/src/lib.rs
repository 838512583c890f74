//! The forms of the OpenAI-compatible API: requests are read and checked, answers, events and errors are
//! written. PURE: no clock, no socket, no thread, no file; must not know engines, calls or HTTP. Times and
//! ids are passed in. Each of these can be used alone:
//!
//! - [`chat`]: `POST /v1/chat/completions`. Start at [`ChatRequest::read`](chat::ChatRequest::read).
//! - [`speech`]: `POST /v1/audio/speech`.
//! - [`transcription`]: `POST /v1/audio/transcriptions`, from the text fields of the form; the files are the
//!   caller's business.
//! - [`models`]: `GET /v1/models` and `GET /v1/models/ID`.
//! - [`error`]: the one form of all refusals.
//!
//! The forms are those of the official client, openai-python 3.57 (`tests/check_with_openai.py` compares
//! them). What a client asks for and would not get is refused by name; what cannot change the answer for the
//! worse is ignored. A body has no limit here: whoever reads it from the network sets one.

pub mod chat;
pub mod error;
mod input;
pub mod models;
mod out;
pub mod speech;
mod text;
pub mod transcription;

pub use error::ApiError;
pub use out::{EVENT_STREAM, JSON};
pub use text::{MOST_SHOWN, shown};
