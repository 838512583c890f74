//! The jobs of one call that engines work on, and how they are cancelled. Must not know what they are for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::hands::Hands;
use super::library::informed;
use super::services::Services;
use super::sinks::{Outcomes, Sounds, Thoughts, deliver};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::call::{Job, JobId, Outcome};
use crate::config::call::{characters_of_knowledge, tokens_of_calls};
use crate::dialogue::Message;
use crate::dialogue::tools::{Conduct, ToolCall, Tools};
use crate::engine::buffered_playback::BufferedPlayback;
use crate::engine::cpu_time::CpuTime;
use crate::engine::engines::Engines;
use crate::engine::ports::{HearRequest, SpeakRequest, ThinkRequest};
use crate::engine::queue::QueueFull;
use crate::engine::tool_answers::{self, NotAsked};
use crate::engine::wanted::Wanted;
use crate::engine::{CancelFlag, Sampling, Task, Transcript};
use crate::ids::ToolCallId;
use crate::knowledge::Knowledge;
use crate::units::PHONE_RATE;

/// A call's handle on a job.
#[derive(Debug, Clone, Default)]
struct Hold {
    cancel: CancelFlag,
    /// The same for what waits instead of looking: a tool.
    given_up: CancellationToken,
    wanted: Wanted,
}

impl Hold {
    fn cancel(&self) {
        self.cancel.cancel();
        self.given_up.cancel();
    }
}

/// All jobs of one call.
pub(super) struct Jobs {
    session: String,
    engines: Engines,
    sampling: Sampling,
    /// What the agent knows, and how many characters of it are told for one question.
    knowledge: Option<Arc<Knowledge>>,
    most_told: usize,
    /// The most tokens of an answer that may call tools.
    tokens_of_calls: usize,
    outcomes: Outcomes,
    /// Carries out the calls of tools.
    hands: Hands,
    /// Gets the cost of all jobs.
    cpu: CpuTime,
    holds: HashMap<JobId, Hold>,
    /// How long the agent's buffered speech lasts.
    buffered: BufferedPlayback,
    /// The number of switches of the language model when it was last read.
    switches: usize,
    /// The words of a short reply when they were last read.
    reply_words: Option<usize>,
}

impl Jobs {
    pub(super) fn new(
        session: String,
        services: &Services,
        knowledge: Option<Arc<Knowledge>>,
        outcomes: Outcomes,
        hands: Hands,
        cpu: CpuTime,
    ) -> Self {
        let engines = services.engines.clone();
        let switches = engines.models.switches();
        let (sampling, tokens_of_calls) =
            (services.config.llm.sampling.clone(), tokens_of_calls(&services.config));
        let (holds, buffered) = (HashMap::new(), BufferedPlayback::default());
        Self {
            session,
            engines,
            sampling,
            knowledge,
            most_told: characters_of_knowledge(&services.config),
            tokens_of_calls,
            outcomes,
            hands,
            cpu,
            holds,
            buffered,
            switches,
            reply_words: None,
        }
    }

    /// New jobs go to the engines of this agent.
    pub(super) fn are_for(&mut self, services: &Services) {
        self.engines = services.engines.clone();
        self.knowledge = services.knowledge();
        self.most_told = characters_of_knowledge(&services.config);
        // Its own limit of words counts, and that of a machine under load is told again.
        self.reply_words = None;
        self.hands.are_for(services);
    }

    /// Gives a job to its engine. Returns the outcome that is known at once, if there is one.
    pub(super) fn begin(&mut self, id: JobId, job: Job) -> Option<Outcome> {
        if matches!(job, Job::Hear { partial: true, .. }) && self.engines.measures.no_partials() {
            return Some(Outcome::GaveWay);
        }
        let hold = Hold::default();
        if let Job::Answer { wanted: true, .. } | Job::Speak { wanted: true, .. } = &job {
            hold.wanted.set();
        }
        self.holds.insert(id, hold.clone());
        let begun = match job {
            Job::Hear { samples, partial } => self.hear(id, hold, samples, partial).map(|()| None),
            Job::Answer { messages, tools, rung, wanted: _, most_tokens } => {
                let (messages, sources) = self.informed(messages);
                let mut request = self.request(hold, messages, Task::Answer);
                if tools.is_some() {
                    request.sampling.max_tokens = self.tokens_of_calls;
                }
                let most = most_tokens.unwrap_or(usize::MAX).max(1);
                request.sampling.max_tokens = request.sampling.max_tokens.min(most);
                let begun = match tools {
                    None => self.think(id, request, sources, rung),
                    Some(tools) => self.think_of_tools(id, request, sources, tools, rung),
                };
                begun.map(|model| Some(Outcome::Begun { model }))
            }
            Job::ReadAhead { messages, rebuild } => {
                // What was looked up for one question does not stay for the next one.
                let (task, messages) = match rebuild {
                    true => (Task::Rebuild, messages),
                    false => (Task::Listen, self.informed(messages).0),
                };
                let begun = self.think(id, self.request(hold, messages, task), Vec::new(), 0);
                begun.map(|model| Some(Outcome::Begun { model }))
            }
            Job::Speak { text, first, wanted: _ } => self.speak(id, hold, text, first).map(|()| None),
            Job::CallTool { id: number, call, conduct } => {
                self.call_tool(id, hold, (number, call), conduct);
                Ok(None)
            }
        };
        begun.unwrap_or_else(|full| {
            self.holds.remove(&id);
            Some(Outcome::Overloaded(full.to_string()))
        })
    }

    /// Somebody waits for the job now.
    pub(super) fn want(&self, id: JobId) {
        if let Some(hold) = self.holds.get(&id) {
            hold.wanted.set();
        }
    }

    pub(super) fn cancel(&mut self, id: JobId) {
        if let Some(hold) = self.holds.remove(&id) {
            hold.cancel();
        }
    }

    /// The job brought this outcome.
    pub(super) fn brought(&mut self, id: JobId, outcome: &Outcome) {
        if outcome.is_last() {
            self.holds.remove(&id);
        }
    }

    /// The agent's voice underruns after `left`; `None` while it has not begun.
    pub(super) fn voice_lasts(&self, left: Option<Duration>) {
        match left {
            Some(left) => self.buffered.lasts_until(self.engines.now() + left),
            None => self.buffered.begin_anew(),
        }
    }

    /// True once after each switch of the language model.
    pub(super) fn models_switched(&mut self) -> bool {
        let switches = self.engines.models.switches();
        std::mem::replace(&mut self.switches, switches) != switches
    }

    /// The words of a reply from now on, once after each change; `None` in it are those of the configuration.
    pub(super) fn reply_words_changed(&mut self) -> Option<Option<usize>> {
        let words = self.engines.measures.reply_words();
        (std::mem::replace(&mut self.reply_words, words) != words).then_some(words)
    }

    /// The call is over.
    pub(super) fn end(&mut self) {
        self.holds.drain().for_each(|(_, hold)| hold.cancel());
        self.engines.end_session(&self.session);
    }

    fn hear(&self, id: JobId, hold: Hold, samples: Vec<i16>, partial: bool) -> Result<(), QueueFull> {
        let heard = |Transcript { text, doubtful, .. }| Outcome::Heard { text, doubtful };
        let request =
            HearRequest { samples, rate: PHONE_RATE, partial, cancel: hold.cancel, cpu: self.cpu.clone() };
        self.engines.hear.hear(request, deliver(&self.outcomes, id, heard)?)
    }

    /// The conversation with what the agent knows of the caller's last words, and where that stands.
    fn informed(&self, messages: Vec<Message>) -> (Vec<Message>, Vec<String>) {
        informed(self.knowledge.as_deref(), messages, self.most_told)
    }

    /// Asks the language model on a rung, with passages from these places. Returns its name.
    fn think(
        &self,
        id: JobId,
        request: ThinkRequest,
        sources: Vec<String>,
        rung: usize,
    ) -> Result<String, QueueFull> {
        let speaks = request.task == Task::Answer;
        let models = match request.task {
            Task::Answer | Task::Listen => self.engines.models_for(&request.messages),
            // What is rebuilt has no question.
            Task::Rebuild => self.engines.models.clone(),
        };
        let (name, model) = models.get(rung)?;
        model.begin(request, Box::new(Thoughts::new(&self.outcomes, id, speaks, sources)?))?;
        Ok(name.to_owned())
    }

    /// The same for an answer that may call tools.
    fn think_of_tools(
        &self,
        id: JobId,
        request: ThinkRequest,
        sources: Vec<String>,
        tools: Arc<Tools>,
        rung: usize,
    ) -> Result<String, QueueFull> {
        let sink = Box::new(Thoughts::new(&self.outcomes, id, true, sources)?);
        let outcomes = self.outcomes.clone();
        let not_asked = move |why| {
            let outcome = match why {
                NotAsked::Full(full) => Outcome::Overloaded(full.to_string()),
                NotAsked::Refused(problem) => Outcome::ToolsRefused(problem),
            };
            // A call that has no room for this gives the answer up by the clock.
            let _ = outcomes.try_send((id, outcome));
        };
        let models = self.engines.models_for(&request.messages);
        let engines = Engines { models, ..self.engines.clone() };
        tool_answers::ask(&engines, rung, tools, request, sink, not_asked)
    }

    /// Carries out a call of a tool, in a task of its own. One that the caller does not cancel goes on when
    /// the telephone call is over: what was promised is done.
    fn call_tool(&self, id: JobId, hold: Hold, called: (ToolCallId, ToolCall), conduct: Conduct) {
        let (hands, outcomes) = (self.hands.clone(), self.outcomes.clone());
        let carry_out = async move {
            let (number, call) = called;
            // Of one that may be repeated, each call asks for something else.
            let again = conduct.repeatable.then_some(number);
            let result = if conduct.cancelled_by_the_caller {
                tokio::select! {
                    result = whole(&hands, again, &call) => result,
                    () = hold.given_up.cancelled() => return,
                }
            } else {
                whole(&hands, again, &call).await
            };
            if outcomes.is_closed() {
                let done = result.is_ok();
                tracing::info!(tool = call.name, done, "a tool ended after its call");
            }
            let outcome = result.map_or_else(Outcome::Failed, Outcome::Returned);
            // A call that is over reads no results.
            let _ = outcomes.send((id, outcome)).await;
        };
        let errands = self.hands.errands();
        errands.spawn(carry_out.in_current_span());
    }

    fn request(&self, hold: Hold, messages: Vec<Message>, task: Task) -> ThinkRequest {
        let speaks = task == Task::Answer;
        // A prompt that is only read leaves room for its answer, too.
        let read = || Sampling { max_tokens: self.sampling.max_tokens, ..Sampling::default() };
        ThinkRequest {
            session: self.session.clone(),
            messages,
            task,
            sampling: if speaks { self.sampling.clone() } else { read() },
            cancel: hold.cancel,
            wanted: hold.wanted,
            aside: false,
            buffered: if speaks { self.buffered.clone() } else { BufferedPlayback::default() },
            cpu: self.cpu.clone(),
        }
    }

    fn speak(&self, id: JobId, hold: Hold, text: String, first: bool) -> Result<(), QueueFull> {
        let request = SpeakRequest {
            text,
            first,
            wanted: hold.wanted,
            cancel: hold.cancel,
            buffered: self.buffered.clone(),
            cpu: self.cpu.clone(),
        };
        self.engines.speak.speak(request, Box::new(Sounds::new(&self.outcomes, id)?))
    }
}

/// Carries it out. A tool that breaks has failed, and is awaited no longer.
async fn whole(hands: &Hands, again: Option<ToolCallId>, call: &ToolCall) -> Result<String, String> {
    let (hands, call) = (hands.clone(), call.clone());
    let done = AbortOnDropHandle::new(tokio::spawn(
        async move { hands.carry_out(&call, again).await }.in_current_span(),
    ));
    done.await.unwrap_or_else(|_| Err("the tool broke. It is not known whether it was done.".to_owned()))
}
