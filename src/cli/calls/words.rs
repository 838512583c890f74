//! Words of a call that a terminal shows. Must not know whose they are.

/// Stands for words that the records do not keep.
pub(super) const NOT_KEPT: &str = "(words are not kept)";

/// Words that were kept, without what could steer a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
