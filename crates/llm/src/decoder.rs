//! Turns tokens into text, one at a time. A character is held back until all its bytes are there, and so is
//! text that may become a stop text. Must not know models or calls.

use super::thoughts::overlap;
use super::vocabulary::SPACE;
use super::vocabulary::{Kind, Vocabulary};

/// Turns tokens into text as they come.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pending: Vec<u8>,
    /// Whether to drop the next space, which the tokenizer put before the text.
    skip_space: bool,
}

impl Decoder {
    /// For a new text.
    pub(super) fn new() -> Self {
        Self { pending: Vec::new(), skip_space: true }
    }

    /// For text that goes on where other text ended.
    pub(super) fn continuing() -> Self {
        Self { pending: Vec::new(), skip_space: false }
    }

    /// The text that `token` completes; empty while a character is incomplete. Markers have no text.
    pub(super) fn push(&mut self, vocabulary: &Vocabulary, token: u32) -> String {
        let Some(piece) = vocabulary.piece(token) else { return String::new() };
        match piece.kind {
            Kind::Byte(byte) => self.pending.push(byte),
            Kind::Normal | Kind::UserDefined => {
                for c in piece.text.chars() {
                    let c = if c == SPACE { ' ' } else { c };
                    self.pending.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            Kind::Unknown | Kind::Control | Kind::Unused => {}
        }
        if self.skip_space && !self.pending.is_empty() {
            self.skip_space = false;
            if self.pending.first() == Some(&b' ') {
                self.pending.remove(0);
            }
        }
        self.complete()
    }

    /// The rest of the text, after the last token. An incomplete character becomes U+FFFD.
    pub(super) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }

    fn complete(&mut self) -> String {
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(rest) => {
                    text.push_str(rest);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let good: Vec<u8> = self.pending.drain(..error.valid_up_to()).collect();
                    text.push_str(&String::from_utf8_lossy(&good));
                    let Some(bad) = error.error_len() else { return text };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending.drain(..bad);
                }
            }
        }
    }
}

/// Finds the texts that end a reply, across the boundaries of tokens.
#[derive(Debug)]
pub(super) struct StopFilter {
    stops: Vec<String>,
    held: String,
}

impl StopFilter {
    /// Empty stop texts are ignored.
    pub(super) fn new(stops: &[String]) -> Self {
        Self { stops: stops.iter().filter(|stop| !stop.is_empty()).cloned().collect(), held: String::new() }
    }

    /// The text that is certainly before any stop text, and whether a stop text came.
    pub(super) fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            let mut out = std::mem::take(&mut self.held);
            out.truncate(at);
            return (out, true);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// Whether no text is held back.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The text that was held back, once no more text comes.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::Architecture;
    use super::super::vocabulary::Piece;
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut pieces: Vec<Piece> = (0..=255_u8)
            .map(|byte| Piece { text: format!("<0x{byte:02X}>"), score: 0.0, kind: Kind::Byte(byte) })
            .collect();
        pieces.push(Piece { text: "\u{2581}Hello".into(), score: 0.0, kind: Kind::Normal });
        pieces.push(Piece { text: "<|end|>".into(), score: 0.0, kind: Kind::Control });
        Vocabulary::new(pieces, Architecture::Phi3)
    }

    #[test]
    fn a_character_in_bytes_is_held_back_until_it_is_whole() {
        let (vocabulary, mut decoder) = (vocabulary(), Decoder::new());
        let texts: Vec<String> =
            "é!".bytes().map(|byte| decoder.push(&vocabulary, u32::from(byte))).collect();
        assert_eq!(texts, ["", "é", "!"]);
    }

    #[test]
    fn bytes_that_are_no_character_become_a_replacement_and_lose_nothing_else() {
        let (vocabulary, mut decoder) = (vocabulary(), Decoder::new());
        assert_eq!(decoder.push(&vocabulary, 0xC3), "");
        assert_eq!(decoder.push(&vocabulary, u32::from(b'a')), "\u{FFFD}a");
        assert_eq!(decoder.push(&vocabulary, 0xE2), "");
        assert_eq!(decoder.finish(), "\u{FFFD}");
    }

    #[test]
    fn the_space_before_a_text_is_dropped_once() {
        let (vocabulary, mut decoder) = (vocabulary(), Decoder::new());
        assert_eq!(decoder.push(&vocabulary, 256), "Hello");
        assert_eq!(decoder.push(&vocabulary, 256), " Hello");
        assert_eq!(Decoder::continuing().push(&vocabulary, 256), " Hello");
        assert_eq!(decoder.push(&vocabulary, 257), "");
    }

    #[test]
    fn a_stop_text_is_found_across_pieces_and_is_not_given_out() {
        let mut filter = StopFilter::new(&["User:".to_owned()]);
        assert_eq!(filter.push("Bye. Us"), ("Bye. ".to_owned(), false));
        assert_eq!(filter.push("er"), (String::new(), false));
        assert_eq!(filter.push(": hi"), (String::new(), true));
    }

    #[test]
    fn what_only_looked_like_a_stop_text_is_given_out_later() {
        let mut filter = StopFilter::new(&["User:".to_owned(), String::new()]);
        assert_eq!(filter.push("Us"), (String::new(), false));
        assert_eq!(filter.push("ually U"), ("Usually ".to_owned(), false));
        assert_eq!(filter.finish(), "U");
    }
}
