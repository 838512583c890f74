//! What the agent says on its own, and whether the voice can say it: a phrase that cannot be spoken would be
//! silence, and nobody would know before a caller does.

use super::Config;
use super::persona::{Persona, persona_key};
use crate::engine::voice;
use crate::language::ENGLISH;
use crate::speakable::{spoken, written};
use crate::turns::Phrases;

/// The phrases of the configuration that the voice of their agent cannot speak, with their keys.
#[must_use]
pub fn unspeakable(config: &Config) -> Vec<(String, &str)> {
    let first = config.agents.get(&config.agent.name).map(silent).unwrap_or_default();
    let mut all: Vec<(String, &str)> =
        first.iter().map(|(key, phrase)| ((*key).to_owned(), *phrase)).collect();
    for (name, persona) in config.agents.iter().filter(|(name, _)| **name != config.agent.name) {
        // What agents share is told once.
        let own = silent(persona).into_iter().filter(|told| !first.contains(told));
        all.extend(own.map(|(key, phrase)| (persona_key(config, name, key), phrase)));
    }
    all
}

/// The phrases of an agent that its voice cannot speak.
fn silent(persona: &Persona) -> Vec<(&'static str, &str)> {
    let (voice, names) = (&persona.tts.voice, &persona.tts.pronounce);
    let is_silent = |(_, phrase): &(&str, &str)| {
        let said = spoken(&written(phrase, &ENGLISH), &ENGLISH.speech, names).text;
        !phrase.is_empty() && voice::is_known(voice) && !voice::can_speak(voice, &said)
    };
    phrases_of(&persona.agent.phrases).filter(is_silent).collect()
}

/// All phrases, each with its key.
fn phrases_of(phrases: &Phrases) -> impl Iterator<Item = (&'static str, &str)> {
    let Phrases {
        disclosure,
        greeting,
        fallback,
        not_understood,
        fillers,
        idle,
        idle_goodbye,
        length_warning,
        length_goodbye,
        hold,
        give_up_goodbye,
        // The language model says these.
        goodbyes: _,
    } = phrases;
    let single = [
        ("agent.disclosure", disclosure),
        ("agent.greeting", greeting),
        ("agent.fallback", fallback),
        ("manners.not_understood", not_understood),
        ("manners.idle_goodbye", idle_goodbye),
        ("manners.length_warning", length_warning),
        ("manners.length_goodbye", length_goodbye),
        ("manners.hold", hold),
        ("manners.give_up_goodbye", give_up_goodbye),
    ];
    let lists = [("manners.fillers", fillers), ("manners.idle_prompts", idle)];
    let listed = lists.into_iter().flat_map(|(key, list)| list.iter().map(move |phrase| (key, phrase)));
    single.into_iter().chain(listed).map(|(key, phrase)| (key, phrase.as_str()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let config = crate::config::parse(text, "test", Path::new("")).expect("a configuration");
        unspeakable(&config).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn every_phrase_that_no_voice_can_speak_is_named() {
        let agent = ["disclosure", "greeting", "fallback"];
        let manners =
            ["not_understood", "idle_goodbye", "length_warning", "length_goodbye", "hold", "give_up_goodbye"];
        let of = |section: &str, names: &[&str]| {
            let lines: String = names.iter().map(|name| format!("{name} = \"你好\"\n")).collect();
            format!("[{section}]\n{lines}")
        };
        let lists = "fillers = [\"Well.\", \"你好\"]\nidle_prompts = [\"你好\"]\n";
        let text = format!("{}{}{lists}", of("agent", &agent), of("manners", &manners));
        assert_eq!(keys(&text).len(), agent.len() + manners.len() + 2, "{:?}", keys(&text));
        assert_eq!(keys(crate::config::DEFAULT_CONFIG), Vec::<String>::new());
    }
}
