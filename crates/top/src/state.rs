//! What a running server tells of itself, as JSON: `GET /debug/state`. The server writes it and the screen
//! reads it. A field that a server does not know has its default, so that older and newer servers still show.
//! Must not know how the figures come about, or how they look.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::history::History;
use crate::lenient::or_default;

/// The state of a server, as its administrators see it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = ServerState))]
#[serde(default)]
pub struct State {
    /// The version of the program.
    pub version: String,
    /// How long the server has run, in seconds.
    pub uptime_s: u64,
    /// Whether the server takes new calls.
    pub ready: bool,
    /// Why new calls are refused now, as the words after "because".
    pub not_ready: Option<String>,
    /// Whether the server waits for its last calls to end.
    pub draining: bool,
    /// The calls that are open.
    #[serde(deserialize_with = "calls")]
    pub calls: Vec<Call>,
    /// The most calls at once.
    pub max_calls: usize,
    /// The name of the language model that answers.
    pub model_in_use: String,
    /// The names of all language models.
    pub models: Vec<String>,
    /// Latencies since the start: `v2v_ms`, `answer_ms`, `mark_return_ms` and the stages.
    pub latency: BTreeMap<String, Percentiles>,
    /// The same over the last minutes.
    pub latency_lately: BTreeMap<String, Percentiles>,
    /// The cores that the server may use.
    pub cores: usize,
    /// The use of cores by each kind of work.
    pub work: BTreeMap<String, Work>,
    /// Processor time since the start, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub cpu_s: f64,
    /// Resident memory, in megabytes.
    pub resident_mb: u64,
    /// The threads of the process.
    pub threads: u64,
    /// What was refused since the start, by reason.
    pub refused: BTreeMap<String, u64>,
    /// The lines that the log could not take.
    pub dropped_log_lines: u64,
    /// The records of calls, if they are kept.
    pub records: Option<RecordCounts>,
    /// The filter of the log.
    pub log_level: String,
    /// The engines, in the order in which a turn meets them.
    pub engines: Vec<Engine>,
    /// What the server does to stay fast.
    pub quality: Quality,
    /// How many more calls the server would take, and why.
    pub admission: Admission,
    /// What an administrator should change.
    pub advice: Vec<Advice>,
    /// The last two minutes.
    pub history: History,
    /// The faults that were injected for a test, each as a sentence.
    pub faults: Vec<String>,
    /// The work that was not done twice.
    pub thrift: Thrift,
}

/// The distribution of one figure, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Percentiles {
    /// The number of values.
    pub count: u64,
    /// The median.
    #[serde(deserialize_with = "or_default")]
    pub p50: f64,
    /// The 95th percentile.
    #[serde(deserialize_with = "or_default")]
    pub p95: f64,
    /// The 99th percentile.
    #[serde(deserialize_with = "or_default")]
    pub p99: f64,
    /// The largest value.
    #[serde(deserialize_with = "or_default")]
    pub max: f64,
}

/// The use of cores by one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Work {
    /// The jobs that got cores.
    pub jobs: u64,
    /// The jobs that were given up before.
    pub dropped: u64,
    /// How long all jobs waited together.
    pub waited_ms: u64,
    /// How long the one waited that waited longest.
    pub longest_wait_ms: u64,
    /// How long cores were held.
    pub held_ms: u64,
}

/// The events for the records of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RecordCounts {
    /// Those that were written.
    pub written: u64,
    /// The transactions that wrote them.
    pub batches: u64,
    /// Those that wait.
    pub waiting: u64,
    /// Those for which there was no room.
    pub dropped: u64,
    /// Those that could not be written.
    pub lost: u64,
    /// The transactions that failed.
    pub failed: u64,
}

/// A call that is open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RunningCall))]
#[serde(default)]
pub struct Call {
    /// The gateway's name of the call.
    pub id: String,
    /// The gateway.
    pub gateway: String,
    /// The agent that speaks, where there are several.
    pub agent: String,
    /// How long the call has lasted, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub since_s: f64,
    /// The turns that the caller has had.
    pub turns: u32,
    /// Voice to voice in the last turn, in milliseconds.
    pub v2v_ms: Option<f64>,
    /// Its median over the call.
    pub v2v_p50_ms: Option<f64>,
    /// How often the caller cut in.
    pub interruptions: u32,
    /// How often an engine failed.
    pub failures: u32,
    /// Processor time of the call, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub cpu_s: f64,
}

/// Reads calls. A server of an older version tells their names alone.
fn calls<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Call>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Name(String),
        Figures(Call),
    }
    let forms: Vec<Form> = or_default(from)?;
    let call = |form| match form {
        Form::Name(id) => Call { id, ..Call::default() },
        Form::Figures(call) => call,
    };
    Ok(forms.into_iter().map(call).collect())
}

/// How an engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should.
    Ok,
    /// It works, but slowly or with failures.
    Degraded,
    /// It failed too often: it gets no work until `retry_in_s` has passed.
    Open,
    /// It is tried with one job.
    HalfOpen,
    /// The server did not say, or in a word of a later version.
    #[default]
    #[serde(other)]
    Unknown,
}

/// An engine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Engine {
    /// `stt`, `llm:NAME` or `tts`.
    pub name: String,
    /// How it does.
    pub health: Health,
    /// The jobs that run.
    pub running: u64,
    /// The jobs that wait.
    pub waiting: u64,
    /// The jobs that were done since the start.
    pub done: u64,
    /// The jobs that failed since the start.
    pub failed: u64,
    /// The last jobs that somebody waited for, at most 20. None while an engine is [`Health::Open`].
    pub recent: u64,
    /// Those of them that failed.
    pub recent_failed: u64,
    /// How often it failed so much that it was left alone, since the start.
    pub opened: u64,
    /// When an engine that is [`Health::Open`] is tried again, in seconds.
    pub retry_in_s: Option<f64>,
    /// The time that a second of audio takes, in seconds.
    pub real_time_factor: Option<f64>,
    /// The 95th percentile of a job, in milliseconds.
    pub p95_ms: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

/// How hard the server's work presses on its cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    /// Measures are taken back.
    Low,
    /// Nothing changes.
    Between,
    /// More measures are taken.
    High,
    /// The server did not say, or in a word of a later version.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What the server does to stay fast: a ladder of measures, of which the first `step` are taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Quality {
    /// The step that the server stands on; 0 is full quality.
    pub step: u32,
    /// The last step.
    pub of: u32,
    /// The measures that are taken, each as a sentence.
    pub measures: Vec<String>,
    /// How hard the work presses.
    pub pressure: Pressure,
    /// Why, as the words after "because".
    pub because: String,
}

/// How many more calls the server would take, and why.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Admission {
    /// The cores that a call takes.
    #[serde(deserialize_with = "or_default")]
    pub cores_per_call: f64,
    /// The 95th percentile of voice to voice that is expected with one more call, in milliseconds.
    pub predicted_p95_ms: Option<f64>,
    /// The most that it may be.
    #[serde(deserialize_with = "or_default")]
    pub limit_ms: f64,
    /// The calls for which there is room.
    pub room: u64,
}

/// What an administrator should change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Advice {
    /// The key of the configuration that it is about.
    pub key: String,
    /// What was seen.
    pub because: String,
    /// What to do about it.
    pub change: String,
}

/// The work that was not done twice, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Thrift {
    /// The answers that were generated once for several calls.
    pub shared_generations: u64,
    /// The phrases that were spoken from memory.
    pub phrase_hits: u64,
    /// The phrases that were synthesised.
    pub phrase_misses: u64,
    /// The tokens of all prompts.
    pub prompt_tokens: u64,
    /// Those of them that the language model had read before.
    pub reused_tokens: u64,
    /// The pages of its memory that were used again.
    pub pages_reused: u64,
    /// The pages that were filled.
    pub pages_made: u64,
}
