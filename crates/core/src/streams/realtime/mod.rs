//! The voice sessions of OpenAI's Realtime API over a WebSocket: JSON events, audio in base64. Turns are
//! taken by this server. Its client returns no marks; it plays what comes, and stops when the caller is said
//! to speak. PURE; must not know sockets, pacing or the conversation.
//!
//! Source: OpenAI's reference of client and server events (the generally available form), and the types of
//! its Python library.

mod asked;
mod caller;
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
use self::items::Item;
use self::names::Names;
use self::response::{Event, Outcome, Response};
use self::session::{Session, not_done};
use super::dialect::Dialect;
use super::fields::{self, Fields, only_text};
use super::{Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut, query};
use crate::dialogue::Role;
use crate::ids::TurnId;
use crate::report::{Report, ReportedTurn};

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
    fn start(&mut self) -> Option<Inbound> {
        if std::mem::replace(&mut self.running, true) {
            return None;
        }
        let prompt = Some(self.session.instructions.clone()).filter(|text| !text.is_empty());
        // In this protocol the agent does not speak before it is asked to.
        let agent = Overrides { system_prompt: prompt, greeting: Some(String::new()) };
        Some(Inbound::Started(Box::new(Start {
            stream_id: None,
            call_id: Some(self.session.id.clone()).filter(|id| !id.is_empty()),
            client_id: None,
            from: None,
            to: None,
            custom: std::collections::BTreeMap::new(),
            format: self.session.format,
            agent,
        })))
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
                return Err(not_done(kind, "turns are taken by the server: only append audio"));
            }
            "conversation.item.delete" | "conversation.item.retrieve" => {
                return Err(not_done(kind, "items are not kept by name"));
            }
            other => return Err(Refusal::malformed("type", format!("{other:?} is no event of a client"))),
        };
        Ok(self.start().into_iter().chain(meaning).collect())
    }

    fn update(&mut self, changes: &Fields<'_>) -> Result<Vec<Inbound>, Refusal> {
        let changed = self.session.changed(changes, self.running)?;
        let other = changed.instructions != self.session.instructions && self.running;
        self.session = changed;
        self.reply(("session.updated", json!({"session": self.session.told()})));
        let prompt = other.then(|| Inbound::Instructed { system_prompt: self.session.instructions.clone() });
        Ok(self.start().into_iter().chain(prompt).collect())
    }

    fn item(&mut self, item: &Fields<'_>) -> Result<Inbound, Refusal> {
        let item = Item::read(item)?;
        let id = item.id.clone().unwrap_or_else(|| self.names.of("item"));
        let told = json!({"previous_item_id": self.last_item, "item": item.told(&id)});
        self.reply(("conversation.item.added", told.clone()));
        self.reply(("conversation.item.done", told));
        self.last_item = Some(id);
        match item.role {
            Role::User => self.unanswered = true,
            // It is of an earlier conversation, and so was what came before it.
            Role::Assistant => self.unanswered = false,
            Role::System => {}
        }
        Ok(Inbound::Remembered { role: item.role, text: item.text })
    }

    fn create(&mut self, response: Option<&Fields<'_>>) -> Result<Option<Inbound>, Refusal> {
        if self.response.is_some() {
            let told = "Conversation already has an active response in progress: cancel it first";
            let told = self.problem("conversation_already_has_active_response", told);
            self.replies.push(told);
            return Ok(None);
        }
        let Asked { instructions, metadata } = response.map(Asked::read).transpose()?.unwrap_or_default();
        if instructions.is_empty() && !self.unanswered {
            let problem = "there is nothing to answer: add an item of the user's, or give instructions";
            return Err(not_done("response.create", problem));
        }
        (self.typed, self.unanswered, self.metadata) = (true, false, metadata);
        Ok(Some(Inbound::AnswerRequested { instructions }))
    }

    fn truncate(&mut self, message: &Fields<'_>) -> Result<Option<Inbound>, Refusal> {
        let item = message.id("item_id")?;
        let heard = message.number("audio_end_ms")?;
        // The client may still play what is over by the clock here.
        let Some((_, samples)) = self.spoken.as_ref().filter(|(spoken, _)| spoken == item) else {
            return Err(not_done("item_id", "only the item that was spoken last can be truncated"));
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
        let spoken = !typed && self.caller.was_heard();
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
            events.extend(response.done(Outcome::TurnDetected, None));
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
        events
    }

    // What the agent does.

    /// The response to which what the agent says now belongs, with the events that begin it.
    fn speaking(&mut self, turn: Option<TurnId>) -> (Response, Vec<Event>) {
        let mut events = Vec::new();
        let other =
            |response: &mut Response| turn.is_some() && response.turn.is_some_and(|of| Some(of) != turn);
        if let Some(before) = self.response.take_if(other) {
            events.extend(before.done(Outcome::TurnDetected, None));
        }
        let mut response = match self.response.take() {
            Some(response) => response,
            None => {
                let response = Response::new(self.names.of("resp"), turn, Value::Null);
                events.push(response.created());
                response
            }
        };
        response.turn = response.turn.or(turn);
        if response.item.is_none() {
            let item = self.names.of("item");
            events.extend(response.begun(&item, self.last_item.as_deref()));
            self.last_item = Some(item);
        }
        (response, events)
    }

    fn says(&mut self, turn: TurnId, text: &str) -> Vec<Event> {
        self.saying = Some(turn);
        let (mut response, mut events) = self.speaking(Some(turn));
        events.push(response.words(text));
        self.response = Some(response);
        events
    }

    fn sounds(&mut self, samples: &[i16]) -> Vec<Event> {
        if samples.is_empty() {
            return Vec::new();
        }
        let (mut response, mut events) = self.speaking(self.saying);
        events.push(response.audio(samples.len(), &self.session.format.bytes(samples)));
        self.spoken = response.item.clone().map(|item| (item, response.samples));
        self.response = Some(response);
        events
    }

    fn turn_over(&mut self, turn: &ReportedTurn) -> Vec<Event> {
        let of_turn = |response: &mut Response| response.turn == Some(turn.turn.turn);
        let Some(response) = self.response.take_if(of_turn) else { return Vec::new() };
        let outcome = match (turn.turn.interrupted, response.cancelled) {
            (false, _) => Outcome::Completed,
            (true, false) => Outcome::TurnDetected,
            (true, true) => Outcome::ClientCancelled,
        };
        response.done(outcome, Some(turn))
    }

    fn clear(&mut self) -> Vec<Event> {
        // No report will come of a response that was not heard.
        let unheard = |response: &mut Response| response.cancelled && response.samples == 0;
        if let Some(response) = self.response.take_if(unheard) {
            return response.done(Outcome::ClientCancelled, None);
        }
        let Some(response) = self.response.as_mut().filter(|response| response.is_heard()) else {
            return Vec::new();
        };
        (response.cleared, response.cuts) = (true, response.cuts + 1);
        self.caller.cuts_in(&mut self.names)
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
            Media::Started { .. } | Media::Mark { .. } | Media::Hangup => Vec::new(),
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
            Report::Turn(turn) => self.turn_over(turn),
            Report::Error { code, message } => return vec![self.problem(code, message)],
            Report::Pong(_) | Report::Summary(_) => Vec::new(),
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
