//! Which neighbouring words are spoken as one thing, so that no chunk is cut between them. Must not know how
//! they are spoken.

use super::word::{
    Word, has_digit, is_described, is_digits, leads, may_begin_sentence, of_table, starts_with_capital,
};
use super::{abbreviations, addresses, dates, money, numbers, telephone, times, units};
use crate::language::Speech;

/// True if a chunk must not be cut between these two written words, because they are spoken as one thing:
/// "Dr." and "Taylor", "9" and "a.m.", "(555)" and "123-4567".
#[must_use]
pub fn joins(before: &str, after: &str, speech: &Speech) -> bool {
    let (first, second) = (Word::of(before), Word::of(after));
    if is_sign(&first, speech) || is_sign(&second, speech) {
        return first.close.is_empty() && second.open.trim_matches('*').is_empty();
    }
    if second.is_dash() || first.is_dash() {
        let one = if first.is_dash() { second } else { first };
        let goes_on = first.close.is_empty() || (first.close == "." && is_abbreviation(&first, speech));
        return goes_on
            && (has_digit(one.core)
                || dates::name(one.core, speech).is_some()
                || is_of_a_time(&one, speech));
    }
    if first.core.is_empty() || second.core.is_empty() {
        return false;
    }
    match first.close {
        "" => {}
        "." if is_abbreviation(&first, speech) => {
            return follows_an_abbreviation(&first, &second, speech);
        }
        "," => return follows_a_comma(&first, &second, speech),
        ")" => return is_digits(first.core) && has_digit(second.core),
        _ => return false,
    }
    if !second.open.is_empty() {
        return second.open == "(" && has_digit(first.core) && has_digit(second.core);
    }
    follows_a_number(&first, &second, speech)
        || is_announced(&first, &second, speech)
        || is_of_a_name(&first, &second, speech)
}

/// True if the word that follows `before` may join it, so that it must be known before a cut.
#[must_use]
pub fn may_join(before: &str, speech: &Speech) -> bool {
    let first = Word::of(before);
    match first.close {
        "" => true,
        "." => is_abbreviation(&first, speech),
        "," => dates::may_be_a_day(first.core, speech) || starts_with_capital(first.core),
        ")" => is_digits(first.core),
        _ => false,
    }
}

/// A sign between two words: "2 + 2", "Settings > General", "5 * 3".
fn is_sign(word: &Word<'_>, speech: &Speech) -> bool {
    let is_star = word.core.is_empty() && word.open == "*" && word.close.is_empty();
    is_star || speech.signs.between.iter().any(|(sign, _)| *sign == word.core)
}

fn is_of_a_time(word: &Word<'_>, speech: &Speech) -> bool {
    times::goes_with_a_time(word.core, speech)
}

/// True if the full stop behind a word may be that of an abbreviation.
fn is_abbreviation(word: &Word<'_>, speech: &Speech) -> bool {
    let addresses = &speech.addresses;
    let short = |table: &[(&str, &str)]| {
        of_table(table, word.core).is_some() || of_table(table, &word.core.to_lowercase()).is_some()
    };
    let is_date = dates::name(word.core, speech).is_some_and(|name| name != word.core);
    let is_day = speech.dates.dotted_days && has_digit(word.core);
    let is_street = short(addresses.streets)
        || (!addresses.number_first && addresses.streets.iter().any(|(end, _)| word.core.ends_with(end)));
    abbreviations::may_join(word, speech)
        || is_date
        || is_day
        || is_street
        || short(addresses.directions)
        || short(addresses.numbered)
        || units::begins_a_unit(word.core, speech)
        || is_unit_or_rate(word.core, speech)
        || is_of_a_time(word, speech)
}

/// "kg", "$5/mo", "30-min"
fn is_unit_or_rate(core: &str, speech: &Speech) -> bool {
    units::is_unit(core.rsplit('/').next().unwrap_or(core), speech)
        || core.split_once('-').is_some_and(|(number, unit)| units::compound(number, unit, speech).is_some())
}

/// A word after an abbreviation with a full stop: a capital begins a sentence, unless a title or a short name
/// stands before it.
fn follows_an_abbreviation(first: &Word<'_>, second: &Word<'_>, speech: &Speech) -> bool {
    if leads(first.core, speech) {
        return true;
    }
    if abbreviations::needs_a_name(first, speech) {
        return starts_with_capital(second.core);
    }
    // "z. B."
    let is_letter = |word: &Word<'_>| word.is_dotted() && word.core.chars().count() == 1;
    if is_letter(first) && is_letter(second) {
        return true;
    }
    if abbreviations::needs_a_number(first, speech) {
        return has_digit(second.core) && second.open.is_empty();
    }
    if is_of_a_time(first, speech) || is_unit_or_rate(first.core, speech) {
        return !may_begin_sentence(second.core, speech);
    }
    second.open.is_empty()
        && (!starts_with_capital(second.core) || starts_with_capital(first.core) || has_digit(first.core))
}

/// "3," and "2026"; "Springfield," and "IL".
fn follows_a_comma(first: &Word<'_>, second: &Word<'_>, speech: &Speech) -> bool {
    let is_year = is_digits(second.core) && second.core.len() == 4;
    let is_region = of_table(speech.addresses.regions, second.core).is_some();
    (is_year && dates::may_be_a_day(first.core, speech)) || (is_region && starts_with_capital(first.core))
}

/// A unit, a month, another number, the name of a street after a number.
fn follows_a_number(first: &Word<'_>, second: &Word<'_>, speech: &Speech) -> bool {
    let (number, next) = (first.core, second.core);
    let is_number = has_digit(number) || numbers::fraction_of(number, speech).is_some();
    is_number
        && (has_digit(next)
            || numbers::fraction_of(next, speech).is_some()
            || starts_with_capital(next)
            || units::may_be_a_unit(next, speech)
            || is_described(next, speech)
            || is_between_days(next, speech)
            || dates::name(next, speech).is_some()
            || numbers::scale_of(next, speech).is_some()
            || is_of_a_time(second, speech)
            || money::is_currency(next, speech))
}

/// A number after a word that decides how it is said.
fn is_announced(first: &Word<'_>, second: &Word<'_>, speech: &Speech) -> bool {
    if !abbreviations::is_number_like(second.core) && money::is_currency(first.core, speech) {
        return false;
    }
    let lower = first.core.to_lowercase();
    let addresses = &speech.addresses;
    abbreviations::is_number_like(second.core)
        && (starts_with_capital(first.core)
            || money::is_currency(first.core, speech)
            || telephone::announces(&lower, speech)
            || abbreviations::may_join(first, speech)
            || addresses.numbered.iter().any(|(key, _)| key.eq_ignore_ascii_case(&lower))
            || speech.numbers.years_after.contains(&lower.as_str())
            || speech.dates.before.contains(&lower.as_str())
            || speech.times.announced.contains(&lower.as_str())
            || is_between_days(&lower, speech)
            || (speech.numbers.ordinal)(3, &lower) != (speech.numbers.ordinal)(3, ""))
}

fn is_between_days(word: &str, speech: &Speech) -> bool {
    speech.dates.days_between.iter().any(|(between, _)| *between == word)
}

/// Names of several words, and the kind of a street.
fn is_of_a_name(first: &Word<'_>, second: &Word<'_>, speech: &Speech) -> bool {
    let is_first_name = starts_with_capital(first.core);
    is_first_name && starts_with_capital(second.core)
        || addresses::is_place(first.core, second.core, speech)
        || (dates::name(first.core, speech).is_some() && dates::is_and(second.core, speech))
        || (dates::is_and(first.core, speech) && dates::name(second.core, speech).is_some())
        || abbreviations::is_counted_by_one(first.core, second.core, speech)
        || (has_digit(first.core) && of_table(speech.addresses.streets, second.core).is_some())
        || (abbreviations::needs_a_name(first, speech) && starts_with_capital(second.core))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{ENGLISH, GERMAN_SPEECH};

    #[test]
    fn words_that_are_spoken_as_one_thing_join() {
        for (before, after) in [
            ("Dr.", "Taylor"),
            ("9", "a.m."),
            ("9:30", "PM."),
            ("5", "kg"),
            ("1,200", "sq"),
            ("$3", "million"),
            ("20", "€"),
            ("(555)", "123-4567"),
            ("1", "(800)"),
            ("Nov.", "3"),
            ("March", "3rd,"),
            ("3", "November"),
            ("3,", "2026"),
            ("No.", "5"),
            ("St.", "Louis"),
            ("Main", "St."),
            ("123", "Main"),
            ("Springfield,", "IL"),
            ("IL", "62704"),
            ("Apt", "2B"),
            ("ext.", "12"),
            ("in", "1066"),
            ("code", "4417"),
            ("Part", "IV"),
            ("6", "ft"),
            ("1", "1/2"),
            ("9", "–"),
            ("–", "5"),
            ("approx.", "twenty"),
        ] {
            assert!(joins(before, after, &ENGLISH.speech), "{before} {after}");
            assert!(may_join(before, &ENGLISH.speech), "{before}");
        }
        for (before, after) in [("3.", "Nov."), ("z.", "B."), ("14:30", "Uhr"), ("Nr.", "7"), ("12,50", "€")]
        {
            assert!(joins(before, after, &GERMAN_SPEECH), "{before} {after}");
        }
    }

    #[test]
    fn other_words_do_not() {
        for (before, after) in [
            ("yes,", "we"),
            ("open.", "We"),
            ("$90.", "Is"),
            ("No.", "We"),
            ("9", "people"),
            ("a.m.", "Then"),
            ("kg.", "Then"),
            ("3,", "or"),
            ("the", "clinic"),
            ("now", "—"),
            ("five!", "5"),
        ] {
            assert!(!joins(before, after, &ENGLISH.speech), "{before} {after}");
        }
        for before in ["yes,", "open.", "$90.", "five!", "now;"] {
            assert!(!may_join(before, &ENGLISH.speech), "{before}");
        }
    }
}
