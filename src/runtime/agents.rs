//! Which agent answers a call, and how another one goes on with it. Must not know what agents say.

use std::sync::Arc;

use super::services::Services;
use crate::call::Successor;
use crate::config::call::{self, Known, settings};
use crate::engine::voices::VoiceName;
use crate::streams::dialect::Dialect;
use crate::streams::{AGENT_PARAMETER, Overrides, Refusal, RefusalCode, Start};

impl Services {
    /// The same services with the agent of this name; `None` if there is none.
    #[must_use]
    pub fn for_agent(&self, name: &str) -> Option<Self> {
        let config = Arc::new(self.config.as_agent(name)?);
        let voice = VoiceName { voice: config.tts.voice.clone(), speed: config.tts.speed };
        let engines = self.engines.for_agent(&voice, config.agent.model.as_deref());
        Some(Self { config, engines, ..self.clone() })
    }

    /// The same services with the agent who answers this call: the one that its address names (`path`), or
    /// else a parameter, or else the one with the number that was called, or else that of `[agent]`.
    ///
    /// A gateway's parameter that names nobody is told in the log, and the agent of `[agent]` answers: a
    /// caller waits, who cannot mend it.
    ///
    /// # Errors
    /// If a client of our own protocol names an agent or a voice that is not there.
    pub(super) fn of_call(
        &self,
        path: Option<&str>,
        start: &Start,
        dialect: Option<Dialect>,
    ) -> Result<Self, Refusal> {
        let config = &self.config;
        let unknown = |name: &str| {
            let names = config.names_of_agents();
            let reason = format!("agent.name: there is no agent {name:?}; there are: {names}");
            Refusal { code: RefusalCode::Unsupported, reason }
        };
        // Where there is one agent, the name may be the customer's own.
        let parameter = start.custom.get(AGENT_PARAMETER).filter(|_| config.has_several_agents());
        let parameter = parameter.map(String::as_str);
        let number = || start.to.as_deref().and_then(|called| config.agent_of_number(called));
        let name = match (path.or(start.agent.name.as_deref()), parameter) {
            (Some(name), _) if config.agents.contains_key(name) => name,
            (Some(name), _) => return Err(unknown(name)),
            (None, Some(name)) => match config.agent_of_parameter(name) {
                Some(name) => name,
                None if dialect == Some(Dialect::Native) => return Err(unknown(name)),
                None => {
                    tracing::error!(
                        agent = name,
                        "there is no such agent; that of [agent] answers, or the one with the number"
                    );
                    number().unwrap_or(&config.agent.name)
                }
            },
            (None, None) => number().unwrap_or(&config.agent.name),
        };
        let mut services = self.for_agent(name).unwrap_or_else(|| self.clone());
        if let Some(voice) = &start.agent.voice {
            let refused = |code, reason: String| Err(Refusal { code, reason });
            if !config.lines.own_agents {
                let reason = "agent.voice: sessions may not choose one on this server (offhook.own_agents)";
                return refused(RefusalCode::NotAllowed, reason.to_owned());
            }
            // Names may hold paths of this machine: they are for administrators (GET /api/v1/agents).
            let Some(loaded) = self.engines.voices.named(voice) else {
                return refused(RefusalCode::Unsupported, format!("agent.voice: {voice:?} is not loaded"));
            };
            services.engines.speak = Arc::new(loaded.phrases.clone());
        }
        Ok(services)
    }

    /// Its agent, as one that goes on with a call of which this is known.
    pub(super) fn successor(&self, known: &Known) -> Successor {
        let (config, count) = (&self.config, &self.engines.count);
        let mut settings = settings(config);
        let facts = Known { facts: known.facts.clone(), greeting: None };
        // The facts of the configuration stay where those of the call are too long.
        let _ = call::learn(&mut settings, config, &Overrides::default(), facts, count);
        settings.tools = self.toolbox.tools_within(config, &settings, count);
        Successor {
            name: config.agent.name.clone(),
            settings,
            hysteresis: call::hysteresis(config),
            dictionary: config.tts.pronounce.as_ref().clone(),
        }
    }
}
