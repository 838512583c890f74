//! What a call does with its tools: each is carried out for this caller, on this line, in these records. Must
//! not know how the model came to call it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::clock::since_1970;
use super::orders::Order;
use super::services::Services;
use super::toolbox::{Kept, Toolbox};
use crate::dialogue::tools::ToolCall;
use crate::ids::{CallId, ToolCallId};
use crate::streams::api::are_keys;
use crate::streams::transfer::{Destination, Leg};
use crate::tools::{Asked, ToolError};

/// A note that the disk has not taken by then is told as one that may be lost.
const PATIENCE_WITH_DISKS: Duration = Duration::from_secs(3);

/// The hands of one call.
#[derive(Clone)]
pub(super) struct Hands {
    call: CallId,
    /// The name of this call for others: no two calls have the same.
    key: String,
    leg: Leg,
    services: Services,
    /// The way back to the call.
    orders: mpsc::Sender<Order>,
}

impl Hands {
    /// Those of a call on this leg; its orders come back through `orders`.
    #[must_use]
    pub(super) fn new(call: CallId, leg: Leg, services: Services, orders: mpsc::Sender<Order>) -> Self {
        let key = format!("{}-{}", call, since_1970().as_micros());
        Self { call, key, leg, services, orders }
    }

    /// Another agent uses them.
    pub(super) fn are_for(&mut self, services: &Services) {
        self.services = services.clone();
    }

    /// Where tools work that go on when their call is over.
    #[must_use]
    pub(super) fn errands(&self) -> TaskTracker {
        self.services.errands.clone()
    }

    /// Carries out a call of a tool. What it brings is text that a model reads. The same call asks for the
    /// same thing, or for something else each time if it is numbered (`again`).
    ///
    /// # Errors
    /// Why it was not done, for the model and for people.
    pub(super) async fn carry_out(
        &self,
        call: &ToolCall,
        again: Option<ToolCallId>,
    ) -> Result<String, String> {
        let arguments = call.as_object().ok_or_else(|| "the arguments are no JSON object".to_owned())?;
        let toolbox: Arc<Toolbox> = self.services.toolbox.clone();
        // The same for every try of this call, and for no other call of this server.
        let key = format!("{}-{}", self.key, what_is_asked(call, again.map(|number| number.0)));
        let asked = Asked { arguments: &arguments, idempotency_key: &key };
        match toolbox.kept(&call.name) {
            Some(Kept::HangUp | Kept::HandOver(_)) => Err("the call goes on".to_owned()),
            Some(Kept::Transfer(to)) => self.transfer(to, &arguments).await,
            Some(Kept::SendKeys) => self.send_keys(&arguments).await,
            Some(Kept::Note) => self.note(&call.name, &call.arguments).await,
            Some(Kept::Http(tool)) => brought(tool.call(&asked).await),
            None => {
                for server in toolbox.servers() {
                    if let Some(result) = server.call(&call.name, &asked).await {
                        return brought(result);
                    }
                }
                Err("there is no such tool".to_owned())
            }
        }
    }

    async fn transfer(
        &self,
        to: &BTreeMap<String, Destination>,
        arguments: &Map<String, Value>,
    ) -> Result<String, String> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let destination = text("to").and_then(|name| to.get(name)).ok_or("there is no such destination")?;
        let transferred = self.services.transfer(&self.leg, destination, text("briefing")).await;
        // A call that is gone has ended by the transfer.
        let _ = self.orders.send(transferred.map_err(|error| error.to_string())?).await;
        Ok("The caller is being transferred.".to_owned())
    }

    async fn send_keys(&self, arguments: &Map<String, Value>) -> Result<String, String> {
        let keys = arguments.get("keys").and_then(Value::as_str).unwrap_or_default();
        if !are_keys(keys) {
            return Err("keys are 1 to 20 of 0 to 9, * and #".to_owned());
        }
        let pressed = self.services.press(self.leg.dialect, self.leg.call.as_deref(), keys).await;
        pressed.map_err(|error| error.to_string())?;
        Ok("The keys were pressed.".to_owned())
    }

    async fn note(&self, tool: &str, arguments: &str) -> Result<String, String> {
        let Some(records) = self.services.records.clone() else {
            return Err("this server keeps no records".to_owned());
        };
        let (call, tool, arguments) = (self.call.clone(), tool.to_owned(), arguments.to_owned());
        let kept =
            tokio::task::spawn_blocking(move || records.note(&call, &tool, &arguments, PATIENCE_WITH_DISKS));
        match kept.await {
            Ok(true) => Ok("It is written down.".to_owned()),
            Ok(false) | Err(_) => Err("it is not known whether it was written down.".to_owned()),
        }
    }
}

/// What the model reads of a result: of an error, also whether it may have been done all the same.
fn brought(result: Result<String, ToolError>) -> Result<String, String> {
    result.map_err(|error| {
        let known = if error.may_have_been_done() {
            "It is not known whether it was done."
        } else {
            "It was not done."
        };
        format!("{error}. {known}")
    })
}

/// A name of what is asked for: a call that is made again, since it is not known whether it was done, has the
/// same; one of a tool that may be repeated has its own.
fn what_is_asked(call: &ToolCall, again: Option<u32>) -> String {
    // The order of the arguments is no difference.
    let arguments: BTreeMap<String, Value> = call.as_object().unwrap_or_default().into_iter().collect();
    let text = format!("{}{}{again:?}", call.name, serde_json::to_string(&arguments).unwrap_or_default());
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_again_has_the_same_name_and_nothing_else_has() {
        let call = |arguments: &str| ToolCall { name: "book".to_owned(), arguments: arguments.to_owned() };
        let name = |arguments: &str, again| what_is_asked(&call(arguments), again);
        let first = name(r#"{"day": "Tuesday", "at": 10}"#, None);
        assert_eq!(first, name(r#"{"at":10,"day":"Tuesday"}"#, None));
        assert_ne!(first, name(r#"{"at":11,"day":"Tuesday"}"#, None));
        assert_ne!(name("{}", Some(1)), name("{}", Some(2)));
    }
}
