//! Which words of an utterance that still grows can be relied on: those on which two transcriptions in
//! a row agree (local agreement, Liu, Spanakis and Niehues 2020), but for the last. Knows texts, no audio and no time.

/// What was heard of one utterance so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The words of the newest transcription, as written.
    newest: Vec<String>,
    /// So many of its first words were also in the one before.
    stable: usize,
}

impl Agreement {
    /// Takes the next transcription of the same utterance, which has grown since the last one.
    pub fn hear(&mut self, text: &str) {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        // The last word of a look may be half a word: it counts once another follows it in both.
        let whole = self.newest.len().min(words.len()).saturating_sub(1);
        let pairs = self.newest.iter().zip(&words).take(whole);
        let agreed = pairs.take_while(|(a, b)| plain(a) == plain(b)).count();
        self.newest = words;
        self.stable = agreed;
    }

    /// The words that can be relied on.
    #[must_use]
    pub fn stable(&self) -> &[String] {
        &self.newest[..self.stable]
    }

    /// The words of the newest transcription that may yet change.
    #[must_use]
    pub fn unstable(&self) -> &[String] {
        &self.newest[self.stable..]
    }
}

/// A recogniser changes its mind about commas and capitals with every word that follows.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(texts: &[&str]) -> Agreement {
        let mut agreement = Agreement::default();
        texts.iter().for_each(|text| agreement.hear(text));
        agreement
    }

    #[test]
    fn words_are_stable_once_two_transcriptions_agree_on_them() {
        let agreement = heard(&["I would lie", "I would like two"]);
        assert_eq!(agreement.stable(), ["I", "would"]);
        assert_eq!(agreement.unstable(), ["like", "two"]);
    }

    #[test]
    fn the_last_word_of_a_look_is_not_relied_on_for_it_may_be_half_a_word() {
        assert_eq!(heard(&["on Tue", "on Tue"]).stable(), ["on"]);
    }

    #[test]
    fn commas_and_capitals_are_no_disagreement_and_the_newest_way_to_write_them_counts() {
        let agreement = heard(&["hello can I", "Hello, can I"]);
        assert_eq!(agreement.stable(), ["Hello,", "can"]);
    }

    #[test]
    fn a_stable_word_that_is_contradicted_is_stable_no_more() {
        let agreement = heard(&["on Tuesday at", "on Tuesday at ten", "on Thursday at ten"]);
        assert_eq!(agreement.stable(), ["on"]);
    }

    #[test]
    fn one_transcription_alone_is_not_relied_on() {
        assert!(heard(&["stop"]).stable().is_empty());
        assert!(heard(&["stop", ""]).stable().is_empty());
    }
}
