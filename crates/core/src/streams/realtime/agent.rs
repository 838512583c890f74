//! What the agent does in a session, as events of its responses: it speaks, calls functions, gives way. Must
//! not know what the client asks for.

use serde_json::Value;

use super::Realtime;
use super::response::{Event, Outcome, Response};
use crate::ids::TurnId;
use crate::report::{CalledTool, ReportedTurn};

impl Realtime {
    /// The response to which what the agent does now belongs, with the events that begin it.
    fn responding(&mut self, turn: Option<TurnId>) -> (Response, Vec<Event>) {
        let mut events = Vec::new();
        let other =
            |response: &mut Response| turn.is_some() && response.turn.is_some_and(|of| Some(of) != turn);
        if let Some(before) = self.response.take_if(other) {
            let outcome = before.cut_by();
            events.extend(before.done(outcome, None));
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
        (response, events)
    }

    /// The same for what the agent says.
    fn speaking(&mut self, turn: Option<TurnId>) -> (Response, Vec<Event>) {
        let (mut response, mut events) = self.responding(turn);
        if response.item.is_none() {
            let item = self.names.of("item");
            events.extend(response.begun(&item, self.last_item.as_deref()));
            self.last_item = Some(item);
        }
        (response, events)
    }

    pub(super) fn says(&mut self, turn: TurnId, text: &str) -> Vec<Event> {
        self.saying = Some(turn);
        let (mut response, mut events) = self.speaking(Some(turn));
        events.push(response.words(text));
        self.response = Some(response);
        events
    }

    pub(super) fn sounds(&mut self, samples: &[i16]) -> Vec<Event> {
        if samples.is_empty() {
            return Vec::new();
        }
        let (mut response, mut events) = self.speaking(self.saying);
        events.push(response.audio(samples.len(), &self.session.format.bytes(samples)));
        self.spoken = response.item.clone().map(|item| (item, response.samples));
        self.response = Some(response);
        events
    }

    /// The agent calls functions, each an item of its own.
    pub(super) fn calls_tools(&mut self, turn: TurnId, calls: &[CalledTool]) -> Vec<Event> {
        let (mut response, mut events) = self.responding(Some(turn));
        for called in calls {
            self.calls.begin(called.id);
            let item = self.names.of("item");
            events.extend(response.calls(&item, self.last_item.as_deref(), called));
            self.last_item = Some(item);
        }
        self.response = Some(response);
        events
    }

    pub(super) fn turn_over(&mut self, turn: &ReportedTurn) -> Vec<Event> {
        let of_turn = |response: &mut Response| response.turn == Some(turn.turn.turn);
        let Some(response) = self.response.take_if(of_turn) else { return Vec::new() };
        let outcome = match turn.turn.interrupted {
            // What was heard in its place is no answer. A client that asks again at this must not do so over
            // a caller who has cut in.
            false if turn.turn.failed => Outcome::Failed,
            false if turn.turn.tokens.as_ref().is_some_and(|tokens| tokens.cut) => Outcome::Cut,
            false => Outcome::Completed,
            true => response.cut_by(),
        };
        response.done(outcome, Some(turn))
    }

    pub(super) fn clear(&mut self) -> Vec<Event> {
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
