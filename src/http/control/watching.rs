//! A running call, watched: its reports as server-sent events, in the form of our own protocol, with the
//! words that records would keep. Must not know how a call works.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde_json::json;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::described::CALLS;
use super::problems::{Problem, Refusal};
use crate::app::App;
use crate::config::Records;
use crate::http::admin::BySession;
use crate::http::listen::Connection;
use crate::ids::CallId;
use crate::records::Redaction;
use crate::report::{Report, Summary};
use crate::runtime::watching::{NotWatched, Reader, Told};
use crate::streams::native::message_of;

/// A client gets a sign of life so often, and its right to watch is looked at again.
const EVERY: Duration = Duration::from_secs(15);

/// How long a client may leave everything unread, in such periods.
const UNREAD: u32 = 3;

/// Proxies must not keep events back.
pub(super) const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// What happens in a running call, from its beginning on, as it comes: server-sent events.
#[utoipa::path(
    get, path = "/calls/{id}/events", operation_id = "watch_call", tag = CALLS,
    params(("id" = String, Path, description = "The call's name.")),
    responses(
        (status = 200, description = "The events: lines of JSON, each with its `type`.", content(("text/event-stream"))),
        (status = 404, description = "There is no running call of this name.", body = Refusal),
        (status = 503, description = "Too many watch calls already.", body = Refusal),
    ),
)]
pub(super) async fn events(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    Extension(BySession(session)): Extension<BySession>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.watching.watch(&CallId::new(&id)).map_err(|error| {
        let status = match error {
            NotWatched::NoCall => StatusCode::NOT_FOUND,
            NotWatched::TooMany => StatusCode::SERVICE_UNAVAILABLE,
        };
        Problem::new(status, error.to_string())
    })?;
    tracing::info!(call = %id, "an operator watches the call");
    let words = Words::of(&app.config.records);
    connection.take_longer(EVERY * UNREAD);
    let first = json!({"type": "call", "left_out": reader.left_out, "words": words.name()}).to_string();
    let mut alive = interval(EVERY);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch { app, connection, session, words, reader, alive, first: Some(first), ended: false };
    let events = unfold(watch, async |mut watch| Some((Ok::<Bytes, Infallible>(watch.next().await?), watch)));
    Ok((HEADERS, Body::from_stream(events)).into_response())
}

/// What the words of a call go through.
struct Words {
    kept: bool,
    redact: Redaction,
}

impl Words {
    fn of(records: &Records) -> Self {
        Self { kept: records.transcripts, redact: records.redact }
    }

    fn name(&self) -> &'static str {
        match (self.kept, self.redact) {
            (false, _) => "none",
            (true, Redaction::Off) => "all",
            (true, Redaction::Cards | Redaction::All) => "redacted",
        }
    }

    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.kept { self.redact.text(text, &[]) } else { Cow::Borrowed("") }
    }

    /// The event of a report; `None` if its words may not be seen.
    fn event(&self, told: &Told) -> Option<Bytes> {
        let message = match told {
            Told::CallerSpeaks(at_ms) => Some(json!({"type": "caller_speaks", "at_ms": at_ms}).to_string()),
            Told::CallerPauses(at_ms) => Some(json!({"type": "caller_pauses", "at_ms": at_ms}).to_string()),
            // Of a number that is still being said, nothing can be taken out.
            Told::Hearing { .. } | Told::Saying(..) if self.name() != "all" => None,
            Told::Hearing { utterance, stable, unstable } => {
                message_of(&Report::Hearing { utterance: *utterance, stable, unstable })
            }
            Told::Heard(..) if !self.kept => None,
            Told::Heard(turn, text) => message_of(&Report::Heard { turn: *turn, text: &self.text(text) }),
            Told::Saying(turn, mark, text) => message_of(&Report::Saying { turn: *turn, text, mark: *mark }),
            // What a tool was given and what it brought may be anything that the caller has said.
            Told::ToolBegan(turn, call, name) => Some(
                json!({"type": "tool_began", "turn": turn.0, "tool_call": call.to_string(), "name": name})
                    .to_string(),
            ),
            Told::ToolEnded(turn, call, name, end, took_ms) => Some(
                json!({
                    "type": "tool_ended", "turn": turn.0, "tool_call": call.to_string(), "name": name,
                    "end": end.name(), "took_ms": took_ms,
                })
                .to_string(),
            ),
            Told::Turn(turn) => {
                let mut turn = turn.clone();
                turn.turn.heard = self.text(&turn.turn.heard).into_owned();
                turn.turn.reply = self.text(&turn.turn.reply).into_owned();
                message_of(&Report::Turn(&turn))
            }
            Told::Error(code, message) => {
                message_of(&Report::Error { code, message: &self.redact.text(message, &[]) })
            }
            // The conversation has been told, and the customer's data are nobody's business here.
            Told::Ended(summary) => {
                let mut figures = Summary {
                    transcript: Vec::new(),
                    data: BTreeMap::new(),
                    client_id: None,
                    ..Summary::clone(summary)
                };
                // A refusal may repeat what a client has sent.
                let errors = figures.errors.iter_mut().map(|error| &mut error.message);
                for text in errors.chain([&mut figures.end.reason]) {
                    *text = self.redact.text(text, &[]).into_owned();
                }
                message_of(&Report::Summary(&figures))
            }
        };
        message.map(|message| event(&message))
    }
}

/// Somebody who watches a call.
struct Watch {
    app: App,
    connection: Connection,
    session: Option<String>,
    words: Words,
    reader: Reader,
    alive: Interval,
    /// What is told before anything else.
    first: Option<String>,
    /// The reader knows that nothing more comes.
    ended: bool,
}

impl Watch {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(event(&first));
        }
        loop {
            let told = tokio::select! {
                told = self.reader.next() => told,
                _ = self.alive.tick() => {
                    self.connection.take_longer(EVERY);
                    return self.may_watch().then_some(Bytes::from_static(b": still here\n\n"));
                }
            };
            let Some(told) = told else {
                if std::mem::replace(&mut self.ended, true) {
                    return None;
                }
                // More was told than was read.
                return Some(event(&json!({"type": "behind"}).to_string()));
            };
            self.ended = matches!(*told, Told::Ended(_));
            if let Some(event) = self.words.event(&told) {
                return Some(event);
            }
        }
    }

    /// Whether the session goes on through which the client came.
    fn may_watch(&self) -> bool {
        let Some(session) = &self.session else { return true };
        self.app.login.as_ref().is_some_and(|login| login.goes_on(session))
    }
}

pub(super) fn event(message: &str) -> Bytes {
    Bytes::from(format!("data: {message}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{MarkId, ToolCallId, TurnId, UtteranceId};
    use crate::report::{ReportedTurn, ToolEnd, TurnReport};

    const CARD: &str = "It is 4111 1111 1111 1111.";

    fn told(words: &Words, told: &Told) -> Option<serde_json::Value> {
        let bytes = words.event(told)?;
        let text = std::str::from_utf8(&bytes).unwrap().strip_prefix("data: ").unwrap();
        Some(serde_json::from_str(text).unwrap())
    }

    fn partial() -> Told {
        Told::Hearing { utterance: UtteranceId(1), stable: "4111".into(), unstable: "1111".into() }
    }

    fn turn() -> Told {
        let turn = TurnReport { heard: CARD.into(), reply: CARD.into(), ..TurnReport::default() };
        Told::Turn(Box::new(ReportedTurn { turn, ..ReportedTurn::default() }))
    }

    #[test]
    fn what_records_take_out_of_words_is_not_seen_in_a_running_call_either() {
        let words = Words { kept: true, redact: Redaction::Cards };
        assert_eq!(told(&words, &partial()), None);
        let heard = told(&words, &Told::Heard(TurnId(1), CARD.into())).unwrap();
        assert_eq!((heard["type"].as_str(), heard["text"].as_str()), (Some("heard"), Some("It is [card].")));
        // The number may begin in the part before.
        assert_eq!(told(&words, &Told::Saying(TurnId(1), MarkId(1), "I have 123.".into())), None);
        let error = told(&words, &Told::Error("malformed".into(), CARD.into())).unwrap();
        assert_eq!(error["message"], "It is [card].");
        let turn = told(&words, &turn()).unwrap();
        assert_eq!((&turn["heard"], &turn["reply"]), (&json!("It is [card]."), &json!("It is [card].")));
    }

    #[test]
    fn where_no_words_are_kept_none_are_seen_and_figures_are() {
        let words = Words { kept: false, redact: Redaction::All };
        assert_eq!(told(&words, &partial()), None);
        assert_eq!(told(&words, &Told::Heard(TurnId(1), CARD.into())), None);
        let turn = told(&words, &turn()).unwrap();
        assert_eq!((&turn["type"], &turn["heard"]), (&json!("turn"), &json!("")));
    }

    #[test]
    fn of_a_tool_its_name_and_its_end_are_seen_and_no_words() {
        let words = Words { kept: false, redact: Redaction::All };
        let began = told(&words, &Told::ToolBegan(TurnId(2), ToolCallId(1), "book".into())).unwrap();
        assert_eq!(began, json!({"type": "tool_began", "turn": 2, "tool_call": "call_1", "name": "book"}));
        let ended = Told::ToolEnded(TurnId(2), ToolCallId(1), "book".into(), ToolEnd::Failed, 12.5);
        let ended = told(&words, &ended).unwrap();
        assert_eq!((&ended["end"], &ended["took_ms"]), (&json!("failed"), &json!(12.5)));
    }

    #[test]
    fn without_redaction_words_are_seen_as_they_come() {
        let words = Words { kept: true, redact: Redaction::Off };
        assert_eq!(told(&words, &partial()).unwrap()["stable"], "4111");
        let end = Summary { data: BTreeMap::from([("a".into(), "b".into())]), ..Summary::default() };
        assert_eq!(told(&words, &Told::Ended(Box::new(end))).unwrap()["data"], json!({}));
    }
}
