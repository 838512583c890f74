//! `POST /v1/chat/completions`: a language model answers, as a whole or as it writes. Must not know the forms
//! of requests and answers, which `openai` reads and writes.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::unfold;

use super::answers::{Refusal, Whole, away_from_sockets, document, failed};
use super::calls::{Answer, Reading, told};
use super::forms;
use super::gate::Place;
use super::guides;
use super::models::{engines, language_model};
use super::sending::events;
use crate::app::App;
use crate::dialogue::{CountTokens, Message, Usage};
use crate::engine::Sampling;
use crate::engine::llm::Guide;
use crate::openai::ApiError;
use crate::openai::chat::{ChatRequest, Chunks, Completion, Finish, Tokens};
use crate::runtime::clock::{since_1970, unique_id};
use crate::runtime::thoughts::{Thought, Thoughts};

/// Who did not do its work, for the client.
const WHO: &str = "the language model";

/// What a chat template writes around a message, in tokens, at most.
const AROUND_A_MESSAGE: usize = 8;

/// No text has fewer tokens than one for so many bytes.
const LONGEST_TOKEN: usize = 32;

/// Answers.
pub(super) async fn complete(
    State(app): State<App>,
    Extension(place): Extension<Place>,
    Whole(body): Whole,
) -> Result<Response, Refusal> {
    let engines = engines(&app)?;
    let (context, count) = (app.config.llm.context_tokens, engines.count.clone());
    let read = away_from_sockets(move || {
        let request = ChatRequest::read(&body)?;
        let messages = forms::messages(&request);
        let most = most_tokens(&messages, &request, context, &count)?;
        Ok((request, messages, most))
    });
    let (request, messages, most) = read.await?;
    let (model, thinks) = language_model(engines, &request.model)?;
    let guide = guides::made(&request, &engines.grammars, engines.guides.get(model).cloned()).await?;
    let name = unique_id();
    let sampling = sampling(&request, guide, most, &app.config.llm.sampling, name.as_str());
    let (id, created) = (format!("chatcmpl-{name}"), since_1970().as_secs());
    let patience = app.config.api.timeout;
    let mut thoughts =
        Thoughts::begin(engines, thinks, format!("api {name}"), messages, (sampling, patience))?;
    let mut reading = Reading::new(&request, name.as_str());
    if request.stream {
        // An error that comes before the first text is a status and not an event.
        let first = thoughts.next().await;
        if let Thought::Done(Err(error)) = &first {
            return Err(failed(WHO, error).into());
        }
        let chunks = Chunks::new(id, created, model.to_owned(), request.include_usage);
        return Ok(events(streamed(thoughts, first, (chunks, reading)), place));
    }
    let mut answer = Answer::default();
    let usage = loop {
        match thoughts.next().await {
            Thought::Text(more) => answer.add(reading.push(&more)),
            Thought::Done(outcome) => break outcome.map_err(|error| failed(WHO, &error))?,
        }
    };
    answer.add(reading.finish());
    let (text, calls) = answer.done(reading.whole());
    let (finish, tokens) = (finish(&usage, &reading), tokens(&usage));
    let answer = Completion { id: &id, created, model, text: &text, calls: &calls, finish, tokens };
    Ok(document(answer.body()))
}

/// The events of an answer, whose first thought has come.
fn streamed(
    thoughts: Thoughts,
    first: Thought,
    (chunks, reading): (Chunks, Reading),
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let begins = chunks.first();
    unfold(Some((thoughts, Some(first), begins, reading)), move |state| {
        let chunks = chunks.clone();
        async move {
            let (mut thoughts, first, mut text, mut reading) = state?;
            let thought = match first {
                Some(first) => first,
                None => thoughts.next().await,
            };
            let next = match thought {
                Thought::Text(more) => {
                    text.push_str(&told(&chunks, reading.push(&more)));
                    Some((thoughts, None, String::new(), reading))
                }
                Thought::Done(Ok(usage)) => {
                    text.push_str(&told(&chunks, reading.finish()));
                    text.push_str(&chunks.last(finish(&usage, &reading), tokens(&usage)));
                    None
                }
                Thought::Done(Err(error)) => {
                    text.push_str(&failed(WHO, &error).event());
                    None
                }
            };
            Some((Ok(Bytes::from(text)), next))
        }
    })
}

/// The most tokens of the answer: what was asked for, or the rest of the context.
fn most_tokens(
    messages: &[Message],
    request: &ChatRequest,
    context: usize,
    count: &CountTokens,
) -> Result<usize, ApiError> {
    // Counting takes time: a text that cannot fit is not counted.
    let characters: usize = messages.iter().map(|message| message.text.len()).sum();
    let prompt: usize = if characters > context.saturating_mul(LONGEST_TOKEN) {
        characters / LONGEST_TOKEN
    } else {
        messages.iter().map(|message| count.of(&message.text) + AROUND_A_MESSAGE).sum()
    };
    let left = context.saturating_sub(prompt);
    let most = request.max_tokens.map_or(left.max(1), |most| most as usize);
    if most <= left {
        return Ok(most);
    }
    Err(ApiError::context_too_long(prompt as u64, most as u64, context as u64))
}

/// How tokens are chosen: as the client says, else as the configuration says. Without a seed, each answer has
/// its own.
fn sampling(
    request: &ChatRequest,
    guide: Option<Guide>,
    most: usize,
    configured: &Sampling,
    name: &str,
) -> Sampling {
    let own = name.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Sampling {
        max_tokens: most,
        time_limit: None,
        temperature: request.temperature.map_or(configured.temperature, |t| t as f32),
        top_p: request.top_p.map_or(configured.top_p, |p| p as f32),
        speakable: false,
        seed: request.seed.unwrap_or(own),
        stop: request.stop.clone(),
        // JSON repeats its signs.
        repetition_penalty: if guide.is_some() { 1.0 } else { configured.repetition_penalty },
        guide,
        ..configured.clone()
    }
}

/// Calls that are whole are an answer, even if the last token that was allowed completed them.
fn finish(usage: &Usage, reading: &Reading) -> Finish {
    if reading.is_calls() {
        Finish::ToolCalls
    } else if usage.cut {
        Finish::Length
    } else {
        Finish::Stop
    }
}

fn tokens(usage: &Usage) -> Tokens {
    let &Usage { prompt, generated, .. } = usage;
    // What was computed before may be another client's, or a call's: how much of it is theirs is not told.
    Tokens { prompt: prompt as u64, completion: generated as u64, cached: 0 }
}
