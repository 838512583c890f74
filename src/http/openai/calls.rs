//! Calls of tools in an answer: found as it is written, and told as a whole or piece by piece. Must not know
//! how an answer is made.

use crate::dialogue::tools::{CallReader, Said};
use crate::openai::chat::{Call, ChatRequest, Chunks, ToolChoice};

/// A part of an answer. Calls have the numbers in which they come.
pub(super) enum Part {
    /// Text.
    Text(String),
    /// A call begins: its number, its id and its tool.
    Call(usize, String, String),
    /// The next piece of a call's arguments.
    Arguments(usize, String),
}

/// Finds the calls in an answer that may have some.
pub(super) struct Reading {
    reader: Option<CallReader>,
    /// What is in the ids of calls.
    name: String,
    /// Calls that began, and those that are whole.
    begun: usize,
    whole: usize,
}

impl Reading {
    /// `name` is the answer's own.
    pub(super) fn new(request: &ChatRequest, name: &str) -> Self {
        let has_calls = request.tool_choice != ToolChoice::Never;
        let reader = has_calls.then(CallReader::default);
        Self { reader, name: name.to_owned(), begun: 0, whole: 0 }
    }

    /// What is certain with the next text.
    pub(super) fn push(&mut self, text: &str) -> Vec<Part> {
        let Some(reader) = &mut self.reader else { return vec![Part::Text(text.to_owned())] };
        let mut parts = Vec::new();
        for said in reader.push(text) {
            match said {
                Said::Text(text) => parts.push(Part::Text(text)),
                Said::Call(tool) => {
                    parts.push(Part::Call(self.begun, format!("call_{}_{}", self.name, self.begun), tool));
                    self.begun += 1;
                }
                Said::Arguments(piece) => parts.push(Part::Arguments(self.begun.saturating_sub(1), piece)),
                Said::End => self.whole += 1,
            }
        }
        parts
    }

    /// What was held back, once no more text comes.
    pub(super) fn finish(&mut self) -> Vec<Part> {
        self.reader.as_mut().map_or_else(Vec::new, |reader| vec![Part::Text(reader.finish())])
    }

    /// Whether the answer has calls, and all of them are whole.
    pub(super) fn is_calls(&self) -> bool {
        self.begun > 0 && self.begun == self.whole
    }

    /// The number of calls that are whole.
    pub(super) fn whole(&self) -> usize {
        self.whole
    }
}

/// An answer as a whole.
#[derive(Default)]
pub(super) struct Answer {
    text: String,
    calls: Vec<Call>,
}

impl Answer {
    /// The next parts.
    pub(super) fn add(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Text(more) => self.text.push_str(&more),
                Part::Call(_, id, name) => self.calls.push(Call { id, name, arguments: String::new() }),
                Part::Arguments(_, piece) => {
                    if let Some(call) = self.calls.last_mut() {
                        call.arguments.push_str(&piece);
                    }
                }
            }
        }
    }

    /// The text, and the calls. Only `whole` of them are: the last may have been cut off.
    pub(super) fn done(mut self, whole: usize) -> (String, Vec<Call>) {
        self.calls.truncate(whole);
        if !self.calls.is_empty() {
            self.text.truncate(self.text.trim_end().len());
        }
        (self.text, self.calls)
    }
}

/// The events of parts.
pub(super) fn told(chunks: &Chunks, parts: Vec<Part>) -> String {
    let event = |part| match part {
        Part::Text(text) => chunks.text(&text),
        Part::Call(index, id, name) => chunks.call(index, &id, &name),
        Part::Arguments(index, piece) => chunks.arguments(index, &piece),
    };
    parts.into_iter().map(event).collect()
}
