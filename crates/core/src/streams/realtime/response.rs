//! What the agent says, as the events of a response: created, its one item with its audio and its words,
//! done. Must not know why the agent speaks.

use serde_json::{Value, json};

use crate::ids::TurnId;
use crate::report::{CalledTool, ReportedTurn};
use crate::streams::fields::base64;

/// How a response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was heard to its end.
    Completed,
    /// It was heard to where the model had to stop: no more tokens were allowed.
    Cut,
    /// An engine failed: a phrase that apologises was heard in place of the answer, or a part of it is
    /// missing.
    Failed,
    /// The caller cut in.
    TurnDetected,
    /// The client cancelled it.
    ClientCancelled,
}

/// A response that is not done.
#[derive(Debug, Clone)]
pub(super) struct Response {
    id: String,
    /// The item of its words; `None` before the first.
    pub(super) item: Option<String>,
    /// Its place among the items of the response.
    index: usize,
    /// The calls of functions, which are items of their own, by their places.
    calls: Vec<(usize, Value)>,
    /// The turn that it answers, once that is known.
    pub(super) turn: Option<TurnId>,
    transcript: String,
    /// Samples that were sent of it.
    pub(super) samples: u64,
    /// What the client attached to its request.
    metadata: Value,
    /// It answers somebody. Else the agent speaks of its own accord, as to a silent caller.
    pub(super) answers: bool,
    /// The client has cancelled it.
    pub(super) cancelled: bool,
    /// Its playback was cleared, and nothing was sent since.
    pub(super) cleared: bool,
    /// How often its playback was cleared.
    pub(super) cuts: u32,
}

/// An event without its id: its type and its fields.
pub(super) type Event = (&'static str, Value);

impl Response {
    pub(super) fn new(id: String, turn: Option<TurnId>, metadata: Value) -> Self {
        Self {
            id,
            item: None,
            index: 0,
            calls: Vec::new(),
            turn,
            transcript: String::new(),
            samples: 0,
            metadata,
            answers: false,
            cancelled: false,
            cleared: false,
            cuts: 0,
        }
    }

    /// True if its client plays it.
    pub(super) fn is_heard(&self) -> bool {
        self.samples > 0 && !self.cleared
    }

    pub(super) fn created(&self) -> Event {
        ("response.created", json!({"response": self.told("in_progress", &Value::Null, &[])}))
    }

    /// The item begins, behind `previous`.
    pub(super) fn begun(&mut self, item: &str, previous: Option<&str>) -> Vec<Event> {
        self.item = Some(item.to_owned());
        self.index = self.calls.len();
        let item = self.item("in_progress", None);
        vec![
            self.of_item("response.output_item.added", self.index, &item),
            ("conversation.item.added", json!({"previous_item_id": previous, "item": item})),
            self.of_part("response.content_part.added", json!({"part": {"type": "audio", "transcript": ""}})),
        ]
    }

    pub(super) fn audio(&mut self, samples: usize, bytes: &[u8]) -> Event {
        self.samples += samples as u64;
        self.cleared = false;
        self.of_part("response.output_audio.delta", json!({"delta": base64(bytes)}))
    }

    pub(super) fn words(&mut self, text: &str) -> Event {
        let space = if self.transcript.is_empty() { "" } else { " " };
        let delta = format!("{space}{text}");
        self.transcript.push_str(&delta);
        self.of_part("response.output_audio_transcript.delta", json!({"delta": delta}))
    }

    /// A function is called: an item that is there as a whole, behind `previous`.
    pub(super) fn calls(&mut self, item: &str, previous: Option<&str>, called: &CalledTool) -> Vec<Event> {
        let CalledTool { id, call } = called;
        let index = self.calls.len() + usize::from(self.item.is_some());
        let told = |status: &str, arguments: &str| {
            json!({
                "object": "realtime.item", "id": item, "type": "function_call", "status": status,
                "call_id": id.to_string(), "name": call.name, "arguments": arguments,
            })
        };
        let of_call = |kind: &'static str, mut body: Value| {
            body["response_id"] = json!(self.id);
            body["item_id"] = json!(item);
            body["output_index"] = json!(index);
            body["call_id"] = json!(id.to_string());
            (kind, body)
        };
        let (begun, whole) = (told("in_progress", ""), told("completed", &call.arguments));
        let arguments = json!({"name": call.name, "arguments": call.arguments});
        let events = vec![
            self.of_item("response.output_item.added", index, &begun),
            ("conversation.item.added", json!({"previous_item_id": previous, "item": begun})),
            of_call("response.function_call_arguments.delta", json!({"delta": call.arguments})),
            of_call("response.function_call_arguments.done", arguments),
            self.of_item("response.output_item.done", index, &whole),
            ("conversation.item.done", json!({"previous_item_id": previous, "item": whole})),
        ];
        self.calls.push((index, whole));
        events
    }

    /// True if it calls functions.
    pub(super) fn calls_functions(&self) -> bool {
        !self.calls.is_empty()
    }

    /// How it ends if it is cut.
    pub(super) fn cut_by(&self) -> Outcome {
        if self.cancelled { Outcome::ClientCancelled } else { Outcome::TurnDetected }
    }

    /// The response is over. The item keeps the words that were `heard`, if it is known which.
    pub(super) fn done(self, outcome: Outcome, turn: Option<&ReportedTurn>) -> Vec<Event> {
        let (status, details) = match outcome {
            Outcome::Completed => ("completed", Value::Null),
            Outcome::Cut => ("incomplete", json!({"type": "incomplete", "reason": "max_output_tokens"})),
            Outcome::Failed => {
                let message = "an engine failed, and its answer is missing or not whole: the server's log \
                               says why";
                let error = json!({"type": "server_error", "code": "engine_failed", "message": message});
                ("failed", json!({"type": "failed", "error": error}))
            }
            Outcome::TurnDetected => ("cancelled", json!({"type": "cancelled", "reason": "turn_detected"})),
            Outcome::ClientCancelled => {
                ("cancelled", json!({"type": "cancelled", "reason": "client_cancelled"}))
            }
        };
        let mut events = Vec::new();
        let mut output = self.calls.clone();
        if self.item.is_some() {
            let ends = if outcome == Outcome::Completed { "completed" } else { "incomplete" };
            let heard = turn.map(|turn| turn.turn.reply.as_str());
            let item = self.item(ends, Some(heard.unwrap_or(&self.transcript)));
            let part = json!({"part": {"type": "audio", "transcript": self.transcript}});
            events.extend([
                self.of_part("response.output_audio.done", json!({})),
                self.of_part("response.output_audio_transcript.done", json!({"transcript": self.transcript})),
                self.of_part("response.content_part.done", part),
                self.of_item("response.output_item.done", self.index, &item),
                ("conversation.item.done", json!({"item": item})),
            ]);
            output.push((self.index, item));
        }
        output.sort_by_key(|(index, _)| *index);
        let output: Vec<Value> = output.into_iter().map(|(_, item)| item).collect();
        let mut told = self.told(status, &details, &output);
        // Clients add up what they are told, so that there is always something.
        let tokens = turn.and_then(|turn| turn.turn.tokens.clone()).unwrap_or_default();
        told["usage"] = json!({
            "total_tokens": tokens.prompt + tokens.generated,
            "input_tokens": tokens.prompt,
            "output_tokens": tokens.generated,
            "input_token_details": {"text_tokens": tokens.prompt, "cached_tokens": tokens.reused},
            "output_token_details": {"text_tokens": tokens.generated},
        });
        events.push(("response.done", json!({"response": told})));
        events
    }

    fn told(&self, status: &str, details: &Value, output: &[Value]) -> Value {
        json!({
            "object": "realtime.response", "id": self.id, "status": status, "status_details": details,
            "output": output, "output_modalities": ["audio"], "usage": null, "metadata": self.metadata,
        })
    }

    fn item(&self, status: &str, transcript: Option<&str>) -> Value {
        let content = transcript.map(|text| json!({"type": "output_audio", "transcript": text}));
        json!({
            "object": "realtime.item", "id": self.item, "type": "message", "role": "assistant",
            "status": status, "content": content.into_iter().collect::<Vec<_>>(),
        })
    }

    /// An event about one of its items.
    fn of_item(&self, kind: &'static str, index: usize, item: &Value) -> Event {
        (kind, json!({"response_id": self.id, "output_index": index, "item": item}))
    }

    /// An event about the one part of the item of its words.
    fn of_part(&self, kind: &'static str, mut body: Value) -> Event {
        body["response_id"] = json!(self.id);
        body["item_id"] = json!(self.item);
        body["output_index"] = json!(self.index);
        body["content_index"] = json!(0);
        (kind, body)
    }
}
