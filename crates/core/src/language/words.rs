//! Words without what a recogniser changes its mind about: capitals, commas, full stops. Two texts are compared by
//! these alone.

/// The words of `text` in lower case, without signs; a hyphen parts words, an apostrophe stays.
#[must_use]
pub fn plain_words(text: &str) -> Vec<String> {
    let plain = |c: char| if c.is_alphanumeric() || c == '\'' { c } else { ' ' };
    let text: String = text.chars().map(plain).flat_map(char::to_lowercase).collect();
    text.split_whitespace().map(str::to_owned).collect()
}

/// One word, as a recogniser writes it, in lower case with its letters and digits alone. It stays one word, so that a
/// place among the words of a transcript means the same before and after.
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
