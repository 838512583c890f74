//! A request for an answer: what the agent is to do, and what the response repeats. Must not know whether
//! there is anything to answer.

use serde_json::{Value, json};

use super::session::{instructions, not_given, only_audio};
use crate::streams::Refusal;
use crate::streams::fields::Fields;

/// A request that this server can do.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What the agent is to do; empty to answer what was typed.
    pub(super) instructions: String,
    /// A few short texts of the client's, which the response repeats; `null` for none.
    pub(super) metadata: Value,
}

impl Asked {
    /// Reads the response that is asked for.
    ///
    /// # Errors
    /// If it asks for something that is not done.
    pub(super) fn read(response: &Fields<'_>) -> Result<Self, Refusal> {
        let problem = "responses are answers to the session's own conversation";
        for field in ["input", "tools", "tool_choice", "prompt"] {
            not_given(response, field, problem)?;
        }
        if response.get("conversation").is_some_and(|which| *which != json!("auto")) {
            return Err(Refusal::not_done("response.conversation", problem));
        }
        let limit = "a limit is set for the session: session.max_output_tokens";
        if response.get("max_output_tokens").is_some_and(|most| *most != json!("inf")) {
            return Err(Refusal::not_done("response.max_output_tokens", limit));
        }
        only_audio(response)?;
        let texts = response.texts("metadata", "response.metadata")?;
        let fits =
            |(name, text): (&String, &String)| name.chars().count() <= 64 && text.chars().count() <= 512;
        if texts.len() > 16 || !texts.iter().all(fits) {
            let problem = "at most 16 texts of 512 characters, with names of 64, are taken";
            return Err(Refusal::not_done("response.metadata", problem));
        }
        Ok(Self {
            instructions: instructions(response)?.unwrap_or_default(),
            metadata: if texts.is_empty() { Value::Null } else { json!(texts) },
        })
    }
}
