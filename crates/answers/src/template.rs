//! Templates of questions: from the way in which people write them to regular expressions. Must not know what
//! a question means.

use std::collections::BTreeMap;

use regex::{Regex, escape};

/// A slot that is not in the list of slots holds up to so many words.
const MOST_WORDS: usize = 5;

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTemplate {
    /// A bracket has no partner.
    #[error("{0:?} has a bracket without its partner")]
    Bracket(String),
    /// A slot occurs twice.
    #[error("{template:?}: {problem}")]
    Expression {
        /// The template.
        template: String,
        /// What is wrong.
        problem: String,
    },
}

/// The expression of a template, which fits whole questions, each word with a space before it. `slots` are
/// the texts that a slot may hold; others hold any words.
pub(crate) fn expression(
    template: &str,
    slots: &BTreeMap<String, Vec<String>>,
) -> Result<Regex, BadTemplate> {
    let mut out = String::from("^");
    let mut rest = template.trim();
    while let Some(first) = rest.chars().next() {
        let (part, after) = match first {
            '(' | '[' | '{' => bracket(template, rest, first)?,
            _ => {
                let end = rest.find(['(', '[', '{']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        match first {
            '(' => out.push_str(&format!("(?:{})", one_of(part))),
            '[' => out.push_str(&format!("(?:{})?", one_of(part))),
            '{' => out.push_str(&slot(part, slots)),
            _ => part.split_whitespace().for_each(|word| out.push_str(&format!(" {}", escape(word)))),
        }
        rest = after.trim_start();
    }
    out.push('$');
    let problem = |error: regex::Error| BadTemplate::Expression {
        template: template.to_owned(),
        problem: error.to_string(),
    };
    Regex::new(&out).map_err(problem)
}

/// What stands between a bracket and its partner, and what follows.
fn bracket<'t>(template: &str, rest: &'t str, first: char) -> Result<(&'t str, &'t str), BadTemplate> {
    let last = match first {
        '(' => ')',
        '[' => ']',
        _ => '}',
    };
    let inside = rest.get(1..).unwrap_or_default();
    inside.split_once(last).ok_or_else(|| BadTemplate::Bracket(template.to_owned()))
}

fn one_of(part: &str) -> String {
    let words = |text: &str| text.split_whitespace().map(|word| format!(" {}", escape(word))).collect();
    part.split('|').map(words).collect::<Vec<String>>().join("|")
}

fn slot(name: &str, slots: &BTreeMap<String, Vec<String>>) -> String {
    let values = slots.get(name).map(|values| one_of(&values.join("|")));
    let values = values.unwrap_or_else(|| format!("(?: [^ ]+){{1,{MOST_WORDS}}}?"));
    format!("(?P<{name}>{values})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(template: &str, question: &str) -> bool {
        let slots = BTreeMap::from([("day".to_owned(), vec!["monday".to_owned(), "the weekend".to_owned()])]);
        expression(template, &slots).unwrap().is_match(question)
    }

    #[test]
    fn a_template_fits_whole_questions() {
        let template = "(when|what time) are you open [on|for] {day}";
        for question in [" when are you open on monday", " what time are you open the weekend"] {
            assert!(fits(template, question), "{question}");
        }
        for question in
            [" when are you open", " when are you open on monday morning", " then are you open monday"]
        {
            assert!(!fits(template, question), "{question}");
        }
    }

    #[test]
    fn an_open_slot_holds_some_words_and_not_none() {
        assert!(fits("how much is {thing}", " how much is a deep cleaning"));
        assert!(!fits("how much is {thing}", " how much is"));
        assert!(!fits("how much is {thing}", " how much is a b c d e f"));
    }

    #[test]
    fn a_bracket_without_its_partner_is_told() {
        let wrong = expression("when (are you open", &BTreeMap::new());
        assert_eq!(wrong.unwrap_err(), BadTemplate::Bracket("when (are you open".to_owned()));
        assert!(expression("{a} and {a}", &BTreeMap::new()).is_err());
    }
}
