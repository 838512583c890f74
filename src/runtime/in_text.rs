//! A conversation in text with an agent, as its language model gets it. Must not know who asks.

use super::library::informed;
use super::services::Services;
use crate::config::call::characters_of_knowledge;
use crate::dialogue::{Message, Role};

/// A conversation, ready for a language model.
#[derive(Debug)]
pub struct InText {
    /// Instructions, what was said, and what was looked up for the last question.
    pub messages: Vec<Message>,
    /// Where the passages stand that were looked up.
    pub sources: Vec<String>,
    /// The name of the language model.
    pub model: String,
}

impl InText {
    /// What was said to the agent of these services, with its instructions and what it knows, but without its
    /// tools: nobody carries them out.
    #[must_use]
    pub fn with(services: &Services, said: impl IntoIterator<Item = Message>) -> Self {
        let config = &services.config;
        let system = config.lookup.prompt(&config.agent.prompt(), &config.lookup.default);
        let system = std::iter::once(Message { role: Role::System, text: system });
        let most = characters_of_knowledge(config);
        let knowledge = services.knowledge();
        let (messages, sources) = informed(knowledge.as_deref(), system.chain(said).collect(), most);
        // Its engines begin with its model.
        let model = services.engines.models_for(&messages).in_use().to_owned();
        Self { messages, sources, model }
    }
}
