//! The configuration as a call sees it: the settings of its turns, and its listener.

use super::Config;
use crate::dialogue::CountTokens;
use crate::dialogue::tools::Tools;
use crate::language::ENGLISH;
use crate::media::listener::Listener;
use crate::streams::{Overrides, Refusal, RefusalCode};
use crate::turns::{Listening, Settings};
use crate::vad::{DetectorChoice, Hysteresis, HysteresisSettings};

/// A call's listener, with this detector and the settings of the configuration.
#[must_use]
pub fn listener(config: &Config, detector: DetectorChoice) -> Listener {
    let hysteresis = Hysteresis::of(hysteresis(config));
    Listener::new(detector.build(), hysteresis, config.vad.pre_roll, config.stt.max_piece)
}

/// How long speech and silence must last.
#[must_use]
pub fn hysteresis(config: &Config) -> HysteresisSettings {
    let (vad, sustained) = (&config.vad, config.barge_in.min_speech);
    HysteresisSettings { start: vad.start, sustained, stop: vad.stop }
}

/// The conversation's part of the configuration.
#[must_use]
pub fn settings(config: &Config) -> Settings {
    Settings {
        language: &ENGLISH,
        system_prompt: config.lookup.prompt(&config.agent.prompt(), &config.lookup.default),
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
        keys: config.keys,
        first_token_timeout: config.llm.first_token_timeout,
        models: config.llm.models().count(),
        fallback_after: config.llm.fallback_after,
        max_reply_words: config.agent.max_reply_words,
        prompt_tokens: config.llm.context_tokens
            - config.llm.sampling.max_tokens
            - tokens_of_knowledge(config),
        tool_tokens: tokens_of_calls(config) - config.llm.sampling.max_tokens,
        tools: Tools::default(),
    }
}

/// Arguments of tools may take more tokens than what is spoken in one turn: up to this many.
const MOST_OF_CALLS: usize = 256;

/// The most tokens of an answer that may call tools: at most a quarter of the context, but no fewer than of
/// any other answer.
#[must_use]
pub fn tokens_of_calls(config: &Config) -> usize {
    MOST_OF_CALLS.min(config.llm.context_tokens / 4).max(config.llm.sampling.max_tokens)
}

/// What is looked up for a question may take up to so many tokens.
const MOST_OF_KNOWLEDGE: usize = 400;

/// Few texts have more tokens than one for three characters.
const CHARACTERS_OF_A_TOKEN: usize = 3;

/// The tokens that are left to what is looked up for a question: at most a quarter of the context, and none
/// where nothing is looked up.
fn tokens_of_knowledge(config: &Config) -> usize {
    match config.agent.knowledge {
        None => 0,
        Some(_) => MOST_OF_KNOWLEDGE.min(config.llm.context_tokens / 4),
    }
}

/// The most characters of what is looked up for a question.
#[must_use]
pub fn characters_of_knowledge(config: &Config) -> usize {
    tokens_of_knowledge(config) * CHARACTERS_OF_A_TOKEN
}

/// The settings of a call that overrides some of them, if it may.
///
/// # Errors
/// If calls may not override them, or if the call's system prompt takes more than half of the tokens that a
/// prompt may have, as `count` counts them.
pub fn settings_of(
    config: &Config,
    agent: &Overrides,
    may_bring_its_own: bool,
    count: &CountTokens,
) -> Result<Settings, Refusal> {
    let mut settings = settings(config);
    // An agent that waits for the caller is none of the client's own.
    let brings_words = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let brings_its_own = brings_words(&agent.system_prompt) || brings_words(&agent.greeting);
    if !may_bring_its_own && brings_its_own {
        let reason = "agent: sessions may not bring their own on this server (offhook.own_agents)".to_owned();
        return Err(Refusal { code: RefusalCode::NotAllowed, reason });
    }
    if let Some(greeting) = &agent.greeting {
        settings.phrases.greeting.clone_from(greeting);
    }
    if let Some(prompt) = &agent.system_prompt {
        // Nothing is looked up for an agent of the client's own.
        settings.prompt_tokens += tokens_of_knowledge(config);
        let (tokens, most) = (count.of(prompt), settings.prompt_tokens / 2);
        if tokens > most {
            let reason = format!("agent.system_prompt: {tokens} tokens, at most {most} are taken");
            return Err(Refusal { code: RefusalCode::TooLarge, reason });
        }
        settings.system_prompt.clone_from(prompt);
    }
    Ok(settings)
}

/// What a look-up before a call brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Facts for the system prompt; `None` leaves the default.
    pub facts: Option<String>,
    /// The greeting; `None` leaves that of the configuration.
    pub greeting: Option<String>,
}

/// Puts what was looked up into the settings of a call. What the call itself brings wins.
///
/// # Errors
/// If the facts would leave no room to talk: the default facts stay.
pub fn learn(
    settings: &mut Settings,
    config: &Config,
    agent: &Overrides,
    known: Known,
    count: &CountTokens,
) -> Result<(), String> {
    if let Some(greeting) = known.greeting.filter(|_| agent.greeting.is_none()) {
        settings.phrases.greeting = greeting;
    }
    let Some(facts) = known.facts.filter(|_| agent.system_prompt.is_none()) else { return Ok(()) };
    let prompt = config.lookup.prompt(&config.agent.prompt(), &facts);
    // A longer prompt of the configuration was taken as it is when the server started.
    let most = (settings.prompt_tokens / 2).max(count.of(&settings.system_prompt));
    let tokens = count.of(&prompt);
    if tokens > most {
        return Err(format!(
            "with the facts, the system prompt has {tokens} tokens, at most {most} are taken"
        ));
    }
    settings.system_prompt = prompt;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn of(agent: &Overrides) -> Result<Settings, Refusal> {
        let config =
            crate::config::parse("[agent]\nsystem_prompt = \"A\"\ngreeting = \"B\"", "test", Path::new(""));
        let words = CountTokens::new(|text| text.split_whitespace().count());
        settings_of(&config.expect("a configuration"), agent, true, &words)
    }

    #[test]
    fn a_call_may_have_its_own_agent_and_keeps_what_it_does_not_name() {
        let settings = of(&Overrides { greeting: Some("Bakery.".into()), ..Overrides::default() });
        let settings = settings.expect("small");
        assert_eq!((settings.system_prompt.as_str(), settings.phrases.greeting.as_str()), ("A", "Bakery."));
        let silent = of(&Overrides {
            system_prompt: Some("Bread.".into()),
            greeting: Some(String::new()),
            ..Overrides::default()
        });
        let silent = silent.expect("small");
        assert_eq!((silent.system_prompt.as_str(), silent.phrases.greeting.as_str()), ("Bread.", ""));
    }

    #[test]
    fn what_was_looked_up_stands_behind_the_prompt_unless_the_call_brings_its_own() {
        let text = "[agent]\nsystem_prompt = \"A\"\ngreeting = \"B\"\n[lookup]\ndefault = \"C\"";
        let config = crate::config::parse(text, "test", Path::new("")).expect("a configuration");
        let words = CountTokens::new(|text| text.split_whitespace().count());
        let known = |facts: &str| Known { facts: Some(facts.to_owned()), greeting: Some("Hi".to_owned()) };
        let learnt = |agent: &Overrides, known| {
            let mut settings = settings_of(&config, agent, true, &words).expect("settings");
            let told = learn(&mut settings, &config, agent, known, &words);
            (settings.system_prompt, settings.phrases.greeting, told.is_ok())
        };
        let whole = |prompt: &str, greeting: &str, right| (prompt.to_owned(), greeting.to_owned(), right);
        let plain = Overrides::default();
        assert_eq!(learnt(&plain, Known::default()), whole("A C", "B", true));
        assert_eq!(learnt(&plain, known("It is Jo.")), whole("A It is Jo.", "Hi", true));
        assert_eq!(learnt(&plain, known(&"a ".repeat(483))), whole("A C", "Hi", false));
        let own = Overrides {
            system_prompt: Some("Own".into()),
            greeting: Some("Mine".into()),
            ..Overrides::default()
        };
        assert_eq!(learnt(&own, known("It is Jo.")), whole("Own", "Mine", true));
    }

    #[test]
    fn where_strangers_dial_nobody_brings_their_own_agent() {
        let text = "[offhook]\nown_agents = false";
        let config = crate::config::parse(text, "test", Path::new("")).expect("a configuration");
        let words = CountTokens::new(|text| text.split_whitespace().count());
        let own = Overrides { greeting: Some("Hello.".into()), ..Overrides::default() };
        let refusal = settings_of(&config, &own, config.lines.own_agents, &words).expect_err("not allowed");
        assert_eq!(refusal.code, RefusalCode::NotAllowed);
        assert!(settings_of(&config, &Overrides::default(), false, &words).is_ok());
    }

    #[test]
    fn a_prompt_that_leaves_no_room_to_talk_is_refused_with_its_size() {
        let long = Overrides { system_prompt: Some("a ".repeat(483)), ..Overrides::default() };
        let refusal = of(&long).expect_err("too long");
        assert_eq!(refusal.to_string(), "too_large: agent.system_prompt: 483 tokens, at most 482 are taken");
    }
}
