//! Every setting, checked once: raw TOML goes in, this goes out, and nothing after it needs to check
//! again. Units are in the types. Knows the options of the rooms that it
//! fills; none of them knows it.

pub mod call;
mod examine;
pub mod limits;
mod lines;
mod models;
mod problems;
mod schema;
mod secrets;
#[cfg(test)]
mod secrets_tests;
mod toml_reader;
mod turn_taking;
mod whereabouts;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::{KernelChoice, Sampling, TemplateChoice};
use crate::turns::{BargeInPolicy, EndpointPolicy, KeysPolicy, Manners, Phrases, SpeculationPolicy};
use crate::vad::DetectorChoice;

pub use examine::{DEFAULT_CONFIG, Examined, examine, examine_text, load, parse};
pub use lines::{Line, Lines};
pub use models::NamedModel;
pub use problems::{ConfigError, Problem, Secrets};
pub use secrets::secret_of;

/// The whole configuration. `config.toml` describes every key.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The sockets and their limits.
    pub server: Server,
    /// The telephone lines: who may dial, and how they hang up.
    pub lines: Lines,
    /// Who answers, and what it knows.
    pub agent: Agent,
    /// Speech to text.
    pub stt: Stt,
    /// The language model.
    pub llm: Llm,
    /// Text to speech.
    pub tts: Tts,
    /// Voice activity detection.
    pub vad: Vad,
    /// When the caller's turn is over.
    pub endpoint: EndpointPolicy,
    /// When the caller may cut in.
    pub barge_in: BargeIn,
    /// When answers are prepared ahead.
    pub speculation: SpeculationPolicy,
    /// What is done when nobody speaks, and how long a call may last.
    pub manners: Manners,
    /// When the caller's keys are a turn.
    pub keys: KeysPolicy,
    /// How audio leaves.
    pub playback: Playback,
    /// What is logged.
    pub log: Log,
}

impl Config {
    /// As it is, but on this machine alone, without TLS, and for everybody who dials.
    pub fn open(&mut self) {
        self.server.bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.server.tls = None;
        for line in self.lines.taken.values_mut() {
            line.checks.clear();
        }
    }
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
    /// Calls at the same time; one more is refused with 503.
    pub max_calls: usize,
    /// Sockets of one address at the same time, calls included; one more is refused with 429.
    pub max_calls_per_peer: Option<usize>,
    /// Sockets at the same time that have not said who calls.
    pub max_waiting: usize,
    /// Connections at the same time that are no sockets yet.
    pub max_connections: usize,
    /// Messages a second on one socket, over ten seconds.
    pub max_messages_per_s: u32,
    /// Largest WebSocket message taken, in bytes.
    pub max_message_bytes: usize,
    /// From the socket's opening to its start message.
    pub start_timeout: Duration,
    /// A socket that brings nothing for this long, not even the answer to a ping, is closed.
    pub idle_timeout: Duration,
    /// A socket that takes nothing for this long is closed.
    pub send_timeout: Duration,
    /// On SIGTERM, running calls get this long to finish.
    pub drain_timeout: Duration,
}

/// The files of a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// `[agent]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Instructions and facts, given to the language model before every conversation.
    pub system_prompt: String,
    /// What is said without the language model.
    pub phrases: Phrases,
    /// Keys that are pressed when a call begins; empty for none.
    pub opening_keys: String,
    /// A reply of more words ends with the sentence that reaches this number.
    pub max_reply_words: usize,
}

/// `[stt]`
#[derive(Debug, Clone, PartialEq)]
pub struct Stt {
    /// A Whisper model in whisper.cpp's GGML format.
    pub model: PathBuf,
    /// Threads of one transcription.
    pub threads: usize,
    /// Silence after the speech that stays in Whisper's window; `None` is what is known of the model.
    pub window_margin: Option<Duration>,
    /// A doubtful transcript is made again with the whole window.
    pub second_look: bool,
    /// A code of [`LANGUAGES`](crate::engine::whisper::languages::LANGUAGES), or "auto".
    pub language: String,
    /// Words the model should expect (names, terms); empty for none.
    pub initial_prompt: String,
    /// From one look at the words of a caller who speaks to the next; `None` waits for a pause.
    pub partial_pace: Option<Duration>,
    /// Words before a pause stand, and are not looked at again, after so much speech.
    pub commit_after: Duration,
    /// The most that is transcribed in one piece.
    pub max_piece: Duration,
    /// Longest utterance; a longer one ends the turn.
    pub max_utterance: Duration,
}

/// `[llm]`
#[derive(Debug, Clone, PartialEq)]
pub struct Llm {
    /// A GGUF file: the model in use when the server starts.
    pub model: PathBuf,
    /// In the place of the chat template in its file.
    pub chat_template: Option<TemplateChoice>,
    /// Its name.
    pub name: String,
    /// Which of all is asked first.
    pub in_use: String,
    /// Those that stand in for it, in this order.
    pub stand_ins: Vec<NamedModel>,
    /// An answer of which nothing has come by then is asked of the next of them.
    pub fallback_after: Duration,
    /// Threads of one step.
    pub threads: usize,
    /// What multiplies its matrices.
    pub kernels: KernelChoice,
    /// Tokens a conversation may take, system prompt and reply included.
    pub context_tokens: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Memory that the caches of all calls may take together.
    pub cache_mb: usize,
    /// No step of the model is made longer than this on purpose.
    pub longest_step: Duration,
    /// A reply whose first token takes longer is given up for the fallback phrase.
    pub first_token_timeout: Duration,
}

impl Llm {
    /// All models with their names, the one in use at the start first.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Path)> {
        let others = self.stand_ins.iter().map(|model| (model.name.as_str(), model.path.as_path()));
        std::iter::once((self.name.as_str(), self.model.as_path())).chain(others)
    }

    /// What stands in the place of the chat template in this file.
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
}

/// `[vad]`
#[derive(Debug, Clone, PartialEq)]
pub struct Vad {
    /// Which detector, and how sure it must be.
    pub detector: DetectorChoice,
    /// Voiced sound that makes a start of speech.
    pub start: Duration,
    /// Silence that makes a pause.
    pub stop: Duration,
    /// Audio kept from before the start.
    pub pre_roll: Duration,
}

/// `[barge_in]`
#[derive(Debug, Clone, PartialEq)]
pub struct BargeIn {
    /// Speech that makes the agent pause.
    pub min_speech: Duration,
    /// What words mean that are said while the agent speaks.
    pub policy: BargeInPolicy,
    /// So much quieter than sent does the agent's own voice come back, in dB; `None` if it does not.
    pub echo_loss_db: Option<f32>,
}

/// `[playback]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playback {
    /// Audio that may lie in the gateway's buffer.
    pub lead: Duration,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// An `env-filter` expression such as "info" or "offhook=debug".
    pub level: String,
    /// JSON, one object a line, instead of text.
    pub json: bool,
    /// The folder of the calls' traces; `None` writes none.
    pub traces: Option<PathBuf>,
}
