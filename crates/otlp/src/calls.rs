//! The calls in progress: what the spans of a call need from its earlier events. There is a bound, and the
//! oldest is forgotten. Must not know how spans are sent.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::{ReportedTurn, ToolRun};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use crate::attributes::Attributes;
use crate::call_span::{Parts, call_span, failure};
use crate::ids::TraceId;
use crate::moments::{before, length, nanos};
use crate::span::{Place, span};
use crate::told::{Ended, Failed, Started, Told, What};
use crate::turn_spans::{Around, turn_spans};

/// The most failures of a call that are kept; more are counted.
const MOST_FAILURES: usize = 16;

/// The calls in progress.
#[derive(Debug)]
pub(crate) struct Calls {
    running: HashMap<CallId, Running>,
    /// By age: the number with which each came.
    ages: BTreeMap<u64, CallId>,
    came: u64,
    most: usize,
    forgotten: u64,
}

/// A call in progress.
#[derive(Debug, Default)]
struct Running {
    age: u64,
    /// When and how it started, unless that was not told.
    started: Option<(Duration, Started)>,
    failures: Vec<Event>,
    more_failures: u32,
    /// Whether what must be disclosed was heard, if there was such a thing.
    disclosed: Option<bool>,
    /// The agent that speaks.
    agent: Option<String>,
    /// The code of the last failure of an engine since the last turn.
    code: Option<String>,
}

impl Running {
    fn starts_at(&self) -> Option<Duration> {
        self.started.as_ref().map(|(at, _)| *at)
    }
}

impl Calls {
    /// Room for at most so many calls.
    pub(crate) fn of(most: usize) -> Self {
        Self { running: HashMap::new(), ages: BTreeMap::new(), came: 0, most, forgotten: 0 }
    }

    /// How many calls were forgotten before they were over.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The spans that are complete with this event.
    pub(crate) fn spans(&mut self, Told { at, call, what }: Told) -> Vec<Span> {
        match what {
            What::Started(started) => {
                // A name may come again: what is left of the call before has no end.
                drop(self.remove(&call));
                self.running(&call).started = Some((at, started));
                Vec::new()
            }
            What::Turn(turn) => self.turn(at, &call, *turn),
            What::Disclosed { heard } => {
                self.running(&call).disclosed = Some(heard);
                Vec::new()
            }
            What::Agent(name) => {
                self.running(&call).agent = Some(name);
                Vec::new()
            }
            What::Tool(run) => vec![self.tool(at, &call, *run)],
            What::Failed(failed) => {
                self.failed(at, &call, failed);
                Vec::new()
            }
            What::Ended(ended) => vec![self.ended(at, &call, *ended)],
            What::Summarised => Vec::new(),
        }
    }

    fn turn(&mut self, at: Duration, call: &CallId, turn: ReportedTurn) -> Vec<Span> {
        let running = self.running.get_mut(call);
        let (started, code) = running.map_or((None, None), |call| (call.starts_at(), call.code.take()));
        let around = Around {
            call: call.as_str(),
            trace: trace_of(call, started),
            started: started.map(nanos),
            told: nanos(at),
            code: code.as_deref(),
        };
        turn_spans(around, turn)
    }

    /// The span of a tool: a part of its call, since it may outlast its turn.
    fn tool(&self, at: Duration, call: &CallId, run: ToolRun) -> Span {
        let trace = trace_of(call, self.running.get(call).and_then(Running::starts_at));
        let place = Place { trace, id: trace.part(run.id.0, "tool"), parent: Some(trace.call()) };
        let end = nanos(at);
        let attributes = Attributes::default()
            .text("gen_ai.operation.name", "execute_tool")
            .text("gen_ai.tool.name", run.name)
            .text("gen_ai.tool.call.id", run.id.to_string())
            .text("gen_ai.tool.call.arguments", run.arguments)
            .text("gen_ai.tool.call.result", run.output)
            .text("offhook.tool.end", run.end.name())
            .count("offhook.turn", run.turn.0);
        span("execute_tool", place, (before(end, length(run.took_ms)), end), attributes)
    }

    fn failed(&mut self, at: Duration, call: &CallId, failed: Failed) {
        let running = self.running(call);
        if failed.by_engine {
            running.code = Some(failed.code.clone());
        }
        if running.failures.len() < MOST_FAILURES {
            running.failures.push(failure(at, failed));
        } else {
            running.more_failures = running.more_failures.saturating_add(1);
        }
    }

    fn ended(&mut self, at: Duration, call: &CallId, ended: Ended) -> Span {
        let running = self.remove(call).unwrap_or_default();
        let trace = trace_of(call, running.starts_at());
        let end = nanos(at);
        let start = running.starts_at().map_or_else(|| before(end, length(ended.duration_ms)), nanos);
        let parts = Parts {
            trace,
            times: (start, end),
            started: running.started.map(|(_, started)| started),
            disclosed: running.disclosed,
            agent: running.agent,
            failures: running.failures,
            more_failures: running.more_failures,
        };
        call_span(call, parts, ended)
    }

    fn running(&mut self, call: &CallId) -> &mut Running {
        if !self.running.contains_key(call) {
            if self.running.len() >= self.most
                && let Some((_, oldest)) = self.ages.pop_first()
            {
                self.running.remove(&oldest);
                self.forgotten += 1;
            }
            self.came += 1;
            self.ages.insert(self.came, call.clone());
        }
        let age = self.came;
        self.running.entry(call.clone()).or_insert_with(|| Running { age, ..Running::default() })
    }

    fn remove(&mut self, call: &CallId) -> Option<Running> {
        let running = self.running.remove(call)?;
        self.ages.remove(&running.age);
        Some(running)
    }
}

/// The trace of a call that started then; of time 0 if that is not known.
fn trace_of(call: &CallId, started: Option<Duration>) -> TraceId {
    let started = started.unwrap_or_default().as_millis();
    TraceId::of(call, i64::try_from(started).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_core::report::{Beginning, Failure, Happened, Summary, Trouble};

    fn tell(calls: &mut Calls, second: u64, name: &str, happened: &Happened) -> Vec<Span> {
        calls.spans(Told::of(Duration::from_secs(second), &CallId::new(name), happened, false))
    }

    fn started() -> Happened {
        Happened::Started(Beginning::default())
    }

    #[test]
    fn the_oldest_call_is_forgotten_when_there_are_too_many() {
        let mut calls = Calls::of(2);
        for (second, name) in (1..).zip(["a", "b", "c"]) {
            assert!(tell(&mut calls, second, name, &started()).is_empty());
        }
        assert_eq!((calls.forgotten(), calls.running.len(), calls.ages.len()), (1, 2, 2));
        let ended = Happened::Ended(Summary { duration_ms: 1000.0, ..Summary::default() });
        let starts = ["a", "b", "c"].map(|name| tell(&mut calls, 9, name, &ended)[0].start_time_unix_nano);
        assert_eq!(starts, [8, 2, 3].map(|second| second * 1_000_000_000), "the start of a is an estimate");
        assert!(calls.running.is_empty() && calls.ages.is_empty());
    }

    #[test]
    fn a_call_that_fails_all_the_time_keeps_a_few_failures_and_counts_the_rest() {
        let mut calls = Calls::of(2);
        tell(&mut calls, 1, "a", &started());
        let failure = Failure { code: "tts".into(), message: "it said a secret".into() };
        for _ in 0..100 {
            tell(&mut calls, 2, "a", &Happened::Failed(Trouble::Engine, failure.clone()));
        }
        let spans = tell(&mut calls, 3, "a", &Happened::Ended(Summary::default()));
        assert_eq!((spans[0].events.len(), spans[0].dropped_events_count), (MOST_FAILURES, 84));
        assert!(!format!("{spans:?}").contains("secret"), "messages may quote words");
    }

    #[test]
    fn a_name_that_comes_again_is_another_call() {
        let mut calls = Calls::of(2);
        tell(&mut calls, 1, "a", &started());
        tell(&mut calls, 5, "a", &started());
        assert_eq!((calls.forgotten(), calls.ages.len()), (0, 1));
        let spans = tell(&mut calls, 6, "a", &Happened::Ended(Summary::default()));
        assert_eq!(spans[0].trace_id, TraceId::of(&CallId::new("a"), 5000).to_vec());
    }
}
