//! Which words of a growing utterance are stable: those on which three transcriptions in a row agree (local
//! agreement, Liu, Spanakis and Niehues 2020). Knows texts; no audio and no time.

use crate::language::words::plain_word;

/// Transcriptions in a row that must agree on a word. With two, 2.5 % of the words did not stay (the demo
/// model in `offhook bench stt --references`). The price of a third is that words are stable one partial
/// later.
const LOOKS: usize = 3;

/// The newest transcriptions of one utterance, and the words on which they agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The words of the newest transcriptions, as written; the newest is the last.
    looks: Vec<Vec<String>>,
    /// The number of leading words that all of them share.
    stable: usize,
}

impl Agreement {
    /// Takes the next transcription of the same utterance, which has grown since the last one.
    pub fn hear(&mut self, text: &str) {
        if self.looks.len() == LOOKS {
            self.looks.remove(0);
        }
        self.looks.push(text.split_whitespace().map(str::to_owned).collect());
        let agree = |at: usize| {
            let newest = plain_word(&self.newest()[at]);
            self.looks.iter().all(|look| look.get(at).is_some_and(|word| plain_word(word) == newest))
        };
        let known = self.looks.len() == LOOKS;
        self.stable = if known { (0..self.newest().len()).take_while(|&at| agree(at)).count() } else { 0 };
    }

    fn newest(&self) -> &[String] {
        self.looks.last().map_or(&[], Vec::as_slice)
    }

    /// The words that can be relied on.
    #[must_use]
    pub fn stable(&self) -> &[String] {
        &self.newest()[..self.stable]
    }

    /// The words of the newest transcription that may yet change.
    #[must_use]
    pub fn unstable(&self) -> &[String] {
        &self.newest()[self.stable..]
    }
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
    fn words_are_stable_once_three_transcriptions_agree_on_them() {
        let agreement = heard(&["I would lie", "I would like two", "I would like to"]);
        assert_eq!(agreement.stable(), ["I", "would"]);
        assert_eq!(agreement.unstable(), ["like", "to"]);
    }

    #[test]
    fn commas_and_capitals_are_no_disagreement_and_the_newest_way_to_write_them_counts() {
        let agreement = heard(&["hello can", "hello can I", "Hello, can I"]);
        assert_eq!(agreement.stable(), ["Hello,", "can"]);
    }

    #[test]
    fn a_stable_word_that_is_contradicted_is_stable_no_more() {
        let agreement = heard(&["on Tuesday", "on Tuesday at", "on Tuesday at", "on Thursday at ten"]);
        assert_eq!(agreement.stable(), ["on"]);
    }

    #[test]
    fn two_transcriptions_alone_are_not_relied_on() {
        assert!(heard(&["stop"]).stable().is_empty());
        assert!(heard(&["stop", "stop"]).stable().is_empty());
        assert!(heard(&["stop", "stop", ""]).stable().is_empty());
    }
}
