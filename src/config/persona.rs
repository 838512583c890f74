//! What of the configuration belongs to one agent, and the agents by their names. Must not know how either is
//! written.

use super::{Agent, BargeIn, Config, EndpointPolicy, KeysPolicy, Manners, SpeculationPolicy, Tts, Vad};

/// What of the configuration belongs to one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Persona {
    /// `[agent]`
    pub agent: Agent,
    /// `[tts]`
    pub tts: Tts,
    /// `[vad]`
    pub vad: Vad,
    /// `[endpoint]`
    pub endpoint: EndpointPolicy,
    /// `[barge_in]`
    pub barge_in: BargeIn,
    /// `[speculation]`
    pub speculation: SpeculationPolicy,
    /// `[manners]`
    pub manners: Manners,
    /// `[keys]`
    pub keys: KeysPolicy,
}

impl Config {
    /// What belongs to its agent.
    #[must_use]
    pub fn persona(&self) -> Persona {
        Persona {
            agent: self.agent.clone(),
            tts: self.tts.clone(),
            vad: self.vad,
            endpoint: self.endpoint.clone(),
            barge_in: self.barge_in.clone(),
            speculation: self.speculation,
            manners: self.manners,
            keys: self.keys,
        }
    }

    /// The same configuration with another agent.
    #[must_use]
    pub fn with_persona(mut self, persona: Persona) -> Self {
        let Persona { agent, tts, vad, endpoint, barge_in, speculation, manners, keys } = persona;
        (self.agent, self.tts, self.vad) = (agent, tts, vad);
        (self.endpoint, self.barge_in, self.speculation) = (endpoint, barge_in, speculation);
        (self.manners, self.keys) = (manners, keys);
        self
    }

    /// The same configuration with the agent of this name; `None` if there is none.
    #[must_use]
    pub fn as_agent(&self, name: &str) -> Option<Self> {
        Some(self.clone().with_persona(self.agents.get(name)?.clone()))
    }

    /// The same configuration with each of its agents.
    pub fn all_agents(&self) -> impl Iterator<Item = Self> {
        self.agents.keys().filter_map(|name| self.as_agent(name))
    }

    /// The name of the agent that answers calls to this number, if one has it.
    #[must_use]
    pub fn agent_of_number(&self, called: &str) -> Option<&str> {
        let called = plain(called);
        let has = |persona: &Persona| persona.agent.numbers.contains(&called);
        self.agents.iter().find(|(_, persona)| has(persona)).map(|(name, _)| name.as_str())
    }

    /// Whether there is more than one.
    #[must_use]
    pub fn has_several_agents(&self) -> bool {
        self.agents.len() > 1
    }

    /// The name of the agent that a gateway's parameter names. Not all gateways carry more than letters and
    /// digits.
    #[must_use]
    pub fn agent_of_parameter(&self, parameter: &str) -> Option<&str> {
        let bare = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let exact = self.agents.get_key_value(parameter).map(|(name, _)| name);
        let alike = || self.agents.keys().find(|name| bare(name) == parameter);
        exact.or_else(alike).map(String::as_str)
    }

    /// The names of all agents, for people.
    #[must_use]
    pub fn names_of_agents(&self) -> String {
        self.agents.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// A number or an address as numbers are compared: the digits of a number, or the address in lower case.
#[must_use]
pub fn plain(called: &str) -> String {
    let called = called.trim();
    if called.contains(|c: char| c.is_alphabetic() || c == '@') {
        called.to_lowercase()
    } else {
        called.chars().filter(char::is_ascii_digit).collect()
    }
}

/// What an agent beside `[agent]` may be called: it is a part of addresses.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=32).contains(&name.len()) && name.chars().all(plain)
}

/// `agent.name`, or what is wrong with it.
pub(super) fn name_problem(name: &str) -> Option<String> {
    (!is_name(name)).then(|| "1 to 32 lower-case letters, digits, _ and -".to_owned())
}

/// The key of the agent of this name that says what `key`, of a section, says of the first agent.
#[must_use]
pub fn persona_key(c: &Config, name: &str, key: &str) -> String {
    if name == c.agent.name { key.to_owned() } else { format!("agents.{name}.{}", key_of_agent(key)) }
}

/// What a key of a section is called in the table of an agent.
pub(super) fn key_of_agent(key: &str) -> &str {
    ["agent.", "tts."].iter().find_map(|section| key.strip_prefix(section)).unwrap_or(key)
}
