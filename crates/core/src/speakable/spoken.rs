//! From written words to spoken words: asks the recognisers, the dictionary first, and keeps from which
//! written word each spoken word comes. Must not know what the recognisers know.

use super::dictionary::Dictionary;
use super::letters::{plain_signs, push_letter};
use super::word::{Close, Part, Text, Word, is_digits, may_begin_sentence};
use super::{
    abbreviations, addresses, dates, lengths, money, numbers, pieces, telephone, things, times, units, web,
};
use crate::dialogue::WordTime;
use crate::language::Speech;

/// Punctuation that any voice understands.
const MARKS: &str = ".,;:!?…";

/// Passes over a text; the second rarely changes anything, and a third one still more rarely.
const MOST_PASSES: usize = 4;

/// Says one or more written words from a place on.
type Recogniser = for<'t> fn(&Text<'t>, usize) -> Option<Vec<Part>>;

/// The recognisers; the first that knows a word says it.
const RECOGNISERS: [Recogniser; 13] = [
    abbreviations::fixed,
    web::read,
    lengths::read,
    telephone::read,
    times::read,
    money::read,
    dates::read,
    addresses::read,
    units::read,
    abbreviations::read,
    fraction_of_a_number,
    things::read,
    numbers::read,
];

fn fraction_of_a_number(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    numbers::mixed(text, i)?;
    numbers::read(text, i)
}

/// Words that any voice can read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Letters, apostrophes and plain punctuation, one space between words.
    pub text: String,
    /// For each spoken word, the written word (counted from 0) from which it comes. Never decreases.
    pub words: Vec<usize>,
}

impl Spoken {
    /// The words of `written` with letters of which nothing is said: no voice here knows their script.
    pub fn unsaid<'t>(&self, written: &'t str) -> impl Iterator<Item = &'t str> {
        let words = written.split_whitespace().enumerate();
        let is_said = |i: usize| self.words.binary_search(&i).is_ok();
        words
            .filter(move |(i, word)| word.contains(char::is_alphabetic) && !is_said(*i))
            .map(|(_, word)| word)
    }

    /// When the words of `written` end, from the times of the spoken words or of the first ones: a written
    /// word ends with its last spoken word, and a word of which nothing is said with the word before it.
    /// Nothing if the times are those of other words.
    #[must_use]
    pub fn written_times(&self, written: &str, words: &[WordTime]) -> Vec<WordTime> {
        let letters = |word: &str| -> String { word.chars().filter(|c| c.is_alphanumeric()).collect() };
        let mut spoken = self.text.split(' ');
        let are_ours = words.len() <= self.words.len()
            && words
                .iter()
                .all(|time| spoken.next().is_some_and(|word| letters(word) == letters(&time.word)));
        if !are_ours || words.is_empty() {
            return Vec::new();
        }
        // Written words from this one on have spoken words that did not come.
        let open = self.words.get(words.len()).copied().unwrap_or(usize::MAX);
        let mut times = words.iter().zip(&self.words).peekable();
        let mut end = std::time::Duration::ZERO;
        let whole = written.split_whitespace().enumerate().take_while(|(i, _)| *i < open);
        let ended = whole.map(|(i, word)| {
            while let Some((time, _)) = times.next_if(|(_, of)| **of <= i) {
                end = time.end;
            }
            WordTime { word: word.to_owned(), end }
        });
        ended.collect()
    }
}

/// The spoken text in the making.
struct Line<'s> {
    speech: &'s Speech,
    spoken: Spoken,
}

impl Line<'_> {
    /// Says words for the written word `from`. Whatever is no letter is left out.
    fn say(&mut self, words: &str, from: usize) {
        for word in words.split_whitespace() {
            let mut said = String::with_capacity(word.len());
            for c in word.chars() {
                if c == '\'' || c == '-' || MARKS.contains(c) {
                    said.push(c);
                } else if !c.is_numeric() {
                    push_letter(&mut said, c, self.speech);
                }
            }
            let begins = said.trim_start_matches(|c: char| c == '\'' || c == '-' || MARKS.contains(c));
            let said = begins.trim_end_matches('-');
            if !said.contains(char::is_alphabetic) {
                continue;
            }
            if !self.spoken.text.is_empty() {
                self.spoken.text.push(' ');
            }
            self.spoken.text.push_str(said);
            self.spoken.words.push(from);
        }
    }

    /// Punctuation behind the last word, unless it has some.
    fn mark(&mut self, marks: &str) {
        let text = &mut self.spoken.text;
        if !text.is_empty() && !text.ends_with(|c| MARKS.contains(c)) {
            text.extend(marks.chars().filter(|c| MARKS.contains(*c)));
        }
    }
}

/// `written` in words that any voice can read: numbers, dates, times, addresses, signs and abbreviations are
/// spelled out.
///
/// ```
/// use offhook_core::language::ENGLISH;
/// use offhook_core::speakable::{Dictionary, spoken};
/// let said = |text| spoken(text, &ENGLISH.speech, &Dictionary::default()).text;
/// assert_eq!(said("It is $9.50."), "It is nine dollars and fifty cents.");
/// assert_eq!(said("Nov 3, 8:30–5"), "November third, eight thirty to five");
/// ```
#[must_use]
pub fn spoken(written: &str, speech: &Speech, dictionary: &Dictionary) -> Spoken {
    let (mut said, mut settled) = pass(written, speech, dictionary, &[]);
    // Words that stood in one, as in "9:30Nov.", are read once they stand alone.
    let mut before = written.to_owned();
    for _ in 1..MOST_PASSES {
        if said.text == before {
            break;
        }
        let (next, still_settled) = pass(&said.text, speech, &Dictionary::default(), &settled);
        let words = next.words.iter().filter_map(|of| said.words.get(*of).copied()).collect();
        before = std::mem::replace(&mut said, Spoken { text: next.text, words }).text;
        settled = still_settled;
    }
    said
}

/// Reads the words once, except for those at the `settled` places, which stay. Returns which of the spoken
/// words are settled: those of the dictionary.
fn pass(written: &str, speech: &Speech, dictionary: &Dictionary, settled: &[bool]) -> (Spoken, Vec<bool>) {
    let plain = plain_signs(written);
    let text = Text::of(&plain, speech);
    let mut line = Line { speech, spoken: Spoken::default() };
    let mut still_settled = Vec::new();
    // The word in which a quotation in single quotes began.
    let mut quoted = false;
    // Parentheses that are open.
    let mut depth = 0_usize;
    let mut i = 0;
    while let Some(word) = text.at(i) {
        let known = match settled.get(i) {
            Some(true) => Some(vec![Part::new(word.core, Close::Written)]),
            Some(false) | None => dictionary.read(&text, i),
        };
        let stays = known.is_some();
        let parts = known.unwrap_or_else(|| parts_at(&text, i));
        quoted |= word.open.contains('\'');
        if parts.is_empty() {
            line.mark(if word.is_dash() { "," } else { word.close });
            line.mark(word.open);
            i += 1;
            continue;
        }
        for (at, part) in parts.iter().enumerate() {
            let Some(word) = text.at(i + at) else { break };
            // The parentheses of a telephone number are no pause.
            let in_parentheses = word.open.contains(['(', '[']) && !is_area(word);
            if in_parentheses {
                line.mark(",");
                depth += 1;
            }
            line.say(&part.said, i + at);
            if word.close.starts_with('\'')
                && word.core.ends_with(speech.abbreviations.plural)
                && !quoted
                && at + 1 == parts.len()
            {
                line.spoken.text.push('\'');
            }
            quoted &= !word.close.contains('\'');
            close(&mut line, &text, i + at, word, part.close);
            if word.close.contains([')', ']']) && depth > 0 {
                depth -= 1;
                line.mark(if text.at(i + at + 1).is_some() { "," } else { "" });
            }
        }
        i += parts.len();
        still_settled.resize(line.spoken.words.len(), stays);
    }
    (line.spoken, still_settled)
}

/// What is said from `i` on; empty if there is nothing but punctuation.
fn parts_at(text: &Text<'_>, i: usize) -> Vec<Part> {
    let Some(word) = text.at(i) else { return Vec::new() };
    if let Some(parts) = telephone::key(text, i).or_else(|| things::star(text, i)) {
        return parts;
    }
    if word.core.is_empty() {
        return Vec::new();
    }
    // A word in small letters can only be an abbreviation, or announce a number.
    let is_plain = word.core.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'');
    if is_plain {
        let read = [telephone::read, addresses::read, abbreviations::read, lengths::read];
        let parts = read.iter().find_map(|read| read(text, i));
        return parts.unwrap_or_else(|| vec![Part::new(word.core, Close::Written)]);
    }
    if let Some(parts) = RECOGNISERS.iter().find_map(|read| read(text, i)).filter(|parts| !parts.is_empty()) {
        return parts;
    }
    if word.is_dash() {
        return Vec::new();
    }
    let said = pieces::said(word.core, &text.before_in_lower_case(i), text.speech);
    vec![Part::new(said, Close::Written)]
}

/// The punctuation behind a written word.
fn close(line: &mut Line<'_>, text: &Text<'_>, i: usize, word: &Word<'_>, close: Close) {
    let rest = word.close.strip_prefix('.').filter(|_| word.is_dotted()).unwrap_or(word.close);
    let next = text.at(i + 1);
    match close {
        Close::Silent => {}
        Close::Written => line.mark(word.close),
        Close::Joined => line.mark(rest),
        Close::Abbreviated => {
            let ends = word.is_dotted() && next.is_none_or(|next| may_begin_sentence(next.core, text.speech));
            line.mark(if ends && !rest.contains(|c| MARKS.contains(c)) { "." } else { rest });
        }
    }
}

/// "(555)"
fn is_area(word: &Word<'_>) -> bool {
    is_digits(word.core) && word.close.starts_with(')')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ENGLISH;

    #[test]
    fn words_in_a_script_that_no_voice_knows_are_named() {
        let written = "We say 你好 and, for a fee of $5, 안녕 - that is all.";
        let spoken = spoken(written, &ENGLISH.speech, &Dictionary::default());
        assert_eq!(spoken.unsaid(written).collect::<Vec<_>>(), ["你好", "안녕"]);
    }
}
