//! What happens to calls, counted. Must not know how it comes about.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use crate::ids::CallId;
use crate::report::{AfterCall, AfterState, Happened, ReportedTurn, Stages, Summary};
use crate::runtime::after_call::Missed;
use crate::runtime::followers::Follower;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfGateway {
    gateway: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAgent {
    agent: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct End {
    end: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Made {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Side {
    side: &'static str,
}

/// The outcome of a summary that was made.
const DONE: &str = "done";

type Seconds = Counter<f64, AtomicU64>;

type OfStages = Family<Stage, Histogram, fn() -> Histogram>;

/// The metrics of calls.
#[derive(Debug, Clone)]
pub struct CallMetrics {
    started: Family<OfGateway, Counter>,
    ended: Family<End, Counter>,
    duration: Histogram,
    turns: Family<Outcome, Counter>,
    v2v: Histogram,
    answer: Histogram,
    stages: OfStages,
    answer_stages: OfStages,
    mark_return: Histogram,
    interruptions: Counter,
    hiccups: Counter,
    drafts: Family<Outcome, Counter>,
    disclosures: Family<Outcome, Counter>,
    agents: Family<OfAgent, Counter>,
    tools: Family<Outcome, Counter>,
    fillers: Counter,
    stand_ins: Counter,
    fallbacks: Counter,
    failures: Family<Code, Counter>,
    audio: Family<Side, Seconds>,
    cpu: Seconds,
    summaries: Family<Made, Counter>,
}

impl CallMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            started: Family::default(),
            ended: Family::default(),
            duration: super::calls_last(),
            turns: Family::default(),
            v2v: super::waits(),
            answer: super::waits(),
            stages: Family::new_with_constructor(super::works),
            answer_stages: Family::new_with_constructor(super::works),
            mark_return: super::works(),
            interruptions: Counter::default(),
            hiccups: Counter::default(),
            drafts: Family::default(),
            disclosures: Family::default(),
            agents: Family::default(),
            tools: Family::default(),
            fillers: Counter::default(),
            stand_ins: Counter::default(),
            fallbacks: Counter::default(),
            failures: Family::default(),
            audio: Family::default(),
            cpu: Seconds::default(),
            summaries: Family::default(),
        };
        // Series that begin at zero: the step from nothing to the first event would be missed otherwise.
        for outcome in ["complete", "interrupted", "failed"] {
            drop(metrics.turns.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["used", "thrown_away"] {
            drop(metrics.drafts.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["heard", "cut"] {
            drop(metrics.disclosures.get_or_create(&Outcome { outcome }));
        }
        for code in ["overloaded", "transcription_failed", "generation_failed", "synthesis_failed"] {
            drop(metrics.failures.get_or_create(&Code { code: code.to_owned() }));
        }
        for outcome in [DONE].into_iter().chain(Missed::ALL.map(Missed::code)) {
            drop(metrics.summaries.get_or_create(&Made { outcome: outcome.to_owned() }));
        }
        for side in ["caller", "agent"] {
            drop(metrics.audio.get_or_create(&Side { side }));
        }
        let m = metrics.clone();
        registry.register("offhook_calls_started", "Calls that began, by gateway", m.started);
        registry.register("offhook_calls_ended", "Calls that are over, by the kind of their end", m.ended);
        registry.register("offhook_call_duration_seconds", "From the start of a call to its end", m.duration);
        registry.register("offhook_turns", "Turns that are over, by outcome", m.turns);
        registry.register(
            "offhook_v2v_seconds",
            "From the caller's last sound to the agent's first, a filler included",
            m.v2v,
        );
        registry.register(
            "offhook_answer_seconds",
            "From the caller's last sound to the first sound of the answer itself",
            m.answer,
        );
        registry.register("offhook_stage_seconds", "What each stage added to offhook_v2v_seconds", m.stages);
        registry.register(
            "offhook_answer_stage_seconds",
            "What each stage added to offhook_answer_seconds",
            m.answer_stages,
        );
        registry.register(
            "offhook_mark_return_seconds",
            "From the moment when sound should have played to the return of its mark: the network's part",
            m.mark_return,
        );
        registry.register("offhook_interruptions", "Replies that callers interrupted", m.interruptions);
        registry.register(
            "offhook_false_interruptions",
            "Pauses of the agent for sounds that did not take the turn",
            m.hiccups,
        );
        registry.register("offhook_drafts", "Answers prepared before the end of a turn was known", m.drafts);
        registry.register("offhook_disclosures", "Disclosures at the beginning of calls", m.disclosures);
        let help = "Calls that an agent answered or went on with, by agent, where there are several";
        registry.register("offhook_agent_calls", help, m.agents);
        registry.register("offhook_tool_calls", "Calls of the agent's tools", m.tools);
        registry.register("offhook_fillers", "Turns in which a filler preceded the answer", m.fillers);
        registry.register("offhook_stand_ins", "Turns that a stand-in answered", m.stand_ins);
        registry.register("offhook_fallbacks", "Turns in which the fallback phrase was spoken", m.fallbacks);
        registry.register("offhook_failures", "What went wrong in calls, by code", m.failures);
        registry.register("offhook_audio_seconds", "Audio of calls, by side", m.audio);
        registry.register(
            "offhook_call_cpu_seconds",
            "Time for which cores were held for calls that are over, and the processor time of their tasks",
            m.cpu,
        );
        let help = "What was made of calls after their ends, by outcome";
        registry.register("offhook_summaries", help, m.summaries);
        metrics
    }

    fn turn(&self, ReportedTurn { turn, .. }: &ReportedTurn) {
        let outcome = match (turn.failed, turn.interrupted) {
            (true, _) => "failed",
            (false, true) => "interrupted",
            (false, false) => "complete",
        };
        self.turns.get_or_create(&Outcome { outcome }).inc();
        if let Some(stages) = turn.stages {
            self.v2v.observe(stages.total_ms() / 1000.0);
            observe(&self.stages, &stages);
        }
        if let Some(ms) = turn.answer_ms {
            self.answer.observe(ms / 1000.0);
            if let Some(stages) = turn.answer_stages.or(turn.stages) {
                observe(&self.answer_stages, &stages);
            }
        }
        if let Some(ms) = turn.mark_return_ms {
            self.mark_return.observe(ms / 1000.0);
        }
        self.interruptions.inc_by(u64::from(turn.interrupted));
        self.hiccups.inc_by(u64::from(turn.hiccups));
        self.fillers.inc_by(u64::from(turn.answer_stages.is_some()));
        self.stand_ins.inc_by(u64::from(turn.rung > 0));
        self.fallbacks.inc_by(u64::from(turn.failed));
    }

    fn ended(&self, summary: &Summary) {
        self.ended.get_or_create(&End { end: summary.end.code.clone() }).inc();
        self.duration.observe(summary.duration_ms / 1000.0);
        let drafts = &summary.speculation;
        self.drafts.get_or_create(&Outcome { outcome: "used" }).inc_by(u64::from(drafts.used));
        self.drafts.get_or_create(&Outcome { outcome: "thrown_away" }).inc_by(u64::from(drafts.thrown_away));
        let consumed = &summary.consumed;
        self.audio.get_or_create(&Side { side: "caller" }).inc_by(consumed.caller_audio_s);
        self.audio.get_or_create(&Side { side: "agent" }).inc_by(consumed.agent_audio_s);
        self.cpu.inc_by(consumed.cpu_s);
    }
}

impl CallMetrics {
    /// The codes of failures are ours.
    fn summarised(&self, after: &AfterCall) {
        let outcome = match after.state {
            AfterState::None | AfterState::Pending => return,
            AfterState::Done => DONE,
            AfterState::Failed => after.code.as_deref().unwrap_or_default(),
        };
        self.summaries.get_or_create(&Made { outcome: outcome.to_owned() }).inc();
    }
}

/// Counts what each stage added. In metrics, units are seconds, and the name of the metric says so.
fn observe(family: &OfStages, stages: &Stages) {
    for (name, ms) in stages.named() {
        let stage = name.trim_end_matches("_ms");
        family.get_or_create(&Stage { stage }).observe(ms / 1000.0);
    }
}

impl Follower for CallMetrics {
    fn told(&self, _: &CallId, happened: &Happened) {
        match happened {
            Happened::Started(beginning) => {
                self.started.get_or_create(&OfGateway { gateway: beginning.gateway.clone() }).inc();
            }
            Happened::Turn(turn) => self.turn(turn),
            Happened::Disclosed { heard } => {
                let outcome = if *heard { "heard" } else { "cut" };
                self.disclosures.get_or_create(&Outcome { outcome }).inc();
            }
            Happened::Agent { name, .. } => {
                self.agents.get_or_create(&OfAgent { agent: name.clone() }).inc();
            }
            Happened::ToolRan(run) => {
                self.tools.get_or_create(&Outcome { outcome: run.end.name() }).inc();
            }
            // Their codes are ours, too: the kinds of refusals.
            Happened::Failed(_, failure) => {
                self.failures.get_or_create(&Code { code: failure.code.clone() }).inc();
            }
            Happened::Ended(summary) => self.ended(summary),
            Happened::Summarised(after) => self.summarised(after),
        }
    }
}
