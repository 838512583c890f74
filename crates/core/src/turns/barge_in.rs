//! What the caller's words mean while the agent speaks: a turn of their own, or only a sign of listening.
//! Knows texts; no audio, and no time but the settings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::language::ENGLISH;
use crate::language::words::plain_words;
use crate::units::as_millis;

/// When a caller's sound stops the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargeInPolicy {
    /// The number of words other than backchannels that make a turn.
    pub min_words: usize,
    /// Words and phrases each of which is always enough on its own ("stop"), in plain lower case.
    pub at_once: Vec<String>,
    /// What listeners say to show that they listen ("mm-hm"), in plain lower case.
    pub backchannels: Vec<String>,
    /// How long the agent pauses for a sound in which no words are heard.
    #[serde(rename = "confirm_ms", with = "as_millis")]
    pub confirm_within: Duration,
    /// The greeting is spoken to its end, whatever the caller says.
    pub protect_greeting: bool,
}

/// What words mean while the agent speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The caller wants to speak.
    TakesTheTurn,
    /// The caller listens.
    Backchannel,
    /// Not enough words to tell.
    Nothing,
}

/// Up to this many backchannels are only a sign of listening: "okay" and "yeah, right", but not "okay okay
/// okay okay".
const MOST_BACKCHANNELS: usize = 3;

impl BargeInPolicy {
    /// What `text` means while the agent speaks.
    ///
    /// ```
    /// use offhook_core::turns::barge_in::{BargeInPolicy, Meaning};
    /// let policy = BargeInPolicy::default();
    /// assert_eq!(policy.meaning("Mm-hm."), Meaning::Backchannel);
    /// assert_eq!(policy.meaning("No, wait!"), Meaning::TakesTheTurn);
    /// ```
    #[must_use]
    pub fn meaning(&self, text: &str) -> Meaning {
        let words = plain_words(text);
        let padded = format!(" {} ", words.join(" "));
        let (rest, backchannels) = self.without_backchannels(&padded);
        let short = backchannels <= MOST_BACKCHANNELS;
        if rest.is_empty() && backchannels > 0 && short {
            return Meaning::Backchannel;
        }
        let at_once = self.at_once.iter().any(|phrase| padded.contains(&format!(" {phrase} ")));
        if at_once || (!rest.is_empty() && rest.len() >= self.min_words) || !short {
            return Meaning::TakesTheTurn;
        }
        Meaning::Nothing
    }

    /// The words left when all backchannels are taken out of ` words with spaces around `, and the number
    /// of backchannels.
    fn without_backchannels(&self, padded: &str) -> (Vec<String>, usize) {
        let (mut rest, mut taken) = (padded.to_owned(), 0);
        for phrase in &self.backchannels {
            let phrase = format!(" {phrase} ");
            // Neighbours share the space between them.
            while let Some(at) = rest.find(&phrase) {
                rest.replace_range(at..at + phrase.len(), " ");
                taken += 1;
            }
        }
        (rest.split_whitespace().map(str::to_owned).collect(), taken)
    }
}

impl Default for BargeInPolicy {
    /// The values of the configuration that ships with offhook.
    fn default() -> Self {
        let list = |words: &[&str]| words.iter().map(|word| plain_words(word).join(" ")).collect();
        Self {
            min_words: 1,
            at_once: list(ENGLISH.overlap.at_once),
            backchannels: list(ENGLISH.overlap.backchannels),
            confirm_within: Duration::from_millis(800),
            protect_greeting: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Meaning {
        BargeInPolicy::default().meaning(text)
    }

    #[test]
    fn a_listener_who_says_mm_hm_does_not_take_the_turn() {
        for text in
            ["Mm-hm.", "Okay.", "Yeah, right.", "I see. Okay.", "I see, thank you.", "Yeah yeah yeah."]
        {
            assert_eq!(meaning(text), Meaning::Backchannel, "{text}");
        }
    }

    #[test]
    fn words_take_the_turn_and_so_do_many_backchannels_in_a_row() {
        for text in ["No.", "Wait!", "Stop.", "Okay, but when?", "Tuesday.", "Yeah yeah yeah yeah."] {
            assert_eq!(meaning(text), Meaning::TakesTheTurn, "{text}");
        }
        for text in ["", " ... "] {
            assert_eq!(meaning(text), Meaning::Nothing, "{text}");
        }
    }

    #[test]
    fn a_limit_of_two_words_does_not_ignore_wait() {
        let policy = BargeInPolicy { min_words: 2, ..BargeInPolicy::default() };
        assert_eq!(policy.meaning("Wait."), Meaning::TakesTheTurn);
        assert_eq!(policy.meaning("Tuesday."), Meaning::Nothing);
        assert_eq!(policy.meaning("Okay, Tuesday."), Meaning::Nothing);
        assert_eq!(policy.meaning("On Tuesday."), Meaning::TakesTheTurn);
    }

    #[test]
    fn no_problem_is_no_no() {
        assert_eq!(meaning("No problem."), Meaning::Backchannel);
    }
}
