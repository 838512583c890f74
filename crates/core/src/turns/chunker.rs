//! Cuts tokens into chunks for the voice: a short first one, so that the voice starts early, then whole
//! sentences, so that it sounds right. Numbers, abbreviations and addresses are never cut. Pure text.

use std::time::Duration;

use crate::language::{ENGLISH, Language, Writing};
use crate::speakable::{is_speakable, joins, may_join, written};

/// A clause of at least this many words may leave as the first chunk.
const FIRST_CLAUSE_WORDS: usize = 2;
/// Words after which the first chunk is cut even without the end of a clause: about two seconds of speech.
const FIRST_MAX_WORDS: usize = 10;
/// Words after which a later chunk is cut even without the end of a sentence: about ten seconds of speech.
const MAX_WORDS: usize = 40;
/// Letters after which a chunk is cut, whatever its words: half a minute of speech, so that no chunk keeps
/// the voice from other calls for long. A digit counts as five letters, because it is spoken as a word.
const MAX_LETTERS: usize = 400;
/// Words and letters by which a chunk may be longer, so that nothing is cut that is spoken as one thing.
const MORE_WORDS: usize = 8;
const MORE_LETTERS: usize = 100;
/// Longest word. The rest of a longer one is left out up to the next white space, so that a model gone
/// wild, or five hundred nines in a greeting, cannot fill the memory or keep the voice from other calls.
const MAX_WORD_BYTES: usize = 80;

/// One chunk of text for the synthesiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Text without markup, one space between words.
    pub text: String,
    /// The pause before the next chunk, by the last punctuation mark of this one.
    pub pause: Duration,
}

impl Piece {
    /// True if the chunk ends a sentence.
    #[must_use]
    pub fn ends_a_sentence(&self, writing: &Writing) -> bool {
        self.text.split(' ').next_back().is_some_and(|word| ends_sentence(word, writing))
    }
}

/// Collects the tokens of one reply and cuts them into chunks.
#[derive(Debug, Clone)]
pub struct Chunker {
    language: &'static Language,
    /// Text that has not left in a chunk yet.
    pending: String,
    started: bool,
    /// Bytes of the current word, including those left out.
    word: usize,
}

impl Default for Chunker {
    /// A chunker for a reply in English.
    fn default() -> Self {
        Self::new(&ENGLISH)
    }
}

impl Chunker {
    /// A chunker for a reply in `language`.
    #[must_use]
    pub fn new(language: &'static Language) -> Self {
        Self { language, pending: String::new(), started: false, word: 0 }
    }

    /// A new chunker for another reply in the same language.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self::new(self.language)
    }

    /// Takes the text of a token. Returns the chunks that it completes.
    pub fn push(&mut self, token: &str) -> Vec<Piece> {
        for c in token.chars() {
            self.word = if c.is_whitespace() { 0 } else { self.word.saturating_add(c.len_utf8()) };
            if self.word <= MAX_WORD_BYTES {
                self.pending.push(c);
            }
        }
        let mut pieces = Vec::new();
        while let Some(end) = self.next_cut() {
            let rest = self.pending.split_off(end);
            let text = std::mem::replace(&mut self.pending, rest);
            pieces.extend(self.piece(&text));
        }
        pieces
    }

    /// The chunks of a whole reply.
    #[must_use]
    pub fn all(mut self, text: &str) -> Vec<Piece> {
        let mut pieces = self.push(text);
        pieces.extend(self.finish());
        pieces
    }

    /// Ends the reply: returns the rest of its text as the last chunk, if there is any.
    pub fn finish(&mut self) -> Option<Piece> {
        let text = std::mem::take(&mut self.pending);
        self.piece(&text)
    }

    fn piece(&mut self, text: &str) -> Option<Piece> {
        let text = written(text, self.language);
        if !is_speakable(&text, self.language) {
            return None;
        }
        self.started = true;
        let pause = pause_after(&text);
        Some(Piece { text, pause })
    }

    /// Where the pending text can be cut. A word counts only once the space after it has come: until then
    /// "3." may be "3.50". Nothing is cut between words that are spoken as one thing.
    fn next_cut(&self) -> Option<usize> {
        let most = if self.started { MAX_WORDS } else { FIRST_MAX_WORDS };
        let speech = &self.language.speech;
        let (mut words, mut letters) = (0, 0);
        let mut at = 0;
        for word in self.pending.split_inclusive(char::is_whitespace) {
            at += word.len();
            let ends_line = word.ends_with('\n');
            let word = word.strip_suffix(char::is_whitespace)?;
            words += usize::from(is_speakable(word, self.language));
            letters += word.chars().map(|c| if c.is_numeric() { 5 } else { 1 }).sum::<usize>();
            let clause = !self.started && words >= FIRST_CLAUSE_WORDS && word.ends_with([',', ';', ':']);
            let is_long = words >= most || letters >= MAX_LETTERS;
            if words == 0 || word.is_empty() {
                continue;
            }
            if !is_long && !clause && !ends_sentence(word, &self.language.writing) {
                continue;
            }
            let too_long = words >= most + MORE_WORDS || letters >= MAX_LETTERS + MORE_LETTERS;
            if too_long || ends_line || !may_join(word, speech) {
                return Some(at);
            }
            // Only the next word tells, once it is whole.
            let rest = self.pending.get(at..).unwrap_or_default().trim_start();
            let (next, _) = rest.split_once(char::is_whitespace)?;
            if !joins(word, next, speech) {
                return Some(at);
            }
        }
        None
    }
}

fn ends_sentence(word: &str, writing: &Writing) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '’', '*']);
    if bare.ends_with(['!', '?', '…']) {
        return true;
    }
    let Some(before) = bare.strip_suffix('.') else { return false };
    // "J." in a name and "1." in a list end no sentence.
    let single = before.chars().count() == 1 && before != writing.one_letter_word;
    !single && !writing.abbreviations.contains(&bare.to_lowercase().as_str())
}

/// Pauses of read speech: about a quarter of a second between sentences, half of that at a comma.
fn pause_after(text: &str) -> Duration {
    let ms = match text.trim_end_matches(['"', '\'', ')', '’']).chars().last() {
        Some('.' | '!' | '?' | '…') => 220,
        Some(',' | ';' | ':') => 120,
        _ => 40,
    };
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of `text` when it comes letter by letter.
    fn pieces(text: &str) -> Vec<String> {
        let mut chunker = Chunker::default();
        let mut out: Vec<Piece> = text.chars().flat_map(|c| chunker.push(&c.to_string())).collect();
        out.extend(chunker.finish());
        out.into_iter().map(|p| p.text).collect()
    }

    #[test]
    fn the_first_piece_is_a_clause_and_the_later_ones_are_sentences() {
        assert_eq!(
            pieces("Yes, we do, gladly. It is ninety dollars, or less. Okay?"),
            ["Yes, we do,", "gladly.", "It is ninety dollars, or less.", "Okay?"]
        );
    }

    #[test]
    fn numbers_abbreviations_and_initials_are_never_cut() {
        assert_eq!(
            pieces("It costs 3.50 with Dr. J. Taylor at 9 a.m. tomorrow. Good?"),
            ["It costs 3.50 with Dr. J. Taylor at 9 a.m. tomorrow.", "Good?"]
        );
    }

    #[test]
    fn a_sentence_without_an_end_is_cut_at_a_word() {
        let long = "word ".repeat(100);
        let got = pieces(&long);
        assert_eq!(got[0].split(' ').count(), FIRST_MAX_WORDS);
        assert_eq!(got[1].split(' ').count(), MAX_WORDS);
        assert_eq!(got.iter().map(|p| p.split(' ').count()).sum::<usize>(), 100);
    }

    #[test]
    fn a_word_without_an_end_does_not_fill_the_memory() {
        let mut chunker = Chunker::default();
        for _ in 0..10_000 {
            chunker.push("x");
            assert!(chunker.pending.len() <= MAX_WORD_BYTES + 1);
        }
    }

    /// Fault: 500 nines in a greeting took three seconds of the only voice, and a reply without spaces
    /// never ended.
    #[test]
    fn of_a_word_without_an_end_the_voice_gets_the_beginning() {
        let nines = "9".repeat(500);
        let mut at_once = Chunker::default();
        let mut got: Vec<Piece> = at_once.push(&format!("Call {nines} now.")).into_iter().collect();
        got.extend(at_once.finish());
        let texts: Vec<String> = got.into_iter().map(|piece| piece.text).collect();
        assert_eq!(texts.join(" "), format!("Call {} now.", "9".repeat(MAX_WORD_BYTES)));
        assert_eq!(pieces(&nines), ["9".repeat(MAX_WORD_BYTES)]);
    }

    #[test]
    fn nothing_is_cut_that_is_spoken_as_one_thing() {
        assert_eq!(
            pieces("It is on Nov. 3, 2026, at 10. We are open."),
            ["It is on Nov. 3, 2026,", "at 10.", "We are open."]
        );
        assert_eq!(
            pieces("Ask for No. 5 there. No. We do not."),
            ["Ask for No. 5 there.", "No.", "We do not."]
        );
        let number = "You can reach us by telephone at the number (555) 123-4567 tomorrow morning";
        assert_eq!(
            pieces(number),
            ["You can reach us by telephone at the number (555) 123-4567", "tomorrow morning"]
        );
    }

    #[test]
    fn a_sentence_leaves_without_the_next_word_unless_that_may_belong_to_it() {
        let after = |text: &str| Chunker::default().push(text).len();
        assert_eq!(after("It is ninety. "), 1);
        assert_eq!(after("It is $90. "), 1);
        assert_eq!(after("It opens at 9 a.m. "), 0);
        assert_eq!(after("It opens on Nov. 3, "), 0);
    }

    #[test]
    fn what_never_ends_is_cut_all_the_same() {
        let numbers = "5 ".repeat(300);
        let names = "Anna ".repeat(300);
        for got in [pieces(&numbers), pieces(&names)] {
            assert!(got.iter().all(|piece| piece.split(' ').count() <= MAX_WORDS + MORE_WORDS), "{got:?}");
            assert_eq!(got.iter().map(|piece| piece.split(' ').count()).sum::<usize>(), 300);
        }
    }

    #[test]
    fn silence_is_no_piece() {
        assert!(pieces(" \n ... ** ").is_empty());
    }
}
