//! What a call needs of the house, and what the configuration means to it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ears::Ears;
use crate::config::Config;
use crate::conversation::{Listening, Settings};
use crate::engine::workers::Engines;
use crate::gateway::detect::Dialect;
use crate::vad::{DetectorChoice, Hysteresis};

/// What a call needs of the house.
#[derive(Clone)]
pub struct Services {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// Listening, thinking, speaking.
    pub engines: Engines,
    /// Cancelled when running calls must end.
    pub stop: CancellationToken,
}

impl Services {
    /// How much audio may lie ready in the buffer of a line that speaks `_dialect`: as yet the same for all.
    #[must_use]
    pub fn lead(&self, _dialect: Option<Dialect>) -> Duration {
        self.config.playback.lead
    }
}

/// A caller's ears, with this detector and as the configuration sets them.
#[must_use]
pub fn ears(config: &Config, detector: DetectorChoice) -> Ears {
    let hysteresis = Hysteresis::new(config.vad.start, config.barge_in.min_speech, config.vad.stop);
    Ears::new(detector.build(), hysteresis, config.vad.pre_roll, config.stt.max_piece)
}

/// The conversation's part of the configuration.
#[must_use]
pub fn settings(config: &Config) -> Settings {
    Settings {
        system_prompt: config.agent.system_prompt.clone(),
        phrases: config.agent.phrases.clone(),
        endpoint: config.endpoint.clone(),
        barge_in: config.barge_in.policy.clone(),
        listening: Listening {
            partial_pace: config.stt.partial_pace,
            commit_after: config.stt.commit_after,
            max_piece: config.stt.max_piece,
            max_utterance: config.stt.max_utterance,
        },
        speculation: config.speculation,
        manners: config.manners,
        first_token_timeout: config.llm.first_token_timeout,
        max_reply_words: config.agent.max_reply_words,
        prompt_tokens: config.llm.context_tokens - config.llm.sampling.max_tokens,
    }
}
