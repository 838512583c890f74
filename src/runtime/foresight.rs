//! The answers to questions that are likely to come, asked of the language models while no call needs them.
//! Follows calls, and learns from the records what callers ask. Must not know how an answer is kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::followers::Follower;
use super::in_text::InText;
use super::services::Services;
use crate::answers::{Asked, Habits, Patterns, Topic};
use crate::config::Config;
use crate::dialogue::{Message, Role};
use crate::ids::CallId;
use crate::records::Said;
use crate::report::Happened;

/// The most questions that are remembered of the callers of one agent.
const MOST_TOPICS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");

/// The most questions that are known to have been asked.
const MOST_TRIED: usize = 100_000;

/// Without news, it is looked so often whether facts have changed.
const LOOK: Duration = Duration::from_secs(30);

/// How long a model is left alone that has no room now: calls have it.
const AGAIN: Duration = Duration::from_millis(500);

/// Prepares answers.
pub struct Foresight {
    /// The most questions of each agent.
    most: NonZeroUsize,
    /// Who answers where there is one agent.
    first_agent: String,
    patterns: Patterns,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    /// By the names of the agents.
    habits: BTreeMap<String, Habits>,
    calls: HashMap<CallId, Ongoing>,
    /// The last question, and whom it was asked.
    last: Option<(String, Topic)>,
}

/// A call that runs.
struct Ongoing {
    agent: String,
    last: Option<Topic>,
}

impl Foresight {
    /// Prepares what the configuration wants; `None` if it wants nothing.
    #[must_use]
    pub fn wanted(config: &Config, patterns: Patterns) -> Option<Arc<Self>> {
        let most = config.llm.prepared_answers.filter(|_| config.llm.cached_answers.is_some())?;
        let (first_agent, state) = (config.agent.name.clone(), Mutex::default());
        Some(Arc::new(Self { most, first_agent, patterns, state, news: Notify::new() }))
    }

    /// Learns what callers have asked before, the oldest first.
    pub fn learn(&self, said: impl IntoIterator<Item = Said>) {
        let mut state = self.state();
        let mut last: Option<(i64, Topic)> = None;
        for Said { call, agent, heard } in said {
            let Some(asked) = self.asked(&heard) else { continue };
            let before = last.take().filter(|(of, _)| *of == call).map(|(_, topic)| topic);
            let habits = state.habits.entry(agent.unwrap_or_else(|| self.first_agent.clone()));
            let topic = habits.or_insert_with(|| Habits::new(MOST_TOPICS)).ask(&asked, before.as_ref());
            last = Some((call, topic));
        }
        drop(state);
        self.news.notify_one();
    }

    /// Works for ever, for calls that begin with what `services` says.
    pub async fn work(self: Arc<Self>, services: impl Fn() -> Option<Services> + Send) {
        // Not every answer is one to keep: nothing is asked twice.
        let mut tried = HashSet::new();
        loop {
            let _ = tokio::time::timeout(LOOK, self.news.notified()).await;
            let mut prepared = 0_usize;
            // What is likely may be another question after each.
            loop {
                let Some(services) = services() else { break };
                let this = self.clone();
                // Much may be looked up for it.
                let looked = tokio::task::spawn_blocking(move || (this.next(&services, &tried), tried)).await;
                // The server is being stopped.
                let Ok((next, asked_before)) = looked else { return };
                tried = asked_before;
                let Some((services, asked)) = next else { break };
                let question = version(&asked);
                if prepare(&services, asked).await {
                    prepared += 1;
                    if tried.len() >= MOST_TRIED {
                        tried.clear();
                    }
                    tried.insert(question);
                } else {
                    tokio::time::sleep(AGAIN).await;
                }
            }
            if prepared > 0 {
                tracing::info!(prepared, "answers to questions that are likely to come");
            }
        }
    }

    /// The likeliest question whose answer is not there, with the services of its agent.
    fn next(&self, services: &Services, tried: &HashSet<u64>) -> Option<(Services, InText)> {
        let (last, likely) = {
            let state = self.state();
            let last = state.last.clone();
            let after = |agent: &str| last.as_ref().filter(|(of, _)| of == agent).map(|(_, topic)| topic);
            let likely = |(agent, habits): (&String, &Habits)| {
                let mut likely = habits.likely(after(agent));
                likely.truncate(self.most.get());
                (agent.clone(), likely)
            };
            let likely: Vec<(String, Vec<String>)> = state.habits.iter().map(likely).collect();
            (last, likely)
        };
        // The agent first who was asked last.
        let is_last = |agent: &String| last.as_ref().is_some_and(|(of, _)| of == agent);
        let (asked_last, others): (Vec<_>, Vec<_>) =
            likely.into_iter().partition(|(agent, _)| is_last(agent));
        asked_last.into_iter().chain(others).find_map(|(agent, likely)| {
            let services = services.for_agent(&agent)?;
            // With tools at hand, no answer is kept.
            if !services.config.told_tools().all.is_empty() {
                return None;
            }
            let missing = likely.into_iter().find_map(|text| {
                let asked = InText::with(&services, [Message { role: Role::User, text }]);
                let cache = services.engines.answers.get(&asked.model)?;
                (!tried.contains(&version(&asked)) && cache.lacks(&asked.messages)).then_some(asked)
            })?;
            Some((services, missing))
        })
    }

    /// The question in these words, if it stands alone.
    fn asked(&self, heard: &str) -> Option<Asked> {
        let message = |role, text: &str| Message { role, text: text.to_owned() };
        Asked::read(&[message(Role::System, ""), message(Role::User, heard)], &self.patterns).ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question with all that its answer depends on, as a number.
fn version(asked: &InText) -> u64 {
    let texts = asked.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>();
    BuildHasherDefault::<DefaultHasher>::default().hash_one((&asked.model, texts))
}

/// Asks the model. False if it has no time or no memory for that now.
async fn prepare(services: &Services, InText { messages, model, .. }: InText) -> bool {
    let Some(cache) = services.engines.answers.get(&model) else { return false };
    let (over, is_over) = oneshot::channel();
    let sampling = &services.config.llm.sampling;
    let begun = cache.prepare(messages, sampling, move || {
        let _ = over.send(());
    });
    // An error says the same: it is over.
    begun && is_over.await.map_or(true, |()| true)
}

impl Follower for Foresight {
    fn told(&self, call: &CallId, happened: &Happened) {
        match happened {
            Happened::Started(_) => {
                let ongoing = Ongoing { agent: self.first_agent.clone(), last: None };
                self.state().calls.insert(call.clone(), ongoing);
            }
            Happened::Agent { name, .. } => {
                if let Some(ongoing) = self.state().calls.get_mut(call) {
                    ongoing.agent.clone_from(name);
                }
            }
            Happened::Turn(turn) => {
                let Some(asked) = self.asked(&turn.turn.heard) else { return };
                let mut state = self.state();
                let State { habits, calls, last } = &mut *state;
                let Some(ongoing) = calls.get_mut(call) else { return };
                let habits = habits.entry(ongoing.agent.clone()).or_insert_with(|| Habits::new(MOST_TOPICS));
                let topic = habits.ask(&asked, ongoing.last.as_ref());
                ongoing.last = Some(topic.clone());
                *last = Some((ongoing.agent.clone(), topic));
                drop(state);
                self.news.notify_one();
            }
            Happened::Ended(_) => drop(self.state().calls.remove(call)),
            Happened::Disclosed { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..)
            | Happened::Summarised(_) => {}
        }
    }
}
