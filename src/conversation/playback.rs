//! The ledger of what was sent and what was heard. A mark's return says that a piece was played;
//! between marks the clock tells. Never touches audio.

use std::time::Duration;

use crate::engine::WordTime;
use crate::ids::{ChunkId, MarkId};
use crate::units::CallTime;

/// One piece of a reply on its way to the ear.
#[derive(Debug, Clone)]
struct Piece {
    chunk: ChunkId,
    text: String,
    /// The pause before it.
    silence: Duration,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Given to the synthesiser.
    Asked,
    /// Synthesised and queued for sending.
    Queued { mark: MarkId, duration: Duration, words: Vec<WordTime>, started: Option<CallTime> },
    /// Heard to its end, or never to be heard.
    Over { heard: bool },
}

/// The pieces of one reply, in the order of speaking.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pieces: Vec<Piece>,
}

impl Ledger {
    /// A piece is being synthesised; `silence` is the pause before it.
    pub fn asked(&mut self, chunk: ChunkId, text: &str, silence: Duration) {
        self.pieces.push(Piece { chunk, text: text.to_owned(), silence, state: State::Asked });
    }

    /// The pause before `chunk`, if it is one of these and waits for its audio.
    #[must_use]
    pub fn expects(&self, chunk: ChunkId) -> Option<Duration> {
        let piece = self.pieces.iter().find(|p| p.chunk == chunk)?;
        matches!(piece.state, State::Asked).then_some(piece.silence)
    }

    /// A piece was synthesised and queued for sending.
    pub fn queued(&mut self, chunk: ChunkId, mark: MarkId, duration: Duration, words: Vec<WordTime>) {
        self.update(chunk, State::Queued { mark, duration, words, started: None });
    }

    /// A piece will never be heard.
    pub fn lost(&mut self, chunk: ChunkId) {
        self.update(chunk, State::Over { heard: false });
    }

    /// The first audible sample of `chunk` left at `now`. True if it is the first of the reply.
    pub fn started(&mut self, chunk: ChunkId, now: CallTime) -> bool {
        let first = !self.anything_sent();
        for piece in self.pieces.iter_mut().filter(|p| p.chunk == chunk) {
            if let State::Queued { started, .. } = &mut piece.state {
                started.get_or_insert(now);
            }
        }
        first && self.anything_sent()
    }

    /// The gateway sent `mark` back: everything up to it was played.
    pub fn played(&mut self, mark: MarkId) {
        let at =
            self.pieces.iter().position(|p| matches!(p.state, State::Queued { mark: m, .. } if m == mark));
        let Some(at) = at else { return };
        for piece in &mut self.pieces[..=at] {
            if matches!(piece.state, State::Queued { .. }) {
                piece.state = State::Over { heard: true };
            }
        }
    }

    /// True if a sound of it has left.
    #[must_use]
    pub fn anything_sent(&self) -> bool {
        self.pieces.iter().any(|p| match &p.state {
            State::Asked => false,
            State::Queued { started, .. } => started.is_some(),
            State::Over { heard } => *heard,
        })
    }

    /// True if nothing is left to synthesise or to play.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.pieces.iter().all(|p| matches!(p.state, State::Over { .. }))
    }

    /// True if there is no piece at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// When the last queued sound will have been played, if the gateway plays without delay.
    #[must_use]
    pub fn plays_until(&self, now: CallTime) -> CallTime {
        self.schedule().last().map_or(now, |&(_, _, end)| end.max(now))
    }

    /// The words that were heard by `now`: whole pieces whose mark came back, and of the one that
    /// is playing the words that were over. A word cut in the middle was not heard.
    #[must_use]
    pub fn heard_text(&self, now: CallTime) -> String {
        let mut heard: Vec<&str> = self
            .pieces
            .iter()
            .filter(|p| matches!(p.state, State::Over { heard: true }))
            .map(|p| p.text.as_str())
            .collect();
        for (piece, start, end) in self.schedule() {
            heard.push(if end <= now { &piece.text } else { words_by(piece, now - start) });
        }
        heard.retain(|text| !text.is_empty());
        heard.join(" ")
    }

    /// Everything that was to be said.
    #[must_use]
    pub fn whole_text(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The pieces that are being played or will be, with the times at which they start and end: a
    /// piece starts when it left, or when the one before it is over, whichever is later.
    fn schedule(&self) -> Vec<(&Piece, CallTime, CallTime)> {
        let mut free_at = CallTime::ZERO;
        let mut times = Vec::new();
        for piece in &self.pieces {
            if let State::Queued { duration, started: Some(started), .. } = &piece.state {
                let start = if times.is_empty() { *started } else { (*started).max(free_at + piece.silence) };
                free_at = start + *duration;
                times.push((piece, start, free_at));
            }
        }
        times
    }

    fn update(&mut self, chunk: ChunkId, state: State) {
        for piece in self.pieces.iter_mut().filter(|p| p.chunk == chunk) {
            piece.state = state.clone();
        }
    }
}

/// The part of `piece` that was over after `played`, cut at a word. Without word times the words
/// are taken to be spread evenly over the letters.
fn words_by(piece: &Piece, played: Duration) -> &str {
    let State::Queued { words, duration, .. } = &piece.state else { return "" };
    let whole = piece.text.split_whitespace().count();
    let heard = if words.len() == whole {
        words.iter().take_while(|word| word.end <= played).count()
    } else {
        let share = played.as_secs_f64() / duration.as_secs_f64().max(1e-6);
        let letters = (share * piece.text.len() as f64) as usize;
        piece.text.match_indices(' ').take_while(|(at, _)| *at <= letters).count()
    };
    cut_at_word(&piece.text, heard)
}

/// The first `words` words of a text whose words stand one space apart.
fn cut_at_word(text: &str, words: usize) -> &str {
    match words.checked_sub(1) {
        None => "",
        Some(last) => text.match_indices(' ').nth(last).map_or(text, |(at, _)| &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    fn playing() -> Ledger {
        let words = |ends: &[u64]| ends.iter().map(|&e| WordTime { word: "w".into(), end: MS(e) }).collect();
        let mut ledger = Ledger::default();
        ledger.asked(ChunkId(1), "We open at nine.", MS(0));
        ledger.asked(ChunkId(2), "Anything else?", MS(100));
        ledger.queued(ChunkId(1), MarkId(1), MS(1000), words(&[200, 500, 700, 1000]));
        ledger.queued(ChunkId(2), MarkId(2), MS(800), words(&[400, 800]));
        assert!(ledger.started(ChunkId(1), AT(5000)));
        assert!(!ledger.started(ChunkId(2), AT(5900)));
        ledger
    }

    #[test]
    fn a_word_cut_in_the_middle_was_not_heard() {
        let ledger = playing();
        assert_eq!(ledger.heard_text(AT(5100)), "");
        assert_eq!(ledger.heard_text(AT(5699)), "We open");
        assert_eq!(ledger.heard_text(AT(5700)), "We open at");
    }

    #[test]
    fn a_piece_sent_ahead_is_heard_after_the_one_before_it() {
        let ledger = playing();
        // The second left at 5,900 but plays from 6,100 (the first ends at 6,000, and 100 ms of silence).
        assert_eq!(ledger.heard_text(AT(6400)), "We open at nine.");
        assert_eq!(ledger.heard_text(AT(6500)), "We open at nine. Anything");
        assert_eq!(ledger.plays_until(AT(5000)), AT(6900));
    }

    #[test]
    fn a_mark_says_that_all_before_it_was_heard() {
        let mut ledger = playing();
        ledger.played(MarkId(2));
        assert!(ledger.is_over());
        assert_eq!(ledger.heard_text(AT(5001)), "We open at nine. Anything else?");
    }

    #[test]
    fn a_mark_nobody_sent_changes_nothing() {
        let mut ledger = playing();
        ledger.played(MarkId(9));
        assert_eq!(ledger.heard_text(AT(5700)), "We open at");
    }

    #[test]
    fn without_word_times_the_cut_is_estimated() {
        let mut ledger = Ledger::default();
        ledger.asked(ChunkId(1), "one two three four", MS(0));
        ledger.queued(ChunkId(1), MarkId(1), MS(1800), Vec::new());
        ledger.started(ChunkId(1), AT(0));
        assert_eq!(ledger.heard_text(AT(800)), "one two");
        assert_eq!(ledger.heard_text(AT(10)), "");
    }
}
