//! What a call needs of the house, and what the configuration means to it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::carrier::Carrier;
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
    /// The way to the lines' own APIs, if one is to be asked.
    pub carrier: Option<Carrier>,
    /// Cancelled when running calls must end.
    pub stop: CancellationToken,
}

impl Services {
    /// Ends a call that was said goodbye to, where the socket of `dialect` has no word for it and there is
    /// an account with its provider. After a failure nobody is asked to: the line's own instructions may
    /// still help the caller.
    pub async fn hang_up(&self, dialect: Option<Dialect>, call: Option<&str>) {
        let api = dialect.and_then(|dialect| self.config.lines.taken.get(&dialect)?.api.as_ref());
        let (Some(carrier), Some(api), Some(call)) = (&self.carrier, api, call) else { return };
        match carrier.hang_up(api, call).await {
            Ok(()) => tracing::debug!("the line has hung up"),
            Err(error) => tracing::error!(%error, "the line could not be asked to hang up"),
        }
    }

    /// How much audio may lie ready in the buffer of a line that speaks `dialect`.
    #[must_use]
    pub fn lead(&self, dialect: Option<Dialect>) -> Duration {
        let line = dialect.and_then(|dialect| self.config.lines.taken.get(&dialect));
        line.and_then(|line| line.lead).unwrap_or(self.config.playback.lead)
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
