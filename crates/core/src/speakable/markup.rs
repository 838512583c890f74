//! Text without markup: what captions, history and ledger hold. Links, lists, tables, headings, code, HTML
//! and emoji leave their words only. Must not know how anything is said.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::letters::is_letter;
use crate::language::{Language, Speech};

/// The most words of an item of a list without marks, and the fewest items.
const MOST_LISTED_WORDS: usize = 8;
const FEWEST_LISTED: usize = 3;

/// The most words from the one that tells to press a key to the key.
const MOST_BEFORE_KEY: usize = 6;

/// `text` as it is written in prose, with one space between words.
///
/// ```
/// use offhook_core::language::ENGLISH;
/// use offhook_core::speakable::written;
/// let text = "**Yes**, we\n- open  at 9 😀 (see [our page](https://x.y/z))";
/// assert_eq!(written(text, &ENGLISH), "Yes, we, open at 9 (see our page)");
/// assert_eq!(written("₹500 & 25°C", &ENGLISH), "₹500 & 25°C");
/// ```
#[must_use]
pub fn written(text: &str, language: &Language) -> String {
    let text = without_code(text);
    let text = without_placeholders(&text);
    let text = without_links(&text);
    let text = without_html(&text);
    let speech = &language.speech;
    let listed = in_lists(&text, speech);
    let mut line = String::with_capacity(text.len());
    let mut keys = Keys::default();
    // The row before was an item or a heading, which ends with a pause.
    let mut was_item = false;
    for (row, is_listed) in text.lines().zip(listed) {
        let is_item = is_listed || is_item(row, speech);
        let mut pauses = was_item || is_item;
        let mut first = true;
        let mut words = row.split_whitespace().peekable();
        while let Some(raw) = words.next() {
            if first && is_bullet(raw, speech) {
                continue;
            }
            first = false;
            // "5 * 3"
            let is_product = raw == "*"
                && line.ends_with(|c: char| c.is_ascii_digit())
                && words.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
            let is_key = is_product || keys.is_key(raw, speech);
            let word = if is_key { raw.to_owned() } else { word(raw, speech) };
            pauses |= raw.starts_with('|');
            let closes = word.chars().all(|c| ",.;:!?)".contains(c));
            if word.is_empty() {
                continue;
            }
            keys.push(&word, speech);
            if std::mem::take(&mut pauses) && may_pause(&line) && !closes {
                line.push(',');
            }
            pauses = raw.len() > 1 && raw.ends_with('|');
            if !line.is_empty() && !closes {
                line.push(' ');
            }
            line.push_str(&word);
        }
        was_item = if row.trim().is_empty() { was_item } else { is_item };
    }
    line
}

/// Which rows are items of a list without any mark: short rows, several in a row, none with punctuation at
/// its end.
fn in_lists(text: &str, speech: &Speech) -> Vec<bool> {
    let mut listed: Vec<bool> = Vec::new();
    // Where the rows began that may be items, and how many they are. Empty rows may stand between.
    let (mut start, mut count) = (0, 0);
    for (at, row) in text.lines().enumerate() {
        listed.push(false);
        let mut words = row.split_whitespace();
        let Some(first) = words.next() else { continue };
        let is_short = words.count() < MOST_LISTED_WORDS;
        let is_open = row.trim_end().ends_with(|c: char| c.is_alphanumeric() || ")%".contains(c));
        if !is_short || !is_open || is_bullet(first, speech) {
            count = 0;
            continue;
        }
        start = if count == 0 { at } else { start };
        count += 1;
        if count >= FEWEST_LISTED {
            let fresh = if count == FEWEST_LISTED { start } else { at };
            listed.iter_mut().skip(fresh).for_each(|listed| *listed = true);
        }
    }
    listed
}

/// True if a row is an item of a list, a row of a table, or a heading.
fn is_item(row: &str, speech: &Speech) -> bool {
    let Some(first) = row.split_whitespace().find(|word| !word.chars().all(|c| c == '>')) else {
        return false;
    };
    let number = first.strip_suffix(['.', ')']);
    let is_number =
        number.is_some_and(|number| number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()));
    is_number || first.starts_with('|') || is_bullet(first, speech)
}

/// True if a pause may follow: there is a word, and no punctuation behind it.
fn may_pause(line: &str) -> bool {
    line.ends_with(|c: char| c.is_alphanumeric() || ")\"'”’%".contains(c))
}

/// Finds the keys of a telephone, which look like markup: "Press * or #", "Dial *67".
#[derive(Default)]
struct Keys {
    /// Words since the one that tells to press a key, which counts; 0 if there was none.
    since: usize,
    /// The word before may stand before a key.
    near: bool,
}

impl Keys {
    fn is_key(&self, raw: &str, speech: &Speech) -> bool {
        let (pair, telephone) = (self.near && (1..=MOST_BEFORE_KEY).contains(&self.since), &speech.telephone);
        let bare = raw.trim_end_matches([',', '.', '?', '!', ';', ':']);
        let mut signs = bare.chars();
        let is_sign = signs.next().is_some_and(|sign| telephone.keys.iter().any(|(key, _)| *key == sign));
        let rest = signs.as_str();
        pair && is_sign && rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit())
    }

    fn push(&mut self, word: &str, speech: &Speech) {
        let lower = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let (pressed, between) = speech.telephone.pressed;
        let is_pressed = pressed.contains(&lower.as_str());
        self.near = is_pressed || between.contains(&lower.as_str());
        self.since = match self.since {
            _ if is_pressed => 1,
            0 => 0,
            since => since.saturating_add(1),
        };
    }
}

/// True if there is something to say in `text`: a letter or a digit that can be read.
#[must_use]
pub fn is_speakable(text: &str, language: &Language) -> bool {
    let speech = &language.speech;
    let is_fraction = |c: char| speech.signs.fractions.iter().any(|(sign, ..)| *sign == c);
    let is_digit = |c: char| c.is_numeric() && super::letters::plain_signs(&c.to_string()).is_ascii();
    text.chars().any(|c| {
        c.is_ascii_alphanumeric()
            || (!c.is_ascii() && (is_letter(c, speech) || is_digit(c) || is_fraction(c)))
    })
}

fn replaced<'t>(pattern: &LazyLock<Option<Regex>>, text: Cow<'t, str>, with: &str) -> Cow<'t, str> {
    let Some(pattern) = pattern.as_ref().filter(|pattern| pattern.is_match(&text)) else { return text };
    Cow::Owned(pattern.replace_all(&text, with).into_owned())
}

/// The fences of code go with the name of its language.
fn without_code(text: &str) -> Cow<'_, str> {
    static FENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"```[\w+#-]*|~~~[\w+#-]*").ok());
    replaced(&FENCE, Cow::Borrowed(text), " ")
}

/// What is struck out, and what a template did not fill in, is not there.
fn without_placeholders<'t>(text: &'t Cow<'t, str>) -> Cow<'t, str> {
    static STRUCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"~~[^~\s](?:[^~\n]*[^~\s])?~~|\{\{[^{}]*\}\}|\$?\{[A-Za-z_][\w.]*\}").ok()
    });
    replaced(&STRUCK, Cow::Borrowed(text.as_ref()), "")
}

/// Links and pictures keep their text, even if it began in an earlier chunk; footnotes and boxes go.
fn without_links<'t>(text: &'t Cow<'t, str>) -> Cow<'t, str> {
    static TARGET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\]\((?:\S*\s+"[^"]*"\)|[^)\s]*\)?)"#).ok());
    static NOTE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[(?:\^?\d{1,3}|[ xX])\]:?").ok());
    if !text.contains(['[', ']']) {
        return Cow::Borrowed(text);
    }
    replaced(&NOTE, replaced(&TARGET, Cow::Borrowed(text), ""), "")
}

/// Tags of blocks become new lines, other tags go, and entities become their signs.
fn without_html<'t>(text: &'t Cow<'t, str>) -> Cow<'t, str> {
    static ADDRESS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"<((?:https?://|mailto:)?[^<>\s]*[.@][^<>\s]*)>").ok());
    static BLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)</?(?:br|p|div|li|ul|ol|tr|td|th|table|h\d|hr)(?:\s[^<>]*)?/?>").ok()
    });
    static ITEM: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)<(?:li|tr|h\d)(?:\s[^<>]*)?>").ok());
    static CELL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)<t[dh](?:\s[^<>]*)?>").ok());
    static TAG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"</?[A-Za-z][A-Za-z0-9_-]*(?:\s[^<>]*)?/?>|<!--.*?-->").ok());
    static ENTITY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"&(#?\w{2,8});").ok());
    let mut text = Cow::Borrowed(text.as_ref());
    if text.contains('<') {
        text = replaced(&ADDRESS, text, "$1");
        text = replaced(&CELL, replaced(&ITEM, text, "\n- "), " | ");
        text = replaced(&TAG, replaced(&BLOCK, text, "\n"), "");
    }
    match ENTITY.as_ref().filter(|entity| entity.is_match(&text)) {
        Some(entity) => Cow::Owned(entity.replace_all(&text, sign_of).into_owned()),
        None => text,
    }
}

fn sign_of(found: &Captures<'_>) -> String {
    const NAMED: [(&str, &str); 16] = [
        ("amp", "&"),
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
        ("apos", "'"),
        ("nbsp", " "),
        ("ndash", "–"),
        ("mdash", "—"),
        ("hellip", "…"),
        ("deg", "°"),
        ("euro", "€"),
        ("pound", "£"),
        ("cent", "¢"),
        ("times", "×"),
        ("frac12", "½"),
        ("rsquo", "’"),
    ];
    let name = found.get(1).map_or("", |name| name.as_str());
    let number = name.strip_prefix('#').map(|number| match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    });
    let sign = number.and_then(Result::ok).and_then(char::from_u32).map(String::from);
    let named = || NAMED.iter().find(|(known, _)| *known == name).map(|(_, sign)| (*sign).to_owned());
    sign.or_else(named).unwrap_or_else(|| found.get(0).map_or("", |whole| whole.as_str()).to_owned())
}

/// What stands at the beginning of a line and is not said.
fn is_bullet(word: &str, speech: &Speech) -> bool {
    let is_between = speech.signs.between.iter().any(|(sign, _)| *sign == word);
    is_between
        || ["-", "*", "•", "–", "·", ">", "+"].contains(&word)
        || word.chars().all(|c| "#>".contains(c))
}

/// Faces in letters, of which nothing is said.
const EMOTICONS: [&str; 4] = [":D", ":P", ":-D", "<3"];

/// A word without its markup.
fn word(raw: &str, speech: &Speech) -> String {
    if speech.signs.between.iter().any(|(sign, _)| *sign == raw) {
        return raw.to_owned();
    }
    if raw.trim_end_matches([':', '.', ',']) == "#" {
        return raw.to_owned();
    }
    let is_address = raw.contains("://") || raw.contains('@');
    let raw = raw.strip_prefix('!').filter(|rest| rest.starts_with('[')).unwrap_or(raw);
    let mut kept = String::with_capacity(raw.len());
    let mut before = None;
    let mut letters = raw.chars().peekable();
    while let Some(c) = letters.next() {
        let after = letters.peek().copied();
        if is_kept(c, before, after, speech) || (is_address && "_~#=?&%*".contains(c)) {
            kept.push(c);
        }
        before = Some(c);
    }
    // A dash separates words; a row of dashes and the frame of a table are drawings.
    let is_drawing = kept.chars().count() > 1 && kept.chars().all(|c| "-–—+:=_".contains(c));
    let is_frame = kept.is_empty() || (raw.contains('|') && kept.chars().all(|c| "-:".contains(c)));
    if is_drawing || is_frame || EMOTICONS.contains(&kept.as_str()) { String::new() } else { kept }
}

fn is_kept(c: char, before: Option<char>, after: Option<char>, speech: &Speech) -> bool {
    let is_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match c {
        '#' => is_of_word(after) || (is_of_word(before) && !is_of_word(after)),
        '*' => is_digit(before) && is_digit(after),
        '_' => is_of_word(before) && is_of_word(after),
        '~' => is_digit(after) && before != Some('~'),
        '^' => is_of_word(before) && is_digit(after),
        '\\' => (is_of_word(before) || before == Some(':')) && is_of_word(after),
        '[' | ']' | '{' | '}' | '|' | '`' => false,
        _ if c.is_alphanumeric() => true,
        _ => {
            ".,;:!?'’‘\"“”„‚«»()-–—/%&@+…′″¿¡".contains(c)
                || speech.signs.said.iter().any(|(sign, _)| sign.contains(c))
                || speech.money.currencies.iter().any(|currency| currency.signs.iter().any(|s| s.contains(c)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ENGLISH;

    #[test]
    fn prose_stays_as_it_is_written() {
        for text in [
            "It's $9.50, isn't it?",
            "Dr. Taylor (the dentist) says: \"yes\"!",
            "₹500 or €2.50, £1, 20 € & 5¢",
            "It is 25°C: 4 × 4 m², ½ of it, ~5 min",
            "Two + two = four, 5 < 6",
            "We are #1 in C#.",
            "Write to first_last@mail.com or see https://x.com/a_b?c=1#d.",
            "Yes — really – yes",
            "",
        ] {
            assert_eq!(written(text, &ENGLISH), text);
        }
    }

    /// Fault: only a bracket of a link was said; quotes, footnotes and HTML were read aloud.
    #[test]
    fn of_markup_the_words_stay() {
        for (text, plain) in [
            ("# Hours\n* Monday: **9-5**\n* `Sunday`: closed 🎉", "Hours, Monday: 9-5, Sunday: closed"),
            ("Book at [our booking page](https://x.y/z).", "Book at our booking page."),
            ("See [it](https://x.y \"a title\").", "See it."),
            ("![A map](map.png) Here", "A map Here"),
            ("booking page](https://x.y/z), please", "booking page, please"),
            ("+ one\n+ two\n• three", "one, two, three"),
            ("1. **One**\n2. `Two`", "1. One, 2. Two"),
            ("- [ ] call\n- [x] pay", "call, pay"),
            ("| Day | Hours |\n|---|:--:|\n| Monday | 9-5 |", "Day, Hours, Monday, 9-5"),
            ("> quoted\n---\nYes", "quoted Yes"),
            ("> - both", "both"),
            ("It is so[1], and so[^2].", "It is so, and so."),
            ("<b>Bold</b>, <a href=\"x\">here</a><br>next", "Bold, here next"),
            ("Smith &amp; Co. &lt; 5 &#8364;", "Smith & Co. < 5 €"),
            ("<https://x.com> and <me@x.com>", "https://x.com and me@x.com"),
            ("```rust\nlet x = 5;\n```", "let x = 5;"),
            ("*Yes*, __no__, _so_, ~~$50~~ $40", "Yes, no, so, $40"),
            ("2*3 = 6", "2*3 = 6"),
            ("1. Cleaning: $90\n2. Checkup", "1. Cleaning: $90, 2. Checkup"),
            ("We have:\n\n- tea\n- milk.\n- Water\n\nYes", "We have: tea, milk. Water, Yes"),
            ("Hi <customer_name>, it is {{total}} now :D", "Hi, it is now"),
            ("We have\nTea\nCoffee\nHot milk", "We have, Tea, Coffee, Hot milk"),
            ("Hours:\nMonday 9-5\n\nTuesday 9-5\nClosed Sunday\nCome by!", HOURS),
            ("We are open\ntoday from nine", "We are open today from nine"),
            ("One,\ntwo,\nthree,\nfour.", "One, two, three, four."),
            (
                "It is {name}, ${total} or {{ x }} C:\\Users 2^10 5 * 3 #: \\*a\\*",
                "It is, or C:\\Users 2^10 5 * 3 #: a",
            ),
            ("<ul><li>tea</li><li>milk</li></ul>", "tea, milk"),
            ("Press * or #, dial *67 or *press* it", "Press * or #, dial *67 or press it"),
            ("Great 👍🏽 !", "Great!"),
        ] {
            assert_eq!(written(text, &ENGLISH), plain, "{text}");
        }
    }

    const HOURS: &str = "Hours: Monday 9-5, Tuesday 9-5, Closed Sunday, Come by!";
}
