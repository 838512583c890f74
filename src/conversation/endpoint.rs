//! When the caller's turn is over: by silence, and by whether the words are a finished sentence.
//! Knows the text and nothing of audio or time but the settings.

use std::time::Duration;

/// The silence that ends a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPolicy {
    /// After a finished sentence.
    pub silence: Duration,
    /// After words that call for more.
    pub unfinished_silence: Duration,
}

impl EndpointPolicy {
    /// How long the caller must have been silent for `text` to be the whole turn.
    #[must_use]
    pub fn silence_after(&self, text: &str) -> Duration {
        if is_unfinished(text) { self.unfinished_silence } else { self.silence }
    }
}

/// Words after which an English sentence goes on: conjunctions, prepositions, determiners,
/// possessives, auxiliaries, hesitations. A recogniser puts a full stop after anything, so its
/// punctuation is no evidence of an end.
const CALLS_FOR_MORE: &[&str] = &[
    "a", "about", "am", "an", "and", "are", "around", "at", "because", "before", "between", "but", "can",
    "could", "do", "does", "for", "from", "if", "in", "into", "is", "it's", "like", "my", "of", "on", "or",
    "our", "so", "than", "that's", "the", "then", "to", "uh", "um", "until", "was", "were", "what's", "when",
    "where", "which", "with", "would", "your",
];

/// Sentences that end in such a word and yet are whole.
const WHOLE: &[&str] =
    &["what is it about", "who is it for", "yes i am", "yes i do", "yes we are", "i am", "i do"];

/// True if `text` is a sentence that waits for its rest, such as "my number is".
///
/// ```
/// use offhook::conversation::endpoint::is_unfinished;
/// assert!(is_unfinished("My number is"));
/// assert!(is_unfinished("I would like to book an appointment on."));
/// assert!(!is_unfinished("Do you have parking?"));
/// ```
#[must_use]
pub fn is_unfinished(text: &str) -> bool {
    let plain: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '\'' { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let Some(last) = words.last() else { return false };
    if text.trim_end().ends_with(['?', '!']) || WHOLE.contains(&words.join(" ").as_str()) {
        return false;
    }
    text.trim_end().ends_with([',', '-', '…']) || CALLS_FOR_MORE.contains(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_waits_for_its_rest_is_given_time() {
        for text in ["My number is", "I would like to.", "Can I come in on", "and", "Um,", "It's for my"] {
            assert!(is_unfinished(text), "{text}");
        }
    }

    #[test]
    fn a_finished_sentence_is_not_kept_waiting() {
        for text in ["Hello.", "On Tuesday at ten.", "Yes.", "What are your hours?", "", "Yes, I am."] {
            assert!(!is_unfinished(text), "{text}");
        }
    }
}
