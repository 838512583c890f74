//! What is made of calls after their ends: a summary and fields, by the language model, one call after the
//! other and only with what calls leave free. Follows calls, and tells the other followers what came of it.
//! Must not know what a model is asked, or who keeps the answers.

mod missed;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::clock::unique_id;
use super::followers::{Follower, Log};
use super::grammars::{self, NotMade};
use super::thoughts::{Thought, Thoughts};
use crate::after_call::{Budget, Talk, Wanted, fields_of, held_to, no_fields, summary_of};
use crate::config::{AfterCall as Settings, Config};
use crate::dialogue::Message;
use crate::engine::Sampling;
use crate::engine::engines::Engines;
use crate::engine::llm::{Form, Guide};
use crate::engine::queue::QueueFull;
use crate::ids::CallId;
use crate::language::ENGLISH;
use crate::report::{AfterCall, AfterState, Happened};

pub use missed::Missed;

/// How long a model is left alone that has no room now: calls have it.
const AGAIN: Duration = Duration::from_millis(500);

/// How long the last one may take to give up at the end.
const LAST: Duration = Duration::from_secs(2);

/// A reason with its sentence.
type Miss = (Missed, String);

/// Ends when there is no more time.
type Due = Pin<Box<Sleep>>;

/// Who is asked, and about what.
struct Asked<'e> {
    engines: &'e Engines,
    /// The name of the model: another one may come into use meanwhile.
    model: String,
    talk: Arc<Talk>,
}

/// A call that waits.
struct Waiting {
    call: CallId,
    talk: Talk,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// One is being made.
    busy: bool,
    /// Nothing is made any more.
    closed: bool,
}

/// Makes something of calls after their ends.
pub struct AfterCalls {
    settings: Settings,
    context: usize,
    sampling: Sampling,
    /// Who is told what came of it.
    followers: Vec<Arc<dyn Follower>>,
    state: Mutex<State>,
    news: Notify,
    closing: CancellationToken,
}

impl AfterCalls {
    /// Makes what the configuration wants, and tells these followers; `None` if it wants nothing.
    #[must_use]
    pub fn wanted(config: &Config, followers: Vec<Arc<dyn Follower>>) -> Option<Arc<Self>> {
        let settings = config.after_call.clone();
        if settings.wants_nothing() {
            return None;
        }
        let sampling = Sampling {
            max_tokens: settings.max_tokens,
            time_limit: None,
            // The likeliest words: a summary invents less.
            temperature: 0.0,
            speakable: false,
            stop: Vec::new(),
            guide: None,
            ..config.llm.sampling.clone()
        };
        let (state, news, closing) = (Mutex::default(), Notify::new(), CancellationToken::new());
        let context = config.llm.context_tokens;
        Some(Arc::new(Self { settings, context, sampling, followers, state, news, closing }))
    }

    /// How many calls wait, the one at work included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let state = self.state();
        state.waiting.len() + usize::from(state.busy)
    }

    /// Works until [`Self::close`].
    pub async fn work(self: Arc<Self>, engines: Engines) {
        while let Some(Waiting { call, talk }) = self.next().await {
            let span = tracing::error_span!("call", %call);
            let work = async {
                if !talk.caller_spoke() {
                    return self.tell(&call, self.of_silence());
                }
                let mut made = AfterCall::default();
                let missed = tokio::select! {
                    biased;
                    () = self.closing.cancelled() => Some(stopped()),
                    outcome = self.make(&engines, Arc::new(talk), &mut made) => outcome.err(),
                };
                let after = match missed {
                    Some((missed, reason)) => made.failed(missed.code(), reason),
                    None => AfterCall { state: AfterState::Done, ..made },
                };
                self.tell(&call, after);
            };
            work.instrument(span).await;
        }
    }

    /// Makes nothing more. What waits has failed, and its followers know when this returns.
    pub async fn close(&self) {
        let waiting = self.waiting();
        if waiting > 0 {
            tracing::warn!(waiting, "calls are not summarised: the server is stopped");
        }
        self.closing.cancel();
        let closed = async {
            while !self.state().closed {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(LAST, closed).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call; `None` at the end.
    async fn next(&self) -> Option<Waiting> {
        loop {
            {
                let mut state = self.state();
                let next = state.waiting.pop_front();
                state.busy = next.is_some();
                if next.is_some() {
                    return next;
                }
                if self.closing.is_cancelled() {
                    state.closed = true;
                    return None;
                }
            }
            tokio::select! {
                () = self.news.notified() => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Makes all that is wanted, by the model that is in use now. What is made beside something that failed
    /// is in `made`; the first failure is told.
    async fn make(&self, engines: &Engines, talk: Arc<Talk>, made: &mut AfterCall) -> Result<(), Miss> {
        let by = Asked { engines, model: engines.models.in_use().to_owned(), talk };
        let mut due = Box::pin(sleep(self.settings.timeout));
        let mut missed = None;
        if self.settings.summary {
            match self.summary(&by, &mut due).await {
                Ok(summary) => made.summary = Some(summary),
                Err(miss) => missed = Some(miss),
            }
        }
        if let Some(schema) = &self.settings.fields {
            match self.fields(&by, schema, &mut due).await {
                Ok(fields) => made.fields = Some(fields),
                Err(miss) => missed = missed.or(Some(miss)),
            }
        }
        missed.map_or(Ok(()), Err)
    }

    async fn summary(&self, by: &Asked<'_>, due: &mut Due) -> Result<String, Miss> {
        let messages = self.messages(by, None).await?;
        let answer = self.ask(by, &messages, None, due).await?;
        summary_of(&answer).map_err(unusable)
    }

    async fn fields(
        &self,
        by: &Asked<'_>,
        schema: &Value,
        due: &mut Due,
    ) -> Result<Map<String, Value>, Miss> {
        let guide = by.guide(schema, due).await?;
        let messages = self.messages(by, Some(schema)).await?;
        let answer = self.ask(by, &messages, Some(guide), due).await?;
        fields_of(&answer, schema).map_err(unusable)
    }

    /// The messages of a request. Counting their tokens takes time, so it is done elsewhere.
    async fn messages(&self, by: &Asked<'_>, schema: Option<&Value>) -> Result<Vec<Message>, Miss> {
        let (talk, schema, count) = (Arc::clone(&by.talk), schema.cloned(), by.engines.count.clone());
        let (context, answer) = (self.context, self.settings.max_tokens);
        let asking = tokio::task::spawn_blocking(move || {
            let wanted = schema.as_ref().map_or(Wanted::Summary, Wanted::Fields);
            talk.asking(wanted, Budget { context, answer, count: &count })
        });
        let too_long = "llm.context_tokens leaves no room for the words of the call: raise it, or lower \
                        after_call.max_tokens";
        asking.await.ok().flatten().ok_or_else(|| (Missed::TooLong, too_long.to_owned()))
    }

    /// The answer of the language model. It is asked again when a call takes the memory meanwhile.
    async fn ask(
        &self,
        by: &Asked<'_>,
        messages: &[Message],
        guide: Option<Guide>,
        due: &mut Due,
    ) -> Result<String, Miss> {
        // JSON repeats its signs.
        let penalty = if guide.is_some() { 1.0 } else { self.sampling.repetition_penalty };
        let sampling = Sampling { guide, repetition_penalty: penalty, ..self.sampling.clone() };
        loop {
            let session = format!("after {}", unique_id());
            let asked = (sampling.clone(), self.settings.timeout);
            let model = by.engines.models.named(&by.model).map_err(|_| QueueFull::no_model());
            let begin = |model| Thoughts::begin(by.engines, model, session, messages.to_vec(), asked);
            match model.and_then(begin) {
                Ok(thoughts) => {
                    if let Some(answer) = by.whole_answer(thoughts, due).await? {
                        return Ok(answer);
                    }
                }
                Err(full) => tracing::debug!(%full, "a summary waits"),
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                () = &mut *due => return Err(late()),
            }
        }
    }

    fn tell(&self, call: &CallId, after: AfterCall) {
        let happened = Happened::Summarised(after);
        Log.told(call, &happened);
        self.followers.iter().for_each(|follower| follower.told(call, &happened));
    }

    /// A call has ended.
    fn ended(&self, call: &CallId, talk: Talk) {
        // Before it can be made, and also where there is little to make: what comes of two calls of one name
        // is told in their order.
        self.tell(call, AfterCall::pending());
        let dropped = {
            let mut state = self.state();
            if state.closed {
                drop(state);
                let (missed, reason) = stopped();
                self.tell(call, AfterCall::default().failed(missed.code(), reason));
                return;
            }
            let full = state.waiting.len() >= self.settings.most_waiting;
            let oldest = if full { state.waiting.pop_front() } else { None };
            state.waiting.push_back(Waiting { call: call.clone(), talk });
            oldest
        };
        self.news.notify_one();
        if let Some(Waiting { call, .. }) = dropped {
            let reason = "too many calls waited for their summaries (after_call.max_waiting)";
            self.tell(&call, AfterCall::default().failed(Missed::Dropped.code(), reason));
        }
    }

    /// What is made of a call in which the caller said nothing.
    fn of_silence(&self) -> AfterCall {
        AfterCall {
            state: AfterState::Done,
            summary: self.settings.summary.then(|| ENGLISH.after_call.nobody_spoke.to_owned()),
            fields: self.settings.fields.as_ref().map(no_fields),
            ..AfterCall::default()
        }
    }
}

impl Asked<'_> {
    /// What comes of these thoughts; `None` if a call needs their room: the last one is never theirs.
    async fn whole_answer(&self, mut thoughts: Thoughts, due: &mut Due) -> Result<Option<String>, Miss> {
        let mut answer = String::new();
        loop {
            let thought = tokio::select! {
                thought = thoughts.next() => thought,
                () = sleep(AGAIN), if !self.has_room() => return Ok(None),
                () = &mut *due => return Err(late()),
            };
            match thought {
                Thought::Text(more) => answer.push_str(&more),
                Thought::Done(Ok(_)) => return Ok(Some(answer)),
                Thought::Done(Err(error)) => return Err((Missed::EngineFailed, error.to_string())),
            }
        }
    }

    /// Whether a call that begins now finds room for its words.
    fn has_room(&self) -> bool {
        self.engines.models.named(&self.model).is_ok_and(|model| model.rooms().has_room())
    }

    /// The grammar of fields.
    async fn guide(&self, schema: &Value, due: &mut Due) -> Result<Guide, Miss> {
        let Some(guides) = self.engines.guides.get(&self.model).cloned() else {
            let reason = "the language model in use cannot be held to a schema".to_owned();
            return Err((Missed::NotHeld, reason));
        };
        let form = || Form::Schema(held_to(schema));
        let made = async {
            loop {
                match grammars::made(&self.engines.grammars, guides.clone(), form()).await {
                    // Others wait for theirs.
                    Err(NotMade::Busy) => sleep(AGAIN).await,
                    made => break made,
                }
            }
        };
        let made = tokio::select! {
            made = made => made,
            () = due => return Err(late()),
        };
        let failed = |_| (Missed::EngineFailed, "the maker of grammars failed".to_owned());
        made.map_err(failed)?.map_err(|error| (Missed::NotHeld, error.to_string()))
    }
}

impl Follower for AfterCalls {
    fn told(&self, call: &CallId, happened: &Happened) {
        match happened {
            Happened::Ended(summary) => {
                self.ended(call, Talk::of(&summary.transcript, &ENGLISH.after_call));
            }
            Happened::Started(_)
            | Happened::Turn(_)
            | Happened::Disclosed { .. }
            | Happened::Agent { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..)
            | Happened::Summarised(_) => {}
        }
    }
}

fn stopped() -> Miss {
    (Missed::Stopped, "the server was stopped before it was made".to_owned())
}

fn late() -> Miss {
    let reason = "it was not made in time, because calls come first (after_call.timeout_ms)";
    (Missed::Late, reason.to_owned())
}

fn unusable(why: crate::after_call::Unusable) -> Miss {
    (Missed::Unusable, why.to_string())
}

#[cfg(test)]
mod tests;
