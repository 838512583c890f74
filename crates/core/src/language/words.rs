//! Plain words for comparing texts: without capitals, commas and full stops, about which a recogniser changes
//! its mind.

/// The words of `text` in lower case, without signs. A hyphen separates words, and an apostrophe stays.
#[must_use]
pub fn plain_words(text: &str) -> Vec<String> {
    let plain = |c: char| if c.is_alphanumeric() || c == '\'' { c } else { ' ' };
    let text: String = text.chars().map(plain).flat_map(char::to_lowercase).collect();
    text.split_whitespace().map(str::to_owned).collect()
}

/// One word of a recogniser in lower case, reduced to its letters and digits. It stays one word, so that the
/// positions of words in a transcript do not change.
#[must_use]
pub fn plain_word(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_part_the_words_of_a_text_and_vanish_from_a_single_word() {
        assert_eq!(plain_words("All-right, I'm HERE."), ["all", "right", "i'm", "here"]);
        assert_eq!(plain_word("All-right,"), "allright");
        assert_eq!(plain_word("I'm"), "im");
        assert_eq!((plain_words("?!"), plain_word("?!")), (vec![], String::new()));
    }
}
