//! Every setting, checked once: raw TOML goes in, a [`Config`] comes out, and no code after it needs to check
//! again. Units are in the types. Knows the options of the modules that it configures; none of them knows it.

mod after_call;
mod agent;
mod agents;
#[cfg(test)]
mod agents_tests;
mod api;
pub mod call;
pub mod editing;
mod examine;
pub mod keys;
pub mod limits;
mod lines;
mod models;
mod otlp;
pub mod persona;
mod phrases;
mod problems;
mod quality;
mod records;
mod schema;
mod secrets;
#[cfg(test)]
mod secrets_tests;
mod speech;
mod tls;
mod toml_reader;
pub mod tools;
mod turn_taking;
mod webhooks;
mod whereabouts;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::access::Secret;
use crate::engine::faults::{Fault, Target};
use crate::engine::{KernelChoice, Sampling, TemplateChoice};
use crate::login::PasswordHash;
use crate::media::ear::EarSettings;
use crate::speakable::Dictionary;
use crate::turns::{BargeInPolicy, EndpointPolicy, KeysPolicy, Manners, Phrases, SpeculationPolicy};
use crate::vad::DetectorChoice;

pub use after_call::AfterCall;
pub use api::Api;
pub use examine::{DEFAULT_CONFIG, Examined, LONGEST, examine, examine_text, load, parse};
pub use lines::{Line, Lines};
pub use models::NamedModel;
pub use otlp::Otlp;
pub use persona::Persona;
pub use phrases::unspeakable;
pub use problems::{ConfigError, Problem, Secrets};
pub use quality::Quality;
pub use records::Records;
pub use secrets::secret_of;
pub use tools::{Does, McpReach, OwnTool};
pub use webhooks::{LONGEST_FACTS, Lookup, Webhooks};

/// The whole configuration. `config.toml` describes every key.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The sockets and their limits.
    pub server: Server,
    /// The providers: how clients authenticate, and how calls are ended.
    pub lines: Lines,
    /// Who may read metrics and look into the server.
    pub admin: Admin,
    /// The password with which administrators log in to the console; `None` lets nobody log in.
    pub password: Option<PasswordHash>,
    /// The HTTP interface for programs.
    pub api: Api,
    /// The agent: its role, its facts and its phrases.
    pub agent: Agent,
    /// All agents by their names, this one too.
    pub agents: Arc<BTreeMap<String, Persona>>,
    /// Speech to text.
    pub stt: Stt,
    /// The language model.
    pub llm: Llm,
    /// Text to speech.
    pub tts: Tts,
    /// What the caller's audio goes through before anyone listens.
    pub audio: EarSettings,
    /// Voice activity detection.
    pub vad: Vad,
    /// When the caller's turn is over.
    pub endpoint: EndpointPolicy,
    /// When the caller's barge-in interrupts the agent.
    pub barge_in: BargeIn,
    /// When answers are drafted ahead.
    pub speculation: SpeculationPolicy,
    /// When a silent caller is prompted, and how long a call may last.
    pub manners: Manners,
    /// When the keys that a caller presses make a turn.
    pub keys: KeysPolicy,
    /// How audio is sent.
    pub playback: Playback,
    /// The level and form of the log, and traces.
    pub log: Log,
    /// What is kept of calls.
    pub records: Records,
    /// Where traces of calls are sent.
    pub otlp: Otlp,
    /// Where events of calls are sent.
    pub webhooks: Webhooks,
    /// Who is asked for facts before a call.
    pub lookup: Lookup,
    /// What is made of calls after their ends.
    pub after_call: AfterCall,
    /// What the agent may do beside talking.
    pub tools: Vec<OwnTool>,
    /// How slow answers may become, and what is left out before that.
    pub quality: Quality,
    /// Faults that are injected into engines, if the command line allows it.
    pub faults: BTreeMap<Target, Fault>,
}

impl Config {
    /// Restricts the server to this machine, without TLS and without authentication.
    pub fn open(&mut self) {
        self.server.bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.server.tls = None;
        for line in self.lines.taken.values_mut() {
            line.checks.clear();
        }
        self.admin = Admin::Anybody;
    }

    /// Keeps no records, sends no traces and no events, and makes nothing of calls after their ends.
    pub fn leave_no_records(&mut self) {
        (self.records.file, self.records.recordings, self.otlp.endpoint) = (None, None, None);
        self.webhooks.url = None;
        (self.after_call.summary, self.after_call.fields) = (false, None);
    }
}

/// `[admin]`: who counts as an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admin {
    /// Nobody.
    Nobody,
    /// Who has this token.
    Bearer(Secret),
    /// Anybody who can reach the server: for `serve --open`, on this machine.
    Anybody,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Certificate and key in PEM; `None` speaks without TLS.
    pub tls: Option<Tls>,
    /// The most concurrent calls; one more is refused with 503.
    pub max_calls: usize,
    /// The most concurrent sockets of one address, calls included; one more is refused with 429.
    pub max_calls_per_peer: Option<usize>,
    /// The most sockets that have not sent their start message.
    pub max_waiting: usize,
    /// The most connections that are not WebSockets yet.
    pub max_connections: usize,
    /// The most messages per second on one socket, averaged over ten seconds.
    pub max_messages_per_s: u32,
    /// The largest WebSocket message accepted, in bytes.
    pub max_message_bytes: usize,
    /// The longest time from the opening of a socket to its start message.
    pub start_timeout: Duration,
    /// A socket that sends nothing for this long, not even a pong, is closed.
    pub idle_timeout: Duration,
    /// A socket that accepts no data for this long is closed.
    pub send_timeout: Duration,
    /// On SIGTERM, running calls get this long to finish.
    pub drain_timeout: Duration,
}

/// The files of a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// `[agent]`, or an agent of `[agents]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name for addresses, records and other agents.
    pub name: String,
    /// What it is for, as other agents read it.
    pub description: String,
    /// The numbers whose calls it answers, as [`persona::plain`] writes them.
    pub numbers: Vec<String>,
    /// Instructions, given to the language model before every conversation.
    pub system_prompt: String,
    /// Facts, which stand behind them.
    pub facts: String,
    /// The folder of texts in which its facts are looked up, question by question.
    pub knowledge: Option<PathBuf>,
    /// The names of its tools; `None` for all.
    pub tools: Option<Vec<String>>,
    /// The name of the language model that it asks first; `None` for the one in use.
    pub model: Option<String>,
    /// Texts that are spoken without the language model.
    pub phrases: Phrases,
    /// Keys that are pressed when a call begins; empty for none.
    pub opening_keys: String,
    /// A longer reply ends with the sentence that reaches this number of words.
    pub max_reply_words: usize,
}

impl Agent {
    /// Instructions and facts.
    #[must_use]
    pub fn prompt(&self) -> String {
        format!("{}\n{}", self.system_prompt, self.facts).trim().to_owned()
    }
}

/// `[stt]`
#[derive(Debug, Clone, PartialEq)]
pub struct Stt {
    /// A Whisper model in whisper.cpp's GGML format.
    pub model: PathBuf,
    /// Threads of one transcription.
    pub threads: usize,
    /// Silence after the speech that stays in Whisper's window; `None` takes the model's own value.
    pub window_margin: Option<Duration>,
    /// Whether a doubtful transcript is made again with the whole window.
    pub second_look: bool,
    /// A code of [`LANGUAGES`](crate::engine::whisper::languages::LANGUAGES), or "auto".
    pub language: String,
    /// Words the model should expect (names, terms); empty for none.
    pub initial_prompt: String,
    /// The interval of partial transcripts while the caller speaks; `None` waits for a pause.
    pub partial_pace: Option<Duration>,
    /// After this much speech, the words before a pause are final and not transcribed again.
    pub commit_after: Duration,
    /// The longest audio that is transcribed at once.
    pub max_piece: Duration,
    /// The longest utterance; a longer one ends the turn.
    pub max_utterance: Duration,
}

/// `[llm]`
#[derive(Debug, Clone, PartialEq)]
pub struct Llm {
    /// A GGUF file: the model in use when the server starts.
    pub model: PathBuf,
    /// Replaces the chat template of its file.
    pub chat_template: Option<TemplateChoice>,
    /// Whether models that can think before they answer do so.
    pub thinking: bool,
    /// The name of this model.
    pub name: String,
    /// The name of the model that is asked first.
    pub in_use: String,
    /// The models to fall back to, in this order.
    pub stand_ins: Vec<NamedModel>,
    /// The next model is asked if the first token takes longer than this.
    pub fallback_after: Duration,
    /// Threads of one step.
    pub threads: usize,
    /// The kernels that multiply its matrices.
    pub kernels: KernelChoice,
    /// The most tokens of a conversation, system prompt and reply included.
    pub context_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The most memory for the caches of all calls, in MiB.
    pub cache_mb: usize,
    /// The most answers that are kept and given again; `None` keeps none.
    pub cached_answers: Option<NonZeroUsize>,
    /// The name of the model that answers hard questions; `None` if the one in use answers all.
    pub smart: Option<String>,
    /// The most questions of each agent whose answers are prepared; `None` prepares none.
    pub prepared_answers: Option<NonZeroUsize>,
    /// The longest step of the model that is planned.
    pub longest_step: Duration,
    /// A reply whose first token takes longer than this is replaced by the fallback phrase.
    pub first_token_timeout: Duration,
}

impl Llm {
    /// All models with their names, the one in use at the start first.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Path)> {
        let others = self.stand_ins.iter().map(|model| (model.name.as_str(), model.path.as_path()));
        std::iter::once((self.name.as_str(), self.model.as_path())).chain(others)
    }

    /// The chat template that replaces the one of this file.
    #[must_use]
    pub fn template_of(&self, model: &Path) -> Option<&TemplateChoice> {
        let stand_in = self.stand_ins.iter().find(|named| named.path == model);
        let of_first = || self.chat_template.as_ref().filter(|_| self.model == model);
        stand_in.map_or_else(of_first, |named| named.chat_template.as_ref())
    }
}

/// `[tts]`
#[derive(Debug, Clone, PartialEq)]
pub struct Tts {
    /// One of `engine::voice`, such as "flite:slt".
    pub voice: String,
    /// 1 is the voice's own pace, 2 twice as fast.
    pub speed: f32,
    /// Words that a voice would get wrong, and how they are said.
    pub pronounce: Arc<Dictionary>,
}

/// `[vad]`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vad {
    /// Which detector, and how sure it must be.
    pub detector: DetectorChoice,
    /// The length of voiced sound that starts speech.
    pub start: Duration,
    /// The length of silence that makes a pause.
    pub stop: Duration,
    /// Audio kept from before the start of speech.
    pub pre_roll: Duration,
}

/// `[barge_in]`
#[derive(Debug, Clone, PartialEq)]
pub struct BargeIn {
    /// The length of speech that makes the agent pause.
    pub min_speech: Duration,
    /// The meaning of words that are said while the agent speaks.
    pub policy: BargeInPolicy,
    /// How much quieter the agent's own voice comes back than it was sent, in dB; `None` if there is no echo.
    pub echo_loss_db: Option<f32>,
}

/// `[playback]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playback {
    /// Audio in the gateway's playback buffer.
    pub lead: Duration,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// An `env-filter` expression such as "info" or "offhook=debug".
    pub level: String,
    /// JSON, one object per line, instead of text.
    pub json: bool,
    /// The folder for the traces of calls; `None` writes none.
    pub traces: Option<PathBuf>,
    /// Traces also hold every input of the call, and what was sent.
    pub captures: bool,
}
