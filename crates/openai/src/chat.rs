//! `POST /v1/chat/completions`: [`ChatRequest`] is read; [`Completion`] is the answer as a whole, [`Chunks`]
//! the answer as a stream of events. Must not know the model.

mod answer;
mod chunks;
mod messages;
mod request;
mod tools;
mod unsupported;

pub use answer::{Completion, Finish, Tokens};
pub use chunks::Chunks;
pub use messages::{Call, MOST_CHARACTERS, MOST_MESSAGES, Message, Role};
pub use request::{ChatRequest, MOST_STOP_CHARACTERS, MOST_STOPS};
pub use tools::{Format, MOST_TOOLS, Tool, ToolChoice};
