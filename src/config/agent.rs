//! The keys of `[agent]`, and the phrases among those of `[manners]`, with their defaults and limits. Knows
//! no engine.

use std::path::Path;

use super::Agent;
use super::persona::{name_problem, plain};
use super::toml_reader::Reader;
use super::turn_taking::plain_phrases;
use crate::language::ENGLISH;
use crate::streams::api::are_keys;
use crate::turns::Phrases;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// The most numbers of one agent.
const MOST_NUMBERS: usize = 100;

/// All tools.
const ALL: &str = "*";

/// The longest phrase that the agent says on its own, in characters.
const LONGEST_PHRASE: usize = 500;

pub(super) fn agent(r: &mut Reader, base: &Path) -> Agent {
    Agent {
        name: r.text("agent.name", "main", name_problem),
        description: description(r),
        numbers: numbers(r),
        system_prompt: r.text("agent.system_prompt", "", at_most(20_000)).trim().to_owned(),
        facts: r.text("agent.facts", "", at_most(20_000)).trim().to_owned(),
        knowledge: r.file("agent.knowledge", base),
        tools: tools(r),
        model: Some(r.text("agent.model", "", |_| None)).filter(|model| !model.is_empty()),
        phrases: Phrases {
            disclosure: phrase(r, "agent.disclosure", ""),
            greeting: phrase(r, "agent.greeting", ""),
            fallback: phrase(r, "agent.fallback", "I am sorry, could you say that again?"),
            not_understood: phrase(r, "manners.not_understood", "Sorry, I did not catch that."),
            fillers: phrases(r, "manners.fillers", &["One moment, please.", "Let me see."]),
            idle: phrases(
                r,
                "manners.idle_prompts",
                &["Are you still there?", "I am still here if you need me."],
            ),
            idle_goodbye: phrase(
                r,
                "manners.idle_goodbye",
                "I cannot hear anyone, so I will hang up now. Goodbye.",
            ),
            length_warning: phrase(r, "manners.length_warning", "We have one minute left on this call."),
            length_goodbye: phrase(
                r,
                "manners.length_goodbye",
                "I am sorry, our time is over. Please call again. Goodbye.",
            ),
            hold: phrase(
                r,
                "manners.hold",
                "I am sorry, I am having trouble right now. Please hold on for a moment.",
            ),
            give_up_goodbye: phrase(
                r,
                "manners.give_up_goodbye",
                "I am sorry, I cannot help you right now. Please call again later. Goodbye.",
            ),
            goodbyes: plain_phrases(r.texts("manners.goodbyes", ENGLISH.overlap.goodbyes)),
        },
        opening_keys: r.text("agent.opening_keys", "", |keys| {
            let right = keys.is_empty() || are_keys(keys);
            (!right).then(|| "at most 20 of 0 to 9, * and #, or \"\" for none".to_owned())
        }),
        max_reply_words: r.integer("agent.max_reply_words", 120, 5..=10_000) as usize,
    }
}

/// The most phrases of one kind: each is prepared at the start.
const MOST_PHRASES: usize = 16;

/// A list of phrases, without empty ones.
fn phrases(r: &mut Reader, key: &str, default: &[&str]) -> Vec<String> {
    let phrases = r.texts(key, default);
    if phrases.len() > MOST_PHRASES {
        r.refuse(key, format!("{} texts", phrases.len()), format!("at most {MOST_PHRASES}"));
    }
    if let Some(long) = phrases.iter().find(|phrase| phrase.chars().count() > LONGEST_PHRASE) {
        let allowed = format!("texts of at most {LONGEST_PHRASE} characters");
        r.refuse(key, long.chars().take(20).chain("…".chars()).collect(), allowed);
    }
    phrases.into_iter().map(|phrase| phrase.trim().to_owned()).filter(|phrase| !phrase.is_empty()).collect()
}

fn phrase(r: &mut Reader, key: &str, default: &str) -> String {
    r.text(key, default, at_most(LONGEST_PHRASE)).trim().to_owned()
}

fn at_most(most: usize) -> impl Fn(&str) -> Option<String> {
    move |text: &str| (text.chars().count() > most).then(|| format!("a text of at most {most} characters"))
}

/// The numbers and names by which an agent is called, as they are compared.
fn numbers(r: &mut Reader) -> Vec<String> {
    let key = "agent.numbers";
    let numbers = r.texts(key, &[]);
    if numbers.len() > MOST_NUMBERS {
        r.refuse(key, format!("{} numbers", numbers.len()), format!("at most {MOST_NUMBERS}"));
    }
    if numbers.iter().any(|text| plain(text).is_empty()) {
        let allowed = "numbers such as \"+15550142\", or SIP addresses".to_owned();
        r.refuse(key, "\"\"".to_owned(), allowed);
    }
    numbers.iter().map(|text| plain(text)).collect()
}

/// What other agents read of an agent.
fn description(r: &mut Reader) -> String {
    let long = |text: &str| {
        (text.chars().count() > LONGEST_DESCRIPTION)
            .then(|| format!("a text of at most {LONGEST_DESCRIPTION} characters"))
    };
    r.text("agent.description", "", long).trim().to_owned()
}

/// The names of the tools that an agent has; `None` if it has all.
fn tools(r: &mut Reader) -> Option<Vec<String>> {
    let names = r.texts("agent.tools", &[ALL]);
    (!names.iter().any(|name| name == ALL)).then_some(names)
}
