//! Thoughts of models that think before they answer: the marks around them, and the filter that keeps them
//! out of what is spoken. Must not know tokens or templates.

/// The marks around a thought: those of Qwen, DeepSeek, SmolLM, GLM and Granite; of EXAONE; of Magistral.
const MARKS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thought>", "</thought>"), ("[THINK]", "[/THINK]")];

/// True if this text is a mark, such as `<think>`.
pub(super) fn is_mark(text: &str) -> bool {
    MARKS.iter().any(|(open, close)| [*open, *close].contains(&text))
}

/// The mark that ends the thought which `text` leaves open.
pub(super) fn left_open(text: &str) -> Option<&'static str> {
    let open = |&(open, close): &(&str, &'static str)| {
        let begun = text.rfind(open)?;
        text.get(begun..)?.rfind(close).is_none().then_some(close)
    };
    MARKS.iter().find_map(open)
}

/// Takes thoughts out of a text that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct ThoughtFilter {
    /// The mark that ends the thought under way.
    inside: Option<&'static str>,
    /// Text that may be the beginning of a mark.
    held: String,
    /// White space after a thought belongs to the thought.
    trimming: bool,
}

impl ThoughtFilter {
    /// A filter whose text begins in a thought that `inside` ends, or outside of any.
    pub(super) fn new(inside: Option<&'static str>) -> Self {
        Self { inside, ..Self::default() }
    }

    /// Whether a thought is under way.
    pub(super) fn is_inside(&self) -> bool {
        self.inside.is_some()
    }

    /// The text that is certainly no thought and no part of a mark.
    pub(super) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut out = String::new();
        loop {
            let step = match self.inside {
                Some(close) => self.skip(close),
                None => self.take(&mut out),
            };
            if !step {
                return out;
            }
        }
    }

    /// Drops the thought's text; true if its end came.
    fn skip(&mut self, close: &'static str) -> bool {
        if let Some(at) = self.held.find(close) {
            self.held.drain(..at + close.len());
            (self.inside, self.trimming) = (None, true);
            return true;
        }
        let keep = overlap(&self.held, close);
        self.held.drain(..self.held.len() - keep);
        false
    }

    /// Gives out the text before a thought; true if a thought begins.
    fn take(&mut self, out: &mut String) -> bool {
        let found = MARKS.iter().filter_map(|(open, close)| Some((self.held.find(open)?, *open, *close)));
        let found = found.min_by_key(|(at, ..)| *at);
        let end = found.map_or_else(
            || self.held.len() - MARKS.iter().map(|(open, _)| overlap(&self.held, open)).max().unwrap_or(0),
            |(at, ..)| at,
        );
        let text: String = self.held.drain(..end).collect();
        let text = if self.trimming { text.trim_start() } else { &text };
        self.trimming &= text.is_empty();
        out.push_str(text);
        let Some((_, open, close)) = found else { return false };
        self.held.drain(..open.len());
        self.inside = Some(close);
        true
    }

    /// The text that was held back, once no more text comes. A thought without an end stays unsaid.
    pub(super) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.inside.is_some() { String::new() } else { held }
    }
}

/// The number of bytes at the end of `text` that are a beginning of `mark`.
pub(super) fn overlap(text: &str, mark: &str) -> usize {
    let beginnings = mark.char_indices().map(|(at, _)| at).skip(1);
    beginnings.filter(|&at| text.ends_with(&mark[..at])).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(inside: Option<&'static str>, pieces: &[&str]) -> String {
        let mut filter = ThoughtFilter::new(inside);
        let mut out: String = pieces.iter().map(|piece| filter.push(piece)).collect();
        out.push_str(&filter.finish());
        out
    }

    #[test]
    fn a_thought_is_not_said_wherever_its_text_is_cut() {
        let text = "<think>\nHe asks: 1 < 2?\n</think>\n\nYes, it is.";
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(said(None, &[&text[..at], &text[at..]]), "Yes, it is.");
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(said(None, &letters), "Yes, it is.");
    }

    #[test]
    fn a_thought_that_the_prompt_began_or_that_never_ends_is_not_said() {
        assert_eq!(said(Some("</think>"), &["Let me see.", "</thi", "nk>At nine."]), "At nine.");
        assert_eq!(said(None, &["Well. ", "[THINK]", "He wants"]), "Well. ");
        assert_eq!(said(None, &["a < b", " <thi"]), "a < b <thi");
    }

    #[test]
    fn a_thought_that_is_open_at_the_end_is_found() {
        assert_eq!(left_open("<|im_start|>assistant\n<think>\n"), Some("</think>"));
        assert_eq!(left_open("<think>\n\n</think>\n\n"), None);
        assert_eq!(left_open("assistant:"), None);
    }

    proptest! {
        #[test]
        fn what_is_said_does_not_depend_on_how_the_text_is_cut(
            parts in prop::collection::vec(
                prop_oneof![Just("<think>"), Just("</think>"), Just("[THINK]"), Just("[/THINK]"), Just("a "), Just("<"), Just("\n")],
                0..12,
            ),
            cut in 0_usize..80,
        ) {
            let text = parts.concat();
            let cut = cut.min(text.len());
            prop_assert_eq!(said(None, &[&text]), said(None, &[&text[..cut], &text[cut..]]));
        }
    }
}
