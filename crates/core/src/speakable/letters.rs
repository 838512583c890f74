//! Letters and signs of all scripts in those that a language knows. Must not know words.

use crate::language::Speech;

/// Letters, and how they are written in plain Latin letters. In lower case.
const PLAIN: &[(&str, &str)] = &[
    ("àáâãäåāăąǎ", "a"),
    ("æǽ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęěẽ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŋ", "n"),
    ("òóôõöøōŏőơ", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűųư", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("ạảấầẩẫậắằẳẵặ", "a"),
    ("ẹẻếềểễệ", "e"),
    ("ịỉ", "i"),
    ("ọỏốồổỗộớờởỡợ", "o"),
    ("ụủứừửữự", "u"),
    ("ỳỵỷỹ", "y"),
    ("αά", "a"),
    ("β", "v"),
    ("γ", "g"),
    ("δ", "d"),
    ("εέ", "e"),
    ("ζ", "z"),
    ("ηήιίϊΐ", "i"),
    ("θ", "th"),
    ("κ", "k"),
    ("λ", "l"),
    ("μµ", "m"),
    ("π", "p"),
    ("ν", "n"),
    ("ξ", "x"),
    ("οόωώ", "o"),
    ("ρ", "r"),
    ("σς", "s"),
    ("τ", "t"),
    ("υύϋΰ", "y"),
    ("φ", "f"),
    ("χ", "ch"),
    ("ψ", "ps"),
    ("а", "a"),
    ("б", "b"),
    ("в", "v"),
    ("гґ", "g"),
    ("д", "d"),
    ("еэё", "e"),
    ("є", "ye"),
    ("ж", "zh"),
    ("з", "z"),
    ("иій", "i"),
    ("ї", "yi"),
    ("к", "k"),
    ("л", "l"),
    ("м", "m"),
    ("н", "n"),
    ("о", "o"),
    ("п", "p"),
    ("р", "r"),
    ("с", "s"),
    ("т", "t"),
    ("у", "u"),
    ("ф", "f"),
    ("х", "kh"),
    ("ц", "ts"),
    ("ч", "ch"),
    ("ш", "sh"),
    ("щ", "shch"),
    ("ы", "y"),
    ("ю", "yu"),
    ("я", "ya"),
];

/// Letters that are silent.
const SILENT: &str = "ъьЪЬ";

/// Text whose apostrophes, hyphens and digits are the plain ones. The same words in the same places.
pub(super) fn plain_signs(text: &str) -> String {
    text.chars().map(plain_sign).collect()
}

fn plain_sign(c: char) -> char {
    match c {
        '’' | '‘' | 'ʼ' | '＇' => '\'',
        '‐' | '‑' | '‒' | '−' | '﹣' | '－' => '-',
        '⁄' | '∕' => '/',
        // Full-width forms of ASCII.
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '٠'..='٩' => digit(c, '٠'),
        '۰'..='۹' => digit(c, '۰'),
        '०'..='९' => digit(c, '०'),
        '₀'..='₉' => digit(c, '₀'),
        _ => c,
    }
}

fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c).saturating_sub(u32::from(zero)), 10).unwrap_or(c)
}

/// True if a letter can be read.
pub(super) fn is_letter(c: char, speech: &Speech) -> bool {
    c.is_ascii_alphabetic() || is_own(c, speech) || transliterated(c).is_some()
}

fn is_own(c: char, speech: &Speech) -> bool {
    !c.is_ascii() && (speech.letters.contains(c) || speech.letters.chars().any(|own| lower(c) == own))
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn transliterated(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return None;
    }
    let lower = lower(c);
    PLAIN.iter().find(|(letters, _)| letters.contains(lower)).map(|(_, plain)| *plain)
}

/// True if a voice of any language reads a letter: a Latin one, or one that is transliterated.
pub(super) fn is_latin_or_alike(c: char) -> bool {
    c.is_ascii_alphabetic() || transliterated(c).is_some() || SILENT.contains(c)
}

/// Appends what a voice reads of `c`: a letter of the language or its like. Returns whether there is one.
pub(super) fn push_letter(line: &mut String, c: char, speech: &Speech) -> bool {
    if c.is_ascii_alphabetic() || is_own(c, speech) {
        line.push(c);
        return true;
    }
    let Some(plain) = transliterated(c) else { return SILENT.contains(c) };
    if c.is_uppercase() {
        let mut letters = plain.chars();
        line.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        line.push_str(letters.as_str());
    } else {
        line.push_str(plain);
    }
    true
}

/// Letters one by one, by their names.
pub(super) fn spelled(letters: &str, speech: &Speech) -> String {
    let mut line = String::new();
    for c in letters.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase) {
        if !line.is_empty() {
            line.push(' ');
        }
        let name = speech.letter_names.iter().find(|(letter, _)| *letter == c).map(|(_, name)| *name);
        let digit = c.to_digit(10).and_then(|d| speech.numbers.digits.get(usize::try_from(d).ok()?)).copied();
        match name.or(digit) {
            Some(name) => line.push_str(name),
            None => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{ENGLISH, GERMAN_SPEECH};

    fn read(text: &str, speech: &Speech) -> String {
        let mut line = String::new();
        for c in text.chars() {
            push_letter(&mut line, c, speech);
        }
        line
    }

    #[test]
    fn letters_of_other_languages_become_those_of_this_one() {
        assert_eq!(read("CaféŁódźСпасибоΚαλημέρα", &ENGLISH.speech), "CafeLodzSpasiboKalimera");
        assert_eq!(read("Öl Café", &GERMAN_SPEECH), "ÖlCafe");
        assert!(!is_letter('你', &ENGLISH.speech));
    }
}
