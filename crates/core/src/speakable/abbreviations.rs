//! Abbreviations, initials, Roman numbers, and words in capitals. Must not know a word: they are in the
//! tables of the language.

use super::letters::spelled;
use super::word::{Close, Part, Text, Word, has_digit, is_key, leads, part, short, starts_with_capital};
use crate::language::{Speech, When};

/// The longest abbreviation in a table, in bytes: longer words are not looked up.
const LONGEST: usize = 12;

/// The letters of a common word whose plural is one too: "CARDS". Shorter words with an "s" are initials.
const FEWEST_OF_SEVERAL: usize = 4;

fn of_fixed(written: &str, speech: &Speech) -> Option<&'static str> {
    let table = speech.abbreviations.fixed;
    let found = table.iter().find(|(key, _)| written.len() <= LONGEST && is_key(key, written));
    found.map(|(_, said)| *said)
}

/// The said form of an abbreviation, and the condition that held.
fn entry(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<(&'static str, When)> {
    if word.core.len() > LONGEST {
        return None;
    }
    let next = text.at(i + 1).filter(|next| word.goes_on() && next.open.is_empty());
    let holds = |when: When| match when {
        When::Always => true,
        When::Dotted => word.is_dotted(),
        When::BeforeName => next.is_some_and(|next| starts_with_capital(next.core)),
        When::BeforeNumber => next
            .is_some_and(|next| next.core.trim_start_matches('#').starts_with(|c: char| c.is_ascii_digit())),
    };
    let entries = text.speech.abbreviations.entries.iter();
    // A key of one letter must be written so.
    let mut found = entries.filter(|(key, ..)| {
        key.eq_ignore_ascii_case(word.core)
            && (*key == word.core || (key.len() > 1 && is_key(key, word.core)))
    });
    found.find(|(_, _, when)| holds(*when)).map(|(_, said, when)| (*said, *when))
}

/// The same with a capital, if `like` has one.
fn in_case_of(said: &str, like: &str) -> String {
    let mut letters = said.chars();
    match letters.next().filter(|_| starts_with_capital(like)) {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => said.to_owned(),
    }
}

fn abbreviation(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Part> {
    let (said, when) = entry(text, i, word)?;
    let close = match when {
        _ if leads(word.core, text.speech) && text.at(i + 1).is_some() => Close::Joined,
        When::BeforeName | When::BeforeNumber => Close::Joined,
        When::Always | When::Dotted => Close::Abbreviated,
    };
    // A title stands before its name: no sentence ends with it.
    let names = starts_with_capital(said) && when == When::Always && word.core.len() <= 4;
    let titled = names && text.at(i + 1).is_some_and(|next| starts_with_capital(next.core));
    let said =
        if word.core.contains(char::is_lowercase) { in_case_of(said, word.core) } else { said.to_owned() };
    Some(Part::new(said, if titled { Close::Joined } else { close }))
}

/// An abbreviation that is written in two words: "z. B.".
fn abbreviation_of_two(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Vec<Part>> {
    let is_letter = |word: &Word<'_>| word.is_dotted() && word.core.chars().count() == 1;
    let next = text.at(i + 1).filter(|next| is_letter(word) && word.close == "." && is_letter(next))?;
    let key = format!("{}.{}", word.core, next.core);
    let said = of_entries(text.speech, &key)?;
    let (first, rest) = said.split_once(' ').unwrap_or((said, ""));
    Some(vec![Part::new(first, Close::Joined), short(rest)])
}

fn of_entries(speech: &Speech, written: &str) -> Option<&'static str> {
    let mut entries = speech.abbreviations.entries.iter();
    entries.find(|(key, _, when)| *when == When::Always && is_key(key, written)).map(|(_, said, _)| *said)
}

/// True if a title or another abbreviation is written like this.
pub(super) fn is_entry(written: &str, speech: &Speech) -> bool {
    speech.abbreviations.entries.iter().any(|(key, ..)| is_key(key, written))
}

/// Letters with full stops: "U.S".
fn dotted_letters(written: &str, speech: &Speech) -> Option<String> {
    let is_letter = |piece: &str| piece.chars().count() == 1 && piece.chars().all(char::is_alphabetic);
    let letters = written.contains('.') && written.split('.').all(is_letter);
    letters.then(|| spelled(written, speech))
}

/// True if a word is one of the ordinary short ones of the language, or several of one.
pub(super) fn is_common(written: &str, speech: &Speech) -> bool {
    let abbreviations = &speech.abbreviations;
    let lower = written.to_lowercase();
    let one = lower.strip_suffix(abbreviations.plural).filter(|one| one.len() >= FEWEST_OF_SEVERAL);
    [Some(lower.as_str()), one].into_iter().flatten().any(|word| abbreviations.shouted.contains(&word))
}

/// True if letters with full stops and the next word are one name: "U.S. Senate", "J.K. Rowling".
fn are_one_name(letters: &str, next: &str, speech: &Speech) -> bool {
    let (known, continued) = speech.abbreviations.continued;
    if known.contains(&letters) {
        return continued.contains(&next);
    }
    let are_capitals = !letters.contains(char::is_lowercase);
    are_capitals && starts_with_capital(next) && next.contains(char::is_lowercase) && !is_common(next, speech)
}

/// True if a word in capitals is shouted: an ordinary word, or one that is too long for initials.
fn is_shouted(written: &str, speech: &Speech) -> bool {
    let abbreviations = &speech.abbreviations;
    let length = written.chars().count();
    length > 1
        && written.chars().all(char::is_uppercase)
        && (length > abbreviations.longest_initials
            || abbreviations.either.contains(&written)
            || is_common(written, speech))
}

/// Initials that are also a word: "our IT team", "DO IT NOW".
fn either(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Part> {
    let speech = text.speech;
    text.at(i).filter(|word| speech.abbreviations.either.contains(&word.core))?;
    let is_near = |near: &Word<'_>| is_shouted(near.core, speech);
    let is_word = text.before(i).is_some_and(is_near)
        || text.at(i + 1).filter(|_| !word.ends_sentence()).is_some_and(is_near);
    Some(part(if is_word { word.core.to_lowercase() } else { spelled(word.core, speech) }))
}

/// The Roman number one, which looks like a word: "World War I", "type I diabetes", "Pope Francis I".
fn roman_one(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Part> {
    let (speech, abbreviations) = (text.speech, &text.speech.abbreviations);
    let before = text.before(i).filter(|before| before.close.is_empty() && word.open.is_empty())?;
    let lower = before.core.to_lowercase();
    let (words, nouns) = abbreviations.one;
    let next = text.after(i).map(|next| next.core.to_lowercase()).unwrap_or_default();
    let is_name = starts_with_capital(before.core) && before.core.contains(char::is_lowercase);
    let first = text.before(i.checked_sub(1)?);
    let ends = word.close.starts_with(['.', ',', ';', ':', ')']);
    let is_counted = (nouns.contains(&next.as_str()) && abbreviations.numbered.contains(&lower.as_str()))
        || (words.contains(&lower.as_str()) && is_name && (first.is_some() || ends));
    if is_counted {
        return Some(part((speech.numbers.cardinal)(1)));
    }
    let (rulers, the) = abbreviations.rulers;
    let is_title = |word: &Word<'_>| abbreviations.titles.contains(&word.core.to_lowercase().as_str());
    let is_ruler = rulers.contains(&lower.as_str()) && is_name && (ends || first.is_some_and(is_title));
    is_ruler.then(|| part(format!("{the} {}", (speech.numbers.ordinal)(1, the))))
}

/// True if this noun makes the word of one letter before it a number: "type I diabetes".
pub(super) fn is_counted_by_one(word: &str, next: &str, speech: &Speech) -> bool {
    word == speech.abbreviations.one_letter_word && speech.abbreviations.one.1.contains(&next)
}

/// The value of a Roman number below 90, which is as far as names, parts and games are counted.
fn roman(written: &str) -> Option<u64> {
    if written.is_empty() || !written.bytes().all(|b| b"IVXL".contains(&b)) {
        return None;
    }
    let canonical = canonical_roman();
    let place = canonical.iter().position(|known| known == written)?;
    u64::try_from(place + 1).ok()
}

/// The Roman numbers from 1 to 89.
fn canonical_roman() -> Vec<String> {
    const ONES: [&str; 10] = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    const TENS: [&str; 9] = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX"];
    let all = TENS.iter().flat_map(|tens| ONES.iter().map(move |ones| format!("{tens}{ones}")));
    all.skip(1).collect()
}

/// "Part IV", "Henry VIII", "World War II", "John Smith III".
fn roman_number(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Part> {
    let speech = text.speech;
    if !word.core.is_empty() && word.core == speech.abbreviations.one_letter_word {
        return roman_one(text, i, word);
    }
    if ["", "L"].contains(&word.core) {
        return None;
    }
    let n = roman(word.core)?;
    let before = text.before(i).filter(|before| before.close.is_empty() && word.open.is_empty())?;
    let lower = before.core.to_lowercase();
    let (rulers, the) = speech.abbreviations.rulers;
    // "Part V I P" is spelled.
    let spells_on = text.after(i).is_some_and(|next| is_one_capital(next.core));
    if word.core.len() == 1 && spells_on {
        return None;
    }
    if speech.abbreviations.numbered.contains(&lower.as_str()) {
        return Some(part((speech.numbers.cardinal)(n)));
    }
    let is_name = starts_with_capital(before.core) && before.core.contains(char::is_lowercase);
    let follows_a_name = word.core.len() > 1
        && is_name
        && text.before(i.saturating_sub(1)).is_some_and(|first| starts_with_capital(first.core))
        && n <= 4
        && word.core.starts_with("II");
    if (rulers.contains(&lower.as_str()) && is_name) || follows_a_name {
        let close = if speech.dates.dotted_days { Close::Abbreviated } else { Close::Written };
        return Some(Part::new(format!("{the} {}", (speech.numbers.ordinal)(n, the)), close));
    }
    None
}

fn is_one_capital(core: &str) -> bool {
    core.chars().count() == 1 && starts_with_capital(core)
}

/// "J. Taylor": the full stop of an initial is not the end of a sentence.
fn initial(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Part> {
    let speech = text.speech;
    let is_initial = word.close == "." && is_one_capital(word.core);
    if !is_initial || word.core == speech.abbreviations.one_letter_word {
        return None;
    }
    let before = text.at(i.checked_sub(1).unwrap_or(usize::MAX));
    let lower = before.map_or_else(String::new, |before| before.core.to_lowercase());
    let spelled_on = before.is_some_and(|before| before.close.is_empty() && is_one_capital(before.core));
    let is_label = speech.abbreviations.numbered.contains(&lower.as_str());
    let named = before.is_none_or(|before| before.close.is_empty() || before.close == ".");
    let before_name = text.at(i + 1).is_some_and(|next| {
        starts_with_capital(next.core) && (next.core.contains(char::is_lowercase) || next.is_dotted())
    });
    let after_name = before.is_none_or(|before| starts_with_capital(before.core) || before.close == ".");
    // A name said "ay M" ends in the name of a letter.
    let after_letter = speech.letter_names.iter().any(|(_, name)| *name == lower);
    // "J. K. Rowling", wherever it stands.
    let of_several = text.at(i + 1).is_some_and(|next| next.close == "." && is_one_capital(next.core))
        && text.at(i + 2).is_some_and(|name| {
            starts_with_capital(name.core)
                && name.core.contains(char::is_lowercase)
                && !is_common(name.core, speech)
        });
    let is_one = (named && before_name && after_name && !spelled_on && !is_label && !after_letter)
        || (of_several && !spelled_on);
    is_one.then(|| Part::new(spelled(word.core, speech), Close::Joined))
}

/// A word without the ending of a plural or a possessive, if it has one.
fn ending<'t>(written: &'t str, speech: &Speech) -> Option<&'t str> {
    let abbreviations = &speech.abbreviations;
    written.strip_suffix(abbreviations.possessive).or_else(|| written.strip_suffix(abbreviations.plural))
}

/// A word in capitals: a word of the table, initials, or a word that is shouted.
pub(super) fn capitals(written: &str, speech: &Speech) -> Option<String> {
    let abbreviations = &speech.abbreviations;
    if let Some((_, said)) = abbreviations.words.iter().find(|(word, _)| *word == written) {
        return Some((*said).to_owned());
    }
    let (stem, plural) = match ending(written, speech) {
        Some(stem) => (stem, abbreviations.spelled_ending),
        None => (written, ""),
    };
    let bare = stem.trim_end_matches('\'');
    let length = bare.chars().count();
    if length < 2 || !bare.chars().all(|c| c.is_uppercase() || c == '\'') {
        return None;
    }
    if let Some((_, said)) = abbreviations.words.iter().find(|(word, _)| *word == bare) {
        return Some(format!("{said}{plural}"));
    }
    let lower = written.to_lowercase();
    let plain = lower.replace('\'', "");
    let is_shouted = is_common(&plain, speech) || bare.contains('\'');
    if length > abbreviations.longest_initials || is_shouted {
        return Some(lower);
    }
    Some(format!("{}{plural}", spelled(bare, speech)))
}

/// Words of signs and digits that are said in their own way.
pub(super) fn fixed(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    // "401(k)"
    let closed = format!("{})", word.core);
    let with_parenthesis = word.core.contains('(').then(|| of_fixed(&closed, text.speech)).flatten();
    let said = with_parenthesis.or_else(|| of_fixed(word.core, text.speech))?;
    Some(vec![part(said)])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    let speech = text.speech;
    if let Some(said) = roman_number(text, i, word).or_else(|| either(text, i, word)) {
        return Some(vec![said]);
    }
    if let Some(parts) = abbreviation_of_two(text, i, word) {
        return Some(parts);
    }
    if let Some(said) = abbreviation(text, i, word) {
        return Some(vec![said]);
    }
    if let Some(said) = dotted_letters(word.core, speech) {
        let next = text.at(i + 1).filter(|next| word.close == "." && next.open.is_empty());
        let is_name = next.is_some_and(|next| are_one_name(word.core, next.core, speech));
        return Some(vec![Part::new(said, if is_name { Close::Joined } else { Close::Abbreviated })]);
    }
    initial(text, i, word).map(|said| vec![said])
}

/// True if `written`, a word with its punctuation, may be spoken as one thing with the next word.
pub(super) fn may_join(word: &Word<'_>, speech: &Speech) -> bool {
    let entries = speech.abbreviations.entries.iter();
    let mut known = entries.filter(|(key, ..)| key.eq_ignore_ascii_case(word.core));
    let numbered = speech.abbreviations.numbered.contains(&word.core.to_lowercase().as_str());
    let letters = word.is_dotted() && dotted_letters(word.core, speech).is_some();
    // "z. B."
    let begins = |key: &str| key.strip_prefix(word.core).is_some_and(|rest| rest.starts_with('.'));
    let begins_one = word.close == "."
        && word.core.chars().count() == 1
        && speech.abbreviations.entries.iter().any(|(key, ..)| begins(key));
    begins_one
        || known.any(|(_, _, when)| word.is_dotted() || *when != When::Dotted)
        || numbered
        || letters
        || (word.is_dotted() && is_one_capital(word.core))
}

/// True if `written` is a Roman number or a number: what may follow a name or a kind of number.
pub(super) fn is_number_like(written: &str) -> bool {
    has_digit(written) || roman(written).is_some()
}

/// True if this abbreviation is one before a number only: "No."
pub(super) fn needs_a_number(word: &Word<'_>, speech: &Speech) -> bool {
    let mut entries =
        speech.abbreviations.entries.iter().filter(|(key, ..)| is_key(key, word.core)).peekable();
    entries.peek().is_some() && entries.all(|(_, _, when)| *when == When::BeforeNumber)
}

/// True if this abbreviation is one before a name only.
pub(super) fn needs_a_name(word: &Word<'_>, speech: &Speech) -> bool {
    let mut entries = speech.abbreviations.entries.iter();
    entries.any(|(key, _, when)| *when == When::BeforeName && is_key(key, word.core))
}
