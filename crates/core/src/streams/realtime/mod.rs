//! The voice sessions of OpenAI's Realtime API over a WebSocket: JSON events, audio in base64. Turns are
//! taken by this server. Its client returns no marks; it plays what comes, and stops when the caller is said
//! to speak. PURE; must not know sockets, pacing or the conversation.
//!
//! Source: OpenAI's reference of client and server events (the generally available form), and the types of
//! its Python library.

mod agent;
mod asked;
mod caller;
mod functions;
mod items;
mod names;
mod response;
mod session;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Value, json};

use self::asked::Asked;
use self::caller::Caller;
use self::functions::{Calls, Output};
use self::items::Item;
use self::names::Names;
use self::response::{Event, Response};
use self::session::Session;
use super::dialect::Dialect;
use super::fields::{self, Fields, only_text};
use super::{Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut, query};
use crate::dialogue::Role;
use crate::ids::TurnId;
use crate::report::Report;

/// One session's codec.
#[derive(Debug)]
pub struct Realtime {
    session: Session,
    running: bool,
    replies: Vec<WireOut>,
    names: Names,
    /// The client's name of the event that is being read, which an error repeats.
    event: Option<String>,
    caller: Caller,
    response: Option<Response>,
    last_item: Option<String>,
    /// The agent was asked to answer typed words or instructions: what it answers next is no new item.
    typed: bool,
    /// Something was typed that is not answered.
    unanswered: bool,
    /// What the client attached to the answer that it asks for.
    metadata: Value,
    /// The turn that the agent speaks.
    saying: Option<TurnId>,
    /// The item that was spoken last, and how many samples of it were sent.
    spoken: Option<(String, u64)>,
    calls: Calls,
}

impl Realtime {
    /// A codec for a socket that has just opened, with these parameters in its address: `id`, the server's
    /// name for the session, and the `model` that was asked for.
    #[must_use]
    pub fn with_parameters(query: &str) -> Self {
        let parameters = query::parse(query);
        let parameter = |name: &str| parameters.get(name).map_or("", String::as_str);
        Self {
            session: Session::new(parameter("id"), parameter("model")),
            running: false,
            replies: Vec::new(),
            names: Names::default(),
            event: None,
            caller: Caller::default(),
            response: None,
            last_item: None,
            typed: false,
            unanswered: false,
            metadata: Value::Null,
            saying: None,
            spoken: None,
            calls: Calls::default(),
        }
    }

    fn event(&mut self, (kind, mut body): Event) -> WireOut {
        body["type"] = json!(kind);
        body["event_id"] = json!(self.names.of("event"));
        WireOut::Text(body.to_string())
    }

    fn events(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<WireOut> {
        events.into_iter().map(|event| self.event(event)).collect()
    }

    fn reply(&mut self, event: Event) {
        let reply = self.event(event);
        self.replies.push(reply);
    }

    fn problem(&mut self, code: &str, message: &str) -> WireOut {
        let event = self.event.take();
        self.event((
            "error",
            json!({"error": {
                "type": "invalid_request_error", "code": code, "message": message, "param": null,
                "event_id": event,
            }}),
        ))
    }

    /// The call begins with the first event that needs it.
    fn start(&mut self) -> Vec<Inbound> {
        if std::mem::replace(&mut self.running, true) {
            return Vec::new();
        }
        let prompt = Some(self.session.instructions.clone()).filter(|text| !text.is_empty());
        // In this protocol the agent does not speak before it is asked to.
        let agent =
            Overrides { system_prompt: prompt, greeting: Some(String::new()), ..Overrides::default() };
        let start = Inbound::Started(Box::new(Start {
            stream_id: None,
            call_id: Some(self.session.id.clone()).filter(|id| !id.is_empty()),
            client_id: None,
            from: None,
            to: None,
            custom: std::collections::BTreeMap::new(),
            format: self.session.format,
            agent,
        }));
        let tools = Some(self.session.tools.clone()).filter(|tools| !tools.are_idle());
        let equipped = tools.map(|tools| Inbound::ToolsGiven { tools, system_prompt: None });
        let limited = self.session.most_tokens.map(|most| Inbound::AnswersLimited { tokens: Some(most) });
        [start].into_iter().chain(equipped).chain(limited).collect()
    }

    fn read(&mut self, message: &Fields<'_>) -> Result<Vec<Inbound>, Refusal> {
        let kind = message.id("type")?;
        let meaning = match kind {
            "session.update" => return self.update(&message.object("session", "session")?),
            "input_audio_buffer.append" => {
                let samples = message.audio("audio", self.session.format)?;
                Some(Inbound::Audio { samples, position_ms: None })
            }
            "conversation.item.create" => Some(self.item(&message.object("item", "item")?)?),
            "conversation.item.truncate" => self.truncate(message)?,
            "response.create" => self.create(message.optional_object("response", "response")?.as_ref())?,
            "response.cancel" => {
                if let Some(response) = &mut self.response {
                    response.cancelled = true;
                    Some(Inbound::Interrupt)
                } else {
                    // Clients know this code, and that it is none of their mistakes.
                    let told = "Cancellation failed: no active response found";
                    let told = self.problem("response_cancel_not_active", told);
                    self.replies.push(told);
                    None
                }
            }
            "input_audio_buffer.commit" | "input_audio_buffer.clear" => {
                return Err(Refusal::not_done(kind, "turns are taken by the server: only append audio"));
            }
            "conversation.item.delete" | "conversation.item.retrieve" => {
                return Err(Refusal::not_done(kind, "items are not kept by name"));
            }
            other => return Err(Refusal::malformed("type", format!("{other:?} is no event of a client"))),
        };
        Ok(self.start().into_iter().chain(meaning).collect())
    }

    fn update(&mut self, changes: &Fields<'_>) -> Result<Vec<Inbound>, Refusal> {
        let changed = self.session.changed(changes, self.running)?;
        let other = changed.instructions != self.session.instructions && self.running;
        // Also those that were given before: the agent may have had no room for them.
        let names_tools = ["tools", "tool_choice"].iter().any(|field| changes.get(field).is_some());
        let equipped = names_tools && self.running;
        let limited = self.running && changed.most_tokens != self.session.most_tokens;
        let limited = limited.then_some(Inbound::AnswersLimited { tokens: changed.most_tokens });
        self.session = changed;
        self.reply(("session.updated", json!({"session": self.session.told()})));
        let prompt = Some(self.session.instructions.clone()).filter(|text| !text.is_empty());
        let given = match (prompt, equipped) {
            // Whether there is room depends on both.
            (system_prompt, true) => {
                Some(Inbound::ToolsGiven { tools: self.session.tools.clone(), system_prompt })
            }
            (Some(system_prompt), false) if other => Some(Inbound::Instructed { system_prompt }),
            (_, false) => None,
        };
        Ok(self.start().into_iter().chain(given).chain(limited).collect())
    }

    fn item(&mut self, item: &Fields<'_>) -> Result<Inbound, Refusal> {
        if item.optional_id("type")? == Some("function_call_output") {
            let Output { id, call, text } = self.calls.returned(item)?;
            self.item_added(id, |id| functions::output_told(id, call, &text));
            self.unanswered = true;
            return Ok(Inbound::ToolReturned { call, output: text });
        }
        let item = Item::read(item)?;
        self.item_added(item.id.clone(), |id| item.told(id));
        match item.role {
            Role::User => self.unanswered = true,
            // It is of an earlier conversation, and so was what came before it.
            Role::Assistant => self.unanswered = false,
            Role::System | Role::Tool => {}
        }
        Ok(Inbound::Remembered { role: item.role, text: item.text })
    }

    /// Tells the client of the item that it added, under its own name for it or a new one.
    fn item_added(&mut self, id: Option<String>, told: impl FnOnce(&str) -> Value) {
        let id = id.unwrap_or_else(|| self.names.of("item"));
        let told = json!({"previous_item_id": self.last_item, "item": told(&id)});
        self.reply(("conversation.item.added", told.clone()));
        self.reply(("conversation.item.done", told));
        self.last_item = Some(id);
    }

    fn create(&mut self, response: Option<&Fields<'_>>) -> Result<Option<Inbound>, Refusal> {
        // What tools have brought is answered behind the response that called them, and what the agent says
        // of its own accord gives way.
        if self.response.as_ref().is_some_and(|response| response.answers && !response.calls_functions()) {
            let told = "Conversation already has an active response in progress: cancel it first";
            let told = self.problem("conversation_already_has_active_response", told);
            self.replies.push(told);
            return Ok(None);
        }
        let Asked { instructions, metadata } = response.map(Asked::read).transpose()?.unwrap_or_default();
        if instructions.is_empty() && !self.unanswered {
            let problem = "there is nothing to answer: add an item of the user's, or give instructions";
            return Err(Refusal::not_done("response.create", problem));
        }
        (self.typed, self.unanswered, self.metadata) = (true, false, metadata);
        if let Some(response) = self.response.as_mut().filter(|response| !response.answers) {
            response.cancelled = true;
        }
        Ok(Some(Inbound::AnswerRequested { instructions }))
    }

    fn truncate(&mut self, message: &Fields<'_>) -> Result<Option<Inbound>, Refusal> {
        let item = message.id("item_id")?;
        let heard = message.number("audio_end_ms")?;
        // The client may still play what is over by the clock here.
        let Some((_, samples)) = self.spoken.as_ref().filter(|(spoken, _)| spoken == item) else {
            return Err(Refusal::not_done("item_id", "only the item that was spoken last can be truncated"));
        };
        let sent = samples * 1000 / u64::from(self.session.format.rate);
        if heard > sent {
            let problem = format!("{heard}: only {sent} ms of its audio were sent");
            return Err(Refusal::malformed("audio_end_ms", problem));
        }
        // What is said again after a cut is counted by the client in a way that nobody knows here.
        let cut_once = |response: &Response| {
            response.item.as_deref() == Some(item) && response.cleared && response.cuts == 1
        };
        let first_cut = self.response.as_ref().is_some_and(cut_once);
        let told = json!({"item_id": item, "content_index": 0, "audio_end_ms": heard});
        self.reply(("conversation.item.truncated", told));
        Ok(first_cut.then_some(Inbound::HeardNoMoreThan { lasting: Duration::from_millis(heard) }))
    }

    // What the caller does.

    fn caller_speaks(&mut self, at_ms: u64) -> Option<Event> {
        let agent_is_heard = self.response.as_ref().is_some_and(Response::is_heard);
        self.caller.begins(at_ms, agent_is_heard, &mut self.names)
    }

    /// The caller's turn is over, and an answer is coming.
    fn heard(&mut self, turn: TurnId, text: &str) -> Vec<Event> {
        let typed = std::mem::take(&mut self.typed);
        // What a tool has brought has no words of the caller's.
        let spoken = !typed && self.caller.was_heard() && !text.is_empty();
        if !typed
            && !spoken
            && let Some(response) = &mut self.response
        {
            // Another language model answers the same words.
            response.turn = Some(turn);
            return Vec::new();
        }
        let mut events = Vec::new();
        // A filler is the beginning of the answer.
        if let Some(response) = self.response.take_if(|response| response.turn != Some(turn)) {
            let outcome = response.cut_by();
            events.extend(response.done(outcome, None));
        }
        self.unanswered = false;
        if spoken {
            let (item, told) = self.caller.has_spoken(text, self.last_item.as_deref(), &mut self.names);
            self.last_item = Some(item);
            events.extend(told);
        }
        if self.response.is_none() {
            let metadata = std::mem::take(&mut self.metadata);
            let response = Response::new(self.names.of("resp"), Some(turn), metadata);
            events.push(response.created());
            self.response = Some(response);
        }
        if let Some(response) = &mut self.response {
            response.answers = true;
        }
        events
    }
}

impl Gateway for Realtime {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        self.event = None;
        // A request that is granted is answered at once.
        self.typed = false;
        let map = fields::parse(only_text(wire)?)?;
        let message = Fields::top(&map);
        self.event = message.remark("event_id");
        match self.read(&message) {
            // A session that has not begun goes on: its client corrects itself.
            Err(refusal) if !self.running => {
                let problem = self.problem(refusal.code.as_str(), &refusal.reason);
                self.replies.push(problem);
                Ok(Vec::new())
            }
            meaning => meaning,
        }
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let events = match *media {
            Media::Audio { samples } => self.sounds(samples),
            Media::Clear => self.clear(),
            Media::Started { .. } | Media::Mark { .. } | Media::Hangup | Media::Transfer { .. } => Vec::new(),
        };
        self.events(events)
    }

    fn greeting(&mut self) -> Vec<WireOut> {
        let session = self.session.told();
        vec![self.event(("session.created", json!({"session": session})))]
    }

    fn replies(&mut self) -> Vec<WireOut> {
        std::mem::take(&mut self.replies)
    }

    fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        let events = match *report {
            Report::CallerSpeaks { at_ms } => self.caller_speaks(at_ms).into_iter().collect(),
            Report::CallerPauses { at_ms } => self.caller.pauses(at_ms).into_iter().collect(),
            Report::Hearing { stable, .. } => self.caller.says(stable).into_iter().collect(),
            Report::Heard { turn, text } => self.heard(turn, text),
            Report::Saying { turn, text, .. } => self.says(turn, text),
            Report::ToolsCalled { turn, calls } => self.calls_tools(turn, calls),
            Report::Turn(turn) => self.turn_over(turn),
            Report::Error { code, message } => return vec![self.problem(code, message)],
            Report::ToolBegan { .. } | Report::ToolEnded(_) | Report::Pong(_) | Report::Summary(_) => {
                Vec::new()
            }
        };
        self.events(events)
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Realtime)
    }

    fn disordered(&self) -> u64 {
        0
    }
}
