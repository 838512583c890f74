//! Removes words that Whisper repeated but the caller did not. With a window that does not fit its weights,
//! it says a sentence two or three times. The time that speaking takes tells such repeats from those of
//! people. Knows words and durations; no audio, no model.

use std::time::Duration;

use crate::engine::HeardWord;
use crate::language::words::plain_word;

/// The minimum time of a syllable: nobody repeats words faster than this. People who read fast reach 6 to 7
/// syllables a second, 150 ms each (Pellegrino et al. 2011, English 6.2); a "no, no, no" is slower.
const SYLLABLE: Duration = Duration::from_millis(130);

/// The minimum time between two copies of a sentence: who says it again has ended it, and takes breath. Short
/// cries ("No. No. No.", "Hello? Hello?") follow each other without.
const BREATH: Duration = Duration::from_millis(300);

/// The syllables from which on a sentence is no short cry.
const SENTENCE: u32 = 3;

/// Removes repeats until the remaining words can be said in the time that has voice, or until nothing is
/// repeated any more. Returns the number of removed words. One copy of a repeated phrase always stays, so no
/// word that was said is lost. `spoken` is called only if something is repeated.
pub(super) fn fit(words: &mut Vec<HeardWord>, mut spoken: impl FnMut() -> Spoken) -> usize {
    let before = words.len();
    let mut plain: Vec<String> = words.iter().map(|word| plain_word(&word.text)).collect();
    while let Some(repeat) = longest_repeat(&plain)
        && !spoken().holds(time_for(&plain), breath_before(&words[..repeat.end], repeat.start))
    {
        words.drain(repeat.clone());
        plain.drain(repeat);
    }
    before - words.len()
}

/// How long somebody spoke.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken {
    /// The time that has voice.
    pub(super) voiced: Duration,
    /// The time from the first sound to the last one, pauses included.
    pub(super) span: Duration,
}

impl Spoken {
    /// True if there was time for these syllables, and for this pause between them.
    fn holds(self, syllables: Duration, pause: Duration) -> bool {
        syllables <= self.voiced && syllables + pause <= self.span
    }
}

/// The time between a copy of a phrase, which begins at `copy` and ends with `words`, and the one before it.
fn breath_before(words: &[HeardWord], copy: usize) -> Duration {
    let ends_a_sentence = |word: &HeardWord| word.text.ends_with(['.', '?', '!']);
    let is_a_sentence = copy.checked_sub(1).is_some_and(|before| ends_a_sentence(&words[before]));
    let spoken: u32 = words[copy..].iter().map(|word| syllables(&plain_word(&word.text))).sum();
    if is_a_sentence && spoken >= SENTENCE { BREATH } else { Duration::ZERO }
}

/// True if these words can be said in this time.
pub(super) fn fits(words: &[HeardWord], voiced: Duration) -> bool {
    let plain: Vec<String> = words.iter().map(|word| plain_word(&word.text)).collect();
    time_for(&plain) <= voiced
}

/// The last copy of the phrase whose repeats in a row take the most words.
fn longest_repeat(words: &[String]) -> Option<std::ops::Range<usize>> {
    let mut best: Option<(usize, std::ops::Range<usize>)> = None;
    for phrase in 1..=words.len() / 2 {
        // The number of words in a row that equal the word one phrase earlier.
        let mut run = 0;
        for at in phrase..words.len() {
            run = if words[at] == words[at - phrase] { run + 1 } else { 0 };
            let repeats = run / phrase;
            if run > 0
                && run.is_multiple_of(phrase)
                && best.as_ref().is_none_or(|(most, _)| repeats * phrase > *most)
            {
                best = Some((repeats * phrase, at + 1 - phrase..at + 1));
            }
        }
    }
    best.map(|(_, range)| range)
}

/// The minimum time in which these words can be said.
fn time_for(words: &[String]) -> Duration {
    SYLLABLE * words.iter().map(|word| syllables(word)).sum::<u32>()
}

/// The approximate number of syllables, rather too low. Words count their groups of vowels. A number counts
/// one for every digit, but with at most two digits only one, since it may have a name of its own ("ten",
/// "twelve").
fn syllables(word: &str) -> u32 {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let digits = if digits <= 2 { digits.min(1) } else { digits };
    let vowel = |c: char| "aeiouy".contains(c);
    let mut before = false;
    let mut groups = 0;
    for c in word.chars() {
        groups += u32::from(vowel(c) && !before);
        before = vowel(c);
    }
    // The e at the end of "five" is silent.
    let silent = groups > 1 && word.ends_with('e') && !word.ends_with("le");
    let spoken = groups - u32::from(silent) + u32::try_from(digits).unwrap_or(u32::MAX);
    spoken.max(u32::from(!word.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str, voiced_ms: u64) -> String {
        let word = |text: &str| HeardWord { text: text.to_owned(), confidence: 1.0, end: Duration::ZERO };
        let mut words: Vec<HeardWord> = text.split_whitespace().map(word).collect();
        let spoken = Duration::from_millis(voiced_ms);
        fit(&mut words, || Spoken { voiced: spoken, span: spoken });
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Fault: "No, no, no, no, no, that is wrong." gave no words, because the guard took commas for words.
    #[test]
    fn what_people_say_over_and_over_stays() {
        for (text, voiced_ms) in [
            ("No, no, no, no, no, that is wrong.", 1_500),
            ("five five five", 700),
            ("5-5-5", 700),
            ("yes yes", 400),
            ("10, 10.", 450),
            ("Bye bye bye bye.", 700),
            ("five five five, zero one four two, five five five, zero one four two", 4_000),
        ] {
            assert_eq!(fitted(text, voiced_ms), text);
        }
    }

    #[test]
    fn a_sentence_that_cannot_have_been_said_twice_in_the_time_is_said_once() {
        let said = "I'd like to speak to customer support.";
        for times in 2..=5 {
            assert_eq!(fitted(&[said; 5][..times].join(" "), 1_800), said, "{times} times");
        }
        assert_eq!(
            fitted("Hello. What are your hours? What are your hours?", 900),
            "Hello. What are your hours?"
        );
    }

    /// Fault: tiny.en heard a question of 1.2 s twice. That is time enough for the syllables, not for a
    /// breath.
    #[test]
    fn nobody_says_a_sentence_again_without_taking_breath() {
        let said = "Where can I park?";
        assert_eq!(fitted(&[said; 2].join(" "), 1_200), said);
        for (text, voiced_ms) in [
            ("Where can I park? Where can I park?", 1_500),
            ("where can I park, where can I park", 1_200),
            ("No. No. No.", 450),
            ("Hello? Hello?", 600),
        ] {
            assert_eq!(fitted(text, voiced_ms), text);
        }
    }

    /// A breath has no voice: the time with voice alone says nothing of it.
    #[test]
    fn who_takes_breath_may_say_a_sentence_again() {
        let said = "Where can I park? Where can I park?";
        let word = |text: &str| HeardWord { text: text.to_owned(), confidence: 1.0, end: Duration::ZERO };
        let mut words: Vec<HeardWord> = said.split_whitespace().map(word).collect();
        let [voiced, span] = [1_100, 1_500].map(Duration::from_millis);
        assert_eq!(fit(&mut words, || Spoken { voiced, span }), 0);
    }

    #[test]
    fn a_loop_is_cut_to_what_fits_into_the_time() {
        assert_eq!(fitted(&["no"; 40].join(" "), 700), "no no no no no");
        assert_eq!(fitted("ten ten", 0), "ten");
    }

    #[test]
    fn words_that_are_not_repeated_are_never_taken_out() {
        let text = "And so my fellow Americans ask not what your country can do for you";
        assert_eq!(fitted(text, 10), text);
        assert_eq!(fitted("", 0), "");
    }

    #[test]
    fn syllables_are_about_those_that_are_spoken() {
        for (word, count) in [
            ("five", 1),
            ("seven", 2),
            ("cleaning", 2),
            ("table", 2),
            ("hm", 1),
            ("90", 1),
            ("555", 3),
            ("", 0),
        ] {
            assert_eq!(syllables(word), count, "{word}");
        }
    }
}
