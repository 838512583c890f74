//! Two wordings of an answer: whether they say the same. Must not know what was asked.

use std::collections::BTreeSet;

use crate::words::{Phrase, Words, phrase};

/// Whether two answers have the same words that carry facts. Words that carry none may differ, and the
/// order of the others, but not that of numbers and of names; and if numbers stand in several places, each
/// must stay with its words.
pub(crate) fn says_the_same(one: &str, other: &str, words: &Words) -> bool {
    let named: BTreeSet<String> = names(one).chain(names(other)).collect();
    let is_number = |word: &String| words.numbers.contains(word) || word.contains(char::is_numeric);
    let facts = |text: &str| -> Phrase {
        phrase(text).into_iter().filter(|word| !words.light.contains(word)).collect()
    };
    let (one, other) = (facts(one), facts(other));
    let places = |facts: &Phrase| {
        facts.chunk_by(|a, b| is_number(a) == is_number(b)).filter(|run| is_number(&run[0])).count()
    };
    let turns = |facts: &Phrase| facts.iter().any(|word| words.turns.contains(word));
    if places(&one) > 1 || places(&other) > 1 || turns(&one) || turns(&other) {
        return one == other;
    }
    let only = |facts: &Phrase, is: &dyn Fn(&String) -> bool| -> Phrase {
        facts.iter().filter(|word| is(word)).cloned().collect()
    };
    let in_order = |is: &dyn Fn(&String) -> bool| only(&one, is) == only(&other, is);
    let sorted = |facts: &Phrase| {
        let mut sorted = facts.clone();
        sorted.sort();
        sorted
    };
    !one.is_empty()
        && in_order(&is_number)
        && in_order(&|word| named.contains(word))
        && sorted(&one) == sorted(&other)
}

/// The words with a capital that do not begin a sentence, in small letters.
fn names(text: &str) -> impl Iterator<Item = String> {
    let begins = |text: &str| text.trim_end().ends_with(['.', '!', '?']);
    let mut first = true;
    let inside = text.split_inclusive(' ').filter(move |word| {
        let begins_one = std::mem::replace(&mut first, begins(word));
        !begins_one && word.starts_with(char::is_uppercase)
    });
    inside.flat_map(phrase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Patterns;

    fn same(one: &str, other: &str) -> bool {
        says_the_same(one, other, &Patterns::english().unwrap().words)
    }

    #[test]
    fn other_light_words_and_another_order_say_the_same() {
        assert!(same("On Monday we are open from 8:30.", "We are open from 8:30 on Monday."));
        assert!(same("The cleaning is ninety dollars.", "It is ninety dollars for a cleaning."));
        assert!(same("Monday 8 to 5 and Friday 8 to 2.", "On Monday 8 to 5, and on Friday 8 to 2."));
    }

    #[test]
    fn other_facts_do_not() {
        for (one, other) in [
            ("On Monday we are open from 8 to 5.", "On Monday we are open from 8 to 6."),
            ("On Monday we are open from 8 to 5.", "On Monday we are open from 5 to 8."),
            ("Monday 8 to 5, Saturday 9 to 1.", "Saturday 8 to 5, Monday 9 to 1."),
            (
                "The cleaning is ninety dollars, the crown fifty.",
                "The crown is ninety dollars, the cleaning fifty.",
            ),
            ("The fee is thirty five dollars.", "The fee is five thirty dollars."),
            ("We are open.", "We are not open."),
            ("You can park behind the building.", "You can park in front of the building."),
            ("You can pay with card.", "You can pay with card and cash."),
            ("Doctor Lee is here.", "Doctor Taylor is here."),
            ("Lee works Monday, and Taylor works Friday.", "And Taylor works Monday, Lee works Friday."),
            ("Is it?", "It is!"),
            ("We are closed until Monday.", "We are closed from Monday."),
            ("We are open from five.", "We are open until five."),
            ("We take cards, not cash.", "We take cash, not cards."),
            ("Dogs are allowed, cats are not.", "Cats are allowed, dogs are not."),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
