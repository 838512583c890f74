//! American English for Piper voices: the CMU dictionary's phones as espeak-ng writes them for `en-us`, which
//! is what these voices were trained on. Pure tables; knows no voice and no sound.
//!
//! espeak-ng itself is under GPL-3 and is no part of this program: words come from flite's lexicon, under a
//! licence like BSD's. What that costs in words is measured in docs/decisions/0013.

use crate::engine::flite::SpokenWord;

/// Vowels: the phone, and its sign.
const VOWELS: [(&str, &str); 16] = [
    ("aa", "ɑː"),
    ("ae", "æ"),
    ("ah", "ʌ"),
    ("ax", "ə"),
    ("ao", "ɔː"),
    ("aw", "aʊ"),
    ("ay", "aɪ"),
    ("eh", "ɛ"),
    ("er", "ɜː"),
    ("ey", "eɪ"),
    ("ih", "ɪ"),
    ("iy", "iː"),
    ("ow", "oʊ"),
    ("oy", "ɔɪ"),
    ("uh", "ʊ"),
    ("uw", "uː"),
];

/// Consonants. The g is U+0261.
const CONSONANTS: [(&str, &str); 24] = [
    ("b", "b"),
    ("ch", "tʃ"),
    ("d", "d"),
    ("dh", "ð"),
    ("f", "f"),
    ("g", "ɡ"),
    ("hh", "h"),
    ("jh", "dʒ"),
    ("k", "k"),
    ("l", "l"),
    ("m", "m"),
    ("n", "n"),
    ("ng", "ŋ"),
    ("p", "p"),
    ("r", "ɹ"),
    ("s", "s"),
    ("sh", "ʃ"),
    ("t", "t"),
    ("th", "θ"),
    ("v", "v"),
    ("w", "w"),
    ("y", "j"),
    ("z", "z"),
    ("zh", "ʒ"),
];

/// Words without stress in a sentence, and those with a weak one.
const FUNCTION_WORDS: [(&str, &str); 33] = [
    ("a", "ɐ"),
    ("an", "ɐn"),
    ("and", "ænd"),
    ("are", "ɑːɹ"),
    ("as", "æz"),
    ("at", "æt"),
    ("be", "biː"),
    ("but", "bˌʌt"),
    ("can", "kæn"),
    ("could", "kʊd"),
    ("do", "dˈuː"),
    ("for", "fɔːɹ"),
    ("from", "fɹʌm"),
    ("have", "hæv"),
    ("i", "aɪ"),
    ("in", "ɪn"),
    ("is", "ɪz"),
    ("it", "ɪt"),
    ("of", "ʌv"),
    ("on", "ˌɔn"),
    ("or", "ɔːɹ"),
    ("our", "ˌaʊɚ"),
    ("that", "ðæt"),
    ("the", "ðə"),
    ("there", "ðɛɹ"),
    ("this", "ðɪs"),
    ("to", "tə"),
    ("us", "ˌʌs"),
    ("was", "wʌz"),
    ("we", "wiː"),
    ("with", "wɪð"),
    ("you", "juː"),
    ("your", "jʊɹ"),
];

fn of<'a>(table: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, sign)| *sign)
}

/// True if a word is the end of the one before it: "'s", "'ll".
pub(super) fn goes_on(word: &SpokenWord) -> bool {
    word.name.starts_with('\'')
}

fn last_phone(word: &SpokenWord) -> Option<&str> {
    word.syllables.last().and_then(|(_, phones)| phones.last()).map(String::as_str)
}

fn begins_with_a_vowel(word: &SpokenWord) -> bool {
    let phones = word.syllables.first().and_then(|(_, phones)| phones.first());
    phones.is_some_and(|phone| is_vowel(phone))
}

/// A word in the signs of espeak-ng, its stress marks among them, as it sounds between its neighbours.
///
/// A t between vowels of which the second is not stressed is a flap ("forty" is "fˈɔːɹɾi"), and an r is heard
/// between an "er" and a vowel. "The" is another before a vowel, and "'s" another after each kind of sound
/// ("Max's", "Pat's").
pub(super) fn signs(word: &SpokenWord, before: Option<&SpokenWord>, next: Option<&SpokenWord>) -> String {
    if word.name == "'s" {
        return match before.and_then(last_phone) {
            Some("s" | "z" | "sh" | "zh" | "ch" | "jh") => "ɪz",
            Some("p" | "t" | "k" | "f" | "th") => "s",
            _ => "z",
        }
        .to_owned();
    }
    if word.name == "the" && next.is_some_and(begins_with_a_vowel) {
        return "ðɪ".to_owned();
    }
    if let Some(weak) = of(&FUNCTION_WORDS, &word.name) {
        return weak.to_owned();
    }
    let phones: Vec<(&str, bool)> = word
        .syllables
        .iter()
        .flat_map(|(stressed, phones)| phones.iter().map(|phone| (phone.as_str(), *stressed)))
        .collect();
    let mut signs = String::new();
    for (i, &(phone, stressed)) in phones.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| phones[i].0);
        let next = phones.get(i + 1).copied();
        if is_vowel(phone) {
            signs.push_str(if stressed { "ˈ" } else { "" });
            signs.push_str(vowel(phone, stressed, next.map(|(next, _)| next)));
            if phone == "er" && next.is_some_and(|(next, _)| is_vowel(next)) {
                signs.push('ɹ');
            }
        } else if phone == "t"
            && before.is_some_and(|before| is_vowel(before) || before == "r")
            && next.is_some_and(|(next, stressed)| is_vowel(next) && !stressed)
        {
            signs.push('ɾ');
        } else {
            signs.push_str(of(&CONSONANTS, phone).unwrap_or_default());
        }
    }
    signs
}

fn is_vowel(phone: &str) -> bool {
    of(&VOWELS, phone).is_some()
}

fn vowel(phone: &str, stressed: bool, next: Option<&str>) -> &'static str {
    match (phone, next) {
        ("iy", Some("r")) => "ɪ",
        ("ow", Some("r")) => "oː",
        ("uw", Some("r")) => "ʊ",
        ("er", _) if !stressed => "ɚ",
        ("iy", _) if !stressed && next.is_none_or(is_vowel) => "i",
        ("ah", _) if !stressed => "ə",
        _ => of(&VOWELS, phone).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::flite;
    use crate::engine::piper::stretches;

    fn said(text: &str) -> String {
        let spoken = flite::pronounce(text).expect("a pronunciation").spoken;
        stretches(&spoken).concat().into_iter().map(|(sign, _)| sign).collect()
    }

    /// Right values are those of `espeak-ng -q --ipa -v en-us`.
    #[test]
    fn words_are_written_as_the_voices_learned_them() {
        for (text, signs) in [
            ("hello", "həlˈoʊ"),
            ("the cleaning is ninety dollars", "ðə klˈiːnɪŋ ɪz nˈaɪnti dˈɑːlɚz"),
            ("we are at forty two Green Street", "wiː ɑːɹ æt fˈɔːɹɾi tˈuː ɡɹˈiːn stɹˈiːt"),
            ("Max's price", "mˈæksɪz pɹˈaɪs"),
            ("Pat's dog's the end", "pˈæts dˈɔːɡz ðɪ ˈɛnd"),
            ("the warranty is two years", "ðə wˈɔːɹənti ɪz tˈuː jˈɪɹz"),
        ] {
            assert_eq!(said(text), signs, "{text}");
        }
    }

    #[test]
    fn every_phone_of_the_lexicon_has_a_sign() {
        let text = "Joyful zebras usually watch the boy sing thin, thick, azure measures; shy chefs judge good \
                    food, vow, yawn and purr about idea, pure and poor cures.";
        let spoken = flite::pronounce(text).expect("a pronunciation").spoken;
        for phone in spoken.iter().flat_map(|word| &word.syllables).flat_map(|(_, phones)| phones) {
            assert!(is_vowel(phone) || of(&CONSONANTS, phone).is_some(), "{phone}");
        }
    }
}
