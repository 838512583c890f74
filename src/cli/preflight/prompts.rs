//! Whether the prompts of all agents leave room to talk. Reads no weights.

use crate::config::persona::persona_key;
use crate::config::{Config, Problem};
use crate::engine::llm::Inspected;
use crate::turns::with_tools;

/// The prompts of all agents, with what is said of their tools, each with the key that says it.
pub(super) fn of(config: &Config) -> Vec<(String, String)> {
    let of_agent = |agent: Config| {
        let key = persona_key(config, &agent.agent.name, "agent.system_prompt");
        (key, with_tools(&agent.agent.prompt(), &agent.told_tools()))
    };
    config.all_agents().map(of_agent).collect()
}

/// What is to be said of the prompt under this key with the model of this name: what is wrong, or else a
/// note.
pub(super) fn told(
    config: &Config,
    name: &str,
    key: &str,
    model: &Inspected,
) -> (Option<Problem>, Option<String>) {
    let llm = &config.llm;
    let most = llm.context_tokens.min(model.context).saturating_sub(llm.sampling.max_tokens);
    let Some(tokens) = model.prompt_tokens else { return (None, None) };
    if tokens > most {
        let allowed = format!(
            "at most {most} with the model \"{name}\" (llm.context_tokens less llm.max_tokens): shorten it, or \
             raise llm.context_tokens if the model allows more"
        );
        return (Some(Problem::of(key, format!("a text of {tokens} tokens"), allowed)), None);
    }
    let note = (tokens > most / 2).then(|| {
        format!(
            "{key} takes {tokens} of the {most} tokens that a prompt of the model \"{name}\" may have: earlier \
             turns are soon forgotten"
        )
    });
    (None, note)
}
