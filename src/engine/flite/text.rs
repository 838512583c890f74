//! Prepares text for flite: plain ASCII, words of bounded length, and a mapping from a place in it back to
//! the word as written. Knows nothing of sound. (Numbers, times and names are made speakable before the text
//! comes here; this is the last safeguard.)

/// The longest token given to flite, in characters. Longer ones are cut, since flite's letter-to-sound rules
/// were made for words.
const MAX_TOKEN: usize = 40;

/// A text for flite, and the places of its words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Prepared {
    /// ASCII without control characters, words separated by single spaces.
    pub(super) plain: String,
    /// The words as written, split at white space.
    pub(super) words: Vec<String>,
    /// For every piece of `plain`, in order: its first byte, and the word it belongs to.
    pieces: Vec<(usize, usize)>,
}

impl Prepared {
    /// The word that the byte `at` of `plain` belongs to.
    pub(super) fn word_at(&self, at: usize) -> Option<usize> {
        let after = self.pieces.partition_point(|&(start, _)| start <= at);
        self.pieces.get(after.checked_sub(1)?).map(|&(_, word)| word)
    }
}

/// Splits a text into words and writes each in a form that flite accepts. A word of punctuation only is
/// appended to the word before it, where flite makes a pause of it.
pub(super) fn prepare(text: &str) -> Prepared {
    let mut prepared = Prepared::default();
    for word in text.split_whitespace() {
        let index = prepared.words.len();
        prepared.words.push(word.to_owned());
        let ascii: String = word.chars().map(Ascii::from).map(|a| a.0).collect();
        let speakable = ascii.contains(|c: char| c.is_ascii_alphanumeric() || "&%+=@#$".contains(c));
        if !speakable {
            if !prepared.plain.is_empty() {
                prepared.plain.extend(ascii.chars().filter(|c| ".,:;!?".contains(*c)).take(1));
            }
            continue;
        }
        for piece in ascii.as_bytes().chunks(MAX_TOKEN) {
            if !prepared.plain.is_empty() {
                prepared.plain.push(' ');
            }
            prepared.pieces.push((prepared.plain.len(), index));
            prepared.plain.extend(piece.iter().map(|&b| char::from(b)));
        }
    }
    prepared
}

/// A character as ASCII letters; empty if it has none.
struct Ascii(&'static str);

impl From<char> for Ascii {
    fn from(c: char) -> Self {
        /// Every printable ASCII character, from the space on.
        const PRINTABLE: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                                 abcdefghijklmnopqrstuvwxyz{|}~";
        Self(match c {
            ' '..='~' => {
                let at = c as usize - ' ' as usize;
                PRINTABLE.get(at..=at).unwrap_or("")
            }
            '\u{2018}' | '\u{2019}' | '\u{02bc}' => "'",
            '\u{201c}' | '\u{201d}' | '\u{00ab}' | '\u{00bb}' => "\"",
            '\u{2010}'..='\u{2012}' => "-",
            '\u{2013}' | '\u{2014}' => ",",
            '\u{2026}' => "...",
            'À'..='Å' => "A",
            'à'..='å' => "a",
            'Æ' => "AE",
            'æ' => "ae",
            'Ç' => "C",
            'ç' => "c",
            'È'..='Ë' => "E",
            'è'..='ë' => "e",
            'Ì'..='Ï' => "I",
            'ì'..='ï' => "i",
            'Ñ' => "N",
            'ñ' => "n",
            'Ò'..='Ö' | 'Ø' => "O",
            'ò'..='ö' | 'ø' => "o",
            'Ù'..='Ü' => "U",
            'ù'..='ü' => "u",
            'Ý' => "Y",
            'ý' | 'ÿ' => "y",
            'ß' => "ss",
            'œ' => "oe",
            'Š' => "S",
            'š' => "s",
            'Ž' => "Z",
            'ž' => "z",
            '£' => "pounds",
            '€' => "euros",
            '°' => "degrees",
            '½' => "half",
            _ => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_in_the_plain_text_leads_back_to_the_word_as_written() {
        let prepared = prepare("  Café at\n9:30 — “really”?");
        assert_eq!(prepared.plain, "Cafe at 9:30, \"really\"?");
        assert_eq!(prepared.words, ["Café", "at", "9:30", "—", "“really”?"]);
        assert_eq!(prepared.word_at(0), Some(0));
        assert_eq!(prepared.word_at(8), Some(2));
        assert_eq!(prepared.word_at(prepared.plain.len() - 1), Some(4));
    }

    #[test]
    fn what_cannot_be_spoken_leaves_nothing() {
        for text in ["", "   ", "!!!", "🙂 👍🏽", "\u{0}\u{1}", "…"] {
            assert_eq!(prepare(text).plain, "", "{text:?}");
        }
        assert_eq!(prepare("yes 🙂 !!! no").plain, "yes! no");
    }

    #[test]
    fn a_very_long_word_is_cut_into_pieces_of_one_word() {
        let prepared = prepare(&"x".repeat(100));
        assert_eq!(prepared.plain.split(' ').map(str::len).collect::<Vec<_>>(), [40, 40, 20]);
        assert_eq!(prepared.word_at(99), Some(0));
    }

    proptest! {
        #[test]
        fn the_plain_text_is_printable_ascii(text in ".{0,80}") {
            let prepared = prepare(&text);
            prop_assert!(prepared.plain.bytes().all(|b| (b' '..=b'~').contains(&b)), "{:?}", prepared.plain);
            prop_assert_eq!(prepared.words.len(), text.split_whitespace().count());
        }
    }
}
