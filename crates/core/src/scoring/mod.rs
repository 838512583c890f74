//! The scorer of recognisers, the only one, for benchmarks and tests. Works on text; must not know engines or
//! files.

mod spoken;

use std::time::Duration;

use serde::Serialize;

pub use spoken::spoken_words;

/// The score of transcripts of recordings whose words are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The number of recordings.
    pub clips: usize,
    /// The number of words spoken in them.
    pub words: usize,
    /// Word errors: the fewest insertions, deletions and substitutions between the transcript and the spoken
    /// words.
    pub wrong: usize,
    /// Recordings with spoken words but an empty transcript.
    pub empty: usize,
    /// Recordings whose words appear twice or more often in the transcript.
    pub doubled: usize,
}

impl Score {
    /// Counts one recording.
    pub fn add(&mut self, said: &str, heard: &str) {
        let (said, heard) = (spoken_words(said), spoken_words(heard));
        self.clips += 1;
        self.words += said.len();
        self.wrong += strsim::generic_levenshtein(&said, &heard);
        self.empty += usize::from(heard.is_empty() && !said.is_empty());
        self.doubled += usize::from(is_doubled(&said, &heard));
    }

    /// The word error rate, in percent of the spoken words.
    #[must_use]
    pub fn percent(&self) -> f64 {
        100.0 * self.wrong as f64 / self.words.max(1) as f64
    }
}

/// The classes of length. Short recordings are harder, and a sum over words would hide them behind long ones.
pub const CLASSES: [&str; 4] = ["under 1 s", "1 to 2 s", "2 to 4 s", "4 s and more"];

/// A score for each class of length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ByLength {
    /// The scores in the order of [`CLASSES`].
    pub classes: [Score; CLASSES.len()],
    /// The score of all recordings.
    pub all: Score,
}

impl ByLength {
    /// Counts one recording of this length.
    pub fn add(&mut self, length: Duration, said: &str, heard: &str) {
        let class = [1, 2, 4].iter().filter(|limit| length.as_secs() >= **limit).count();
        self.classes[class].add(said, heard);
        self.all.add(said, heard);
    }

    /// True if this score is as good as `other`: no more word errors overall, at most one more in each class,
    /// and no more empty transcripts in any class.
    #[must_use]
    pub fn is_as_good_as(&self, other: &Self) -> bool {
        let class_is =
            |(own, other): (&Score, &Score)| own.wrong <= other.wrong + 1 && own.empty <= other.empty;
        self.all.wrong <= other.all.wrong && self.classes.iter().zip(&other.classes).all(class_is)
    }
}

/// True if the transcript repeats itself: at least as many words as were spoken only repeat the words just
/// before.
fn is_doubled(said: &[String], heard: &[String]) -> bool {
    let again = |phrase: usize| {
        (phrase..heard.len()).filter(|&at| heard[at] == heard[at - phrase]).count() >= phrase.max(said.len())
    };
    !said.is_empty() && heard.len() >= 2 * said.len() && (1..=heard.len() / 2).any(again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_and_punctuation() {
        let mut score = Score::default();
        score.add("When do you open, please?", "when you open police today");
        assert_eq!(score, Score { clips: 1, words: 5, wrong: 3, ..Score::default() });
        score.add("Yes.", "");
        assert_eq!(score, Score { clips: 2, words: 6, wrong: 4, empty: 1, ..Score::default() });
    }

    #[test]
    fn a_number_is_the_same_number_however_it_is_written() {
        let mut score = Score::default();
        score.add("ten thirty on the fifth, five five five zero one four two", "10:30 on the 5th, 555-0142");
        assert_eq!(score.wrong, 0);
    }

    #[test]
    fn what_is_heard_twice_is_counted_as_doubled() {
        let doubled = |said: &str, heard: &str| {
            let mut score = Score::default();
            score.add(said, heard);
            score.doubled == 1
        };
        assert!(doubled("I would like to speak", "I would like to speak I would like to speak"));
        assert!(doubled("six", "6, 6"));
        assert!(!doubled("five five five", "five five five"));
        assert!(!doubled("six", "16"));
        assert!(!doubled("thank you", "thank you very very much"));
    }

    #[test]
    fn a_window_is_as_good_if_no_class_of_length_pays_for_another() {
        let with = |short: usize, long: usize| {
            let mut score = ByLength::default();
            score.classes[0].wrong = short;
            score.classes[3].wrong = long;
            score.all.wrong = short + long;
            score
        };
        assert!(with(10, 10).is_as_good_as(&with(10, 10)));
        assert!(with(11, 9).is_as_good_as(&with(10, 10)));
        assert!(!with(12, 8).is_as_good_as(&with(10, 10)));
        assert!(!with(11, 10).is_as_good_as(&with(10, 10)));
        let mut empty = with(9, 9);
        empty.classes[1].empty = 1;
        assert!(!empty.is_as_good_as(&with(10, 10)));
    }

    #[test]
    fn recordings_fall_into_classes_of_length() {
        let mut score = ByLength::default();
        for ms in [300, 999, 1000, 2500, 4000, 11_000] {
            score.add(Duration::from_millis(ms), "yes", "yes");
        }
        assert_eq!(score.classes.map(|class| class.clips), [2, 1, 1, 2]);
        assert_eq!(score.all.clips, 6);
    }
}
