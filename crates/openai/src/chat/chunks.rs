//! An answer as a stream: events with `chat.completion.chunk`. [`Chunks::first`], then any number of
//! [`Chunks::text`], [`Chunks::call`] and [`Chunks::arguments`], then [`Chunks::last`]. If the answer breaks
//! off, [`ApiError::event`](crate::ApiError::event) is the last event instead.

use serde::Serialize;

use crate::chat::answer::{Finish, Tokens, Usage};
use crate::out;

/// Writes the events of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
}

impl Chunks {
    /// The answer's own name (`chatcmpl-…`), when it began (in seconds since 1970), the model, and whether
    /// the client wants the counts of tokens at the end.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>, include_usage: bool) -> Self {
        Self { id: id.into(), created, model: model.into(), include_usage }
    }

    /// The first event: who speaks.
    #[must_use]
    pub fn first(&self) -> String {
        let delta = Delta { role: Some("assistant"), content: Some(""), ..Delta::default() };
        self.event(Some(delta), None, None)
    }

    /// The next text. An empty text is no event: the result is empty, too.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.event(Some(Delta { content: Some(text), ..Delta::default() }), None, None)
    }

    /// A call of the tool `name` begins. `index` counts the calls of the answer.
    #[must_use]
    pub fn call(&self, index: usize, id: &str, name: &str) -> String {
        let function = FunctionDelta { name: Some(name), arguments: "" };
        self.calling(CallDelta { index, id: Some(id), r#type: Some("function"), function })
    }

    /// The next piece of the arguments of the call that `index` counts. No piece is no event.
    #[must_use]
    pub fn arguments(&self, index: usize, piece: &str) -> String {
        if piece.is_empty() {
            return String::new();
        }
        let function = FunctionDelta { name: None, arguments: piece };
        self.calling(CallDelta { index, id: None, r#type: None, function })
    }

    fn calling(&self, call: CallDelta<'_>) -> String {
        self.event(Some(Delta { tool_calls: Some([call]), ..Delta::default() }), None, None)
    }

    /// The last events: why the answer ended, what it took if the client wants to know, and `[DONE]`.
    #[must_use]
    pub fn last(&self, finish: Finish, tokens: Tokens) -> String {
        let mut events = self.event(Some(Delta::default()), Some(finish), None);
        if self.include_usage {
            events.push_str(&self.event(None, None, Some(tokens)));
        }
        events.push_str(out::DONE);
        events
    }

    fn event(&self, delta: Option<Delta<'_>>, finish: Option<Finish>, tokens: Option<Tokens>) -> String {
        let choice = delta.map(|delta| Choice {
            index: 0,
            delta,
            logprobs: None,
            finish_reason: finish.map(Finish::name),
        });
        out::event(&Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            choices: choice.into_iter().collect(),
            // With the counts at the end, all other events say null.
            usage: self.include_usage.then(|| tokens.map(Usage::of)),
        })
    }
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallDelta<'a>; 1]>,
}

/// The beginning of a call, or more of it.
#[derive(Serialize)]
struct CallDelta<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: FunctionDelta<'a>,
}

#[derive(Serialize)]
struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}
