//! What a caller has heard of a reply, in words. Must not know how it was sent.

/// The words of a reply that the caller heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// All words, fillers included.
    pub text: String,
    /// The words of the answer, without fillers.
    pub answer: String,
    /// The end of the text is a guess, because the voice did not report when its words end.
    pub estimated: bool,
}

/// Adds words to a line.
pub(super) fn join(line: &mut String, words: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(words);
}
