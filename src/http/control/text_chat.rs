//! Questions in text to an agent: an answer that was given before, at once or not at all, or the answer of
//! its language model as it is written. Must not know how a question is understood.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body as Bytes, Bytes as Event};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures_util::stream::{once, unfold};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::agents;
use super::body::{Body, Form};
use super::described::AGENT;
use super::problems::{Problem, Refusal};
use super::watching::{HEADERS, event};
use crate::app::App;
use crate::dialogue::{CachedBy, Message, Role, Usage};
use crate::http::listen::Connection;
use crate::runtime::clock::unique_id;
use crate::runtime::in_text::InText;
use crate::runtime::services::Services;
use crate::runtime::thoughts::{Thought, Thoughts};

/// The most characters of a question or of a line before it, as they are described.
const LONGEST: usize = 1000;

/// The most lines before a question.
const MOST_LINES: usize = 100;

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The words of a caller.
    #[schema(example = "When are you open on Monday?", max_length = 1000)]
    question: String,
    /// The agent who is asked; without one, the one who answers calls that are not for another one.
    #[schema(example = "main", max_length = 32)]
    agent: Option<String>,
}

impl Form for Question {
    const EXAMPLE: &'static str = "{\"question\": \"When are you open on Monday?\"}";
}

/// A question with what was said before it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversation {
    /// The words of a caller.
    #[schema(example = "And on Sunday?", max_length = 1000)]
    question: String,
    /// The agent who is asked; without one, the one who answers calls that are not for another one.
    #[schema(example = "main", max_length = 32)]
    agent: Option<String>,
    /// What was said before, the oldest first.
    #[serde(default)]
    #[schema(max_items = 100)]
    before: Vec<Said>,
}

impl Form for Conversation {
    const EXAMPLE: &'static str = Question::EXAMPLE;
}

/// A line of a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// Who said it.
    by: Speaker,
    /// The words.
    #[schema(max_length = 1000)]
    text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
}

/// An answer that was given before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuickAnswer {
    /// Its words.
    answer: String,
    /// How the question was recognised.
    by: CachedBy,
    /// The language model that has given it.
    model: String,
    /// Where the passages stand that were looked up for it, the best one first.
    sources: Vec<String>,
}

/// The answer to a question, at once or not at all: no language model is asked.
#[utoipa::path(
    post, path = "/chat/quick", operation_id = "quick_answer", tag = AGENT,
    request_body = Question,
    responses(
        (status = 200, description = "The answer, as it was given before.", body = QuickAnswer),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 404, description = "No answer is kept; the message says why.", body = Refusal),
        (status = 422, description = "There is no such agent; the message names those that there are.",
         body = Refusal),
    ),
)]
pub(super) async fn quick(
    State(app): State<App>,
    Body(Question { question, agent }): Body<Question>,
) -> Result<Json<QuickAnswer>, Problem> {
    let none = |why: String| Problem::new(StatusCode::NOT_FOUND, why);
    let asked = asked(&app, agent.as_deref(), Vec::new(), question)?;
    let (services, InText { messages, sources, model }) =
        asked.ok_or_else(|| none("the language models are being loaded".to_owned()))?;
    let cache = services
        .engines
        .answers
        .get(&model)
        .ok_or_else(|| none("no answers are kept: set llm.cached_answers".to_owned()))?;
    match cache.find(&messages) {
        Ok(Some(found)) => Ok(Json(QuickAnswer { answer: found.text, by: found.by, model, sources })),
        Ok(None) => Err(none("nobody has asked this yet".to_owned())),
        Err(own) => Err(none(format!("its answer cannot be another caller's: {own}"))),
    }
}

/// The answer to a question as it is written.
///
/// As server-sent events. An answer that was given before comes at once. Calls come first.
#[utoipa::path(
    post, path = "/chat/stream", operation_id = "stream_answer", tag = AGENT,
    request_body = Conversation,
    responses(
        (status = 200, description = "The events: lines of JSON, each with its `type`: `text`, and at the end `done` \
         or `error`.", content(("text/event-stream"))),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 422, description = "There is no such agent; the message names those that there are.",
         body = Refusal),
        (status = 503, description = "The models are being loaded, or calls need them all.", body = Refusal),
    ),
)]
pub(super) async fn stream(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    Body(Conversation { question, agent, before }): Body<Conversation>,
) -> Result<Response, Problem> {
    let busy = |why: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
    let asked = asked(&app, agent.as_deref(), before, question)?;
    let (services, InText { messages, sources, model }) =
        asked.ok_or_else(|| busy("the language models are being loaded".to_owned()))?;
    let engines = &services.engines;
    let found = engines.answers.get(&model).and_then(|cache| cache.find(&messages).ok()).flatten();
    if let Some(found) = found {
        let usage = Usage { cached: Some(found.by), ..Usage::default() };
        let events = [text(&found.text), done(&found.text, &model, &sources, &usage)].concat();
        let events = once(async { Ok::<Event, Infallible>(Event::from(events)) });
        return Ok((HEADERS, Bytes::from_stream(events)).into_response());
    }
    let thinks = engines.models.named(&model).map_err(|error| busy(error.to_string()))?;
    let patience = app.config.api.timeout;
    connection.take_longer(patience + A_MOMENT);
    let sampling = services.config.llm.sampling.clone();
    let session = format!("text {}", unique_id());
    let thoughts = Thoughts::begin(engines, thinks, session, messages, (sampling, patience));
    let thoughts = thoughts.map_err(|full| busy(full.to_string()))?;
    let written = (Some(thoughts), String::new());
    let events = unfold(written, move |(thoughts, mut answer)| {
        let (model, sources) = (model.clone(), sources.clone());
        async move {
            let mut thoughts = thoughts?;
            let (event, next) = match thoughts.next().await {
                Thought::Text(more) => {
                    answer.push_str(&more);
                    (text(&more), Some(thoughts))
                }
                Thought::Done(Ok(usage)) => (done(&answer, &model, &sources, &usage), None),
                Thought::Done(Err(error)) => {
                    tracing::warn!(%error, "a question in text has no answer");
                    let told = "the language model has failed, or took too long";
                    (event(&json!({"type": "error", "message": told}).to_string()), None)
                }
            };
            Some((Ok::<Event, Infallible>(event), (next, answer)))
        }
    });
    Ok((HEADERS, Bytes::from_stream(events)).into_response())
}

/// What the end of an answer takes beside the answer.
const A_MOMENT: Duration = Duration::from_secs(5);

fn text(more: &str) -> Event {
    event(&json!({"type": "text", "text": more}).to_string())
}

fn done(answer: &str, model: &str, sources: &[String], usage: &Usage) -> Event {
    let told = json!({
        "type": "done", "answer": answer.trim(), "model": model, "sources": sources,
        "cached": usage.cached.map(CachedBy::name), "cut": usage.cut,
        "tokens": {"prompt": usage.prompt, "generated": usage.generated},
    });
    event(&told.to_string())
}

/// The question with what was said before it, as the agent's language model gets it, and the services of the
/// agent; `None` while the language models are being loaded.
fn asked(
    app: &App,
    agent: Option<&str>,
    before: Vec<Said>,
    question: String,
) -> Result<Option<(Services, InText)>, Problem> {
    let refused = |told: String| Problem::new(StatusCode::BAD_REQUEST, told);
    if before.len() > MOST_LINES {
        return Err(refused(format!("before: at most {MOST_LINES} lines are taken")));
    }
    let mut said: Vec<Message> = before
        .into_iter()
        .map(|Said { by, text }| {
            let role = match by {
                Speaker::Caller => Role::User,
                Speaker::Agent => Role::Assistant,
            };
            Message { role, text }
        })
        .collect();
    said.push(Message { role: Role::User, text: question });
    if said.iter().any(|line| line.text.chars().count() > LONGEST) {
        return Err(refused(format!("question, before.text: at most {LONGEST} characters are taken")));
    }
    let Some(services) = app.serving() else { return Ok(None) };
    let name = agent.unwrap_or(&services.config.agent.name);
    let services = services.for_agent(name).ok_or_else(|| agents::unknown(&services.config, name))?;
    let asked = InText::with(&services, said);
    Ok(Some((services, asked)))
}
