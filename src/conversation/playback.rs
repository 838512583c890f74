//! The ledger of what was sent and what was heard. A mark's return says that a piece was played;
//! between marks the clock tells. Never touches audio.

use std::time::Duration;

use super::sound::Sound;
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
    /// Said to bridge a wait: heard, but no part of what the agent answered.
    filler: bool,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Given to the synthesiser.
    Asked,
    /// Synthesised and held back; what lies before `from` was heard.
    Ready { sound: Sound, from: Duration },
    /// Given to the line from `from` on.
    Queued { sound: Sound, from: Duration, mark: MarkId, started: Option<CallTime> },
    /// Heard to its end, or never to be heard.
    Over { heard: bool },
}

/// What the caller heard of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// The words, fillers and all.
    pub text: String,
    /// Those of them that the agent answered.
    pub answer: String,
    /// Where it ends is a guess, for the voice did not tell when its words end.
    pub estimated: bool,
}

/// A piece to be given to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub chunk: ChunkId,
    /// The pause before it.
    pub silence: Duration,
    /// Where in its audio to begin.
    pub from: Duration,
}

/// The pieces of one reply, in the order of speaking.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pieces: Vec<Piece>,
}

impl Ledger {
    /// A piece is being synthesised; `silence` is the pause before it.
    pub fn asked(&mut self, chunk: ChunkId, text: &str, silence: Duration, filler: bool) {
        self.pieces.push(Piece { chunk, text: text.to_owned(), silence, filler, state: State::Asked });
    }

    /// The text of `chunk`, if it is one of these and waits for its audio.
    #[must_use]
    pub fn expects(&self, chunk: ChunkId) -> Option<&str> {
        let piece = self.pieces.iter().find(|p| p.chunk == chunk)?;
        matches!(piece.state, State::Asked).then_some(piece.text.as_str())
    }

    /// A piece was synthesised. Word times that do not fit its text are replaced by a guess.
    pub fn ready(&mut self, chunk: ChunkId, duration: Duration, words: &[WordTime]) {
        if let Some(piece) = self.pieces.iter_mut().find(|p| p.chunk == chunk) {
            let sound = Sound::new(&piece.text, duration, words);
            piece.state = State::Ready { sound, from: Duration::ZERO };
        }
    }

    /// The pieces that are held back and have nothing before them that is still to come.
    #[must_use]
    pub fn due(&self) -> Vec<Due> {
        let pieces = self.pieces.iter().take_while(|p| !matches!(p.state, State::Asked));
        let ready = pieces.filter_map(|piece| match piece.state {
            State::Ready { from, .. } => {
                let silence = if from.is_zero() { piece.silence } else { Duration::ZERO };
                Some(Due { chunk: piece.chunk, silence, from })
            }
            State::Asked | State::Queued { .. } | State::Over { .. } => None,
        });
        ready.collect()
    }

    /// A piece that was held back goes to the line, with `mark` behind it.
    pub fn queued(&mut self, chunk: ChunkId, mark: MarkId) {
        if let Some(piece) = self.pieces.iter_mut().find(|p| p.chunk == chunk)
            && let State::Ready { sound, from } = &piece.state
        {
            piece.state = State::Queued { sound: sound.clone(), from: *from, mark, started: None };
        }
    }

    /// A piece will never be heard.
    pub fn lost(&mut self, chunk: ChunkId) {
        if let Some(piece) = self.pieces.iter_mut().find(|p| p.chunk == chunk) {
            piece.state = State::Over { heard: false };
        }
    }

    /// The first audible sample of `chunk` is played at `plays_at`. True if it is the first of the reply.
    pub fn started(&mut self, chunk: ChunkId, plays_at: CallTime) -> bool {
        let first = !self.anything_sent();
        for piece in self.pieces.iter_mut().filter(|p| p.chunk == chunk) {
            if let State::Queued { started, .. } = &mut piece.state {
                started.get_or_insert(plays_at);
            }
        }
        first && self.anything_sent()
    }

    /// The gateway sent `mark` back: everything up to it was played. Gives the moment at which that was
    /// expected, nothing if the mark is of a piece that is over or was taken back.
    pub fn played(&mut self, mark: MarkId) -> Option<CallTime> {
        let of_mark = |p: &Piece| matches!(p.state, State::Queued { mark: m, .. } if m == mark);
        let at = self.pieces.iter().position(of_mark)?;
        let chunk = self.pieces[at].chunk;
        let expected = self.schedule().into_iter().find(|(p, ..)| p.chunk == chunk).map(|(_, _, end)| end);
        for piece in &mut self.pieces[..=at] {
            if matches!(piece.state, State::Queued { .. }) {
                piece.state = State::Over { heard: true };
            }
        }
        expected
    }

    /// Nothing more is played: what was not over by `now` is held back, the piece that was playing from
    /// the beginning of the word that was cut. Marks on their way mean nothing any more.
    pub fn hold(&mut self, now: CallTime) {
        let playing: Vec<(ChunkId, CallTime, CallTime)> =
            self.schedule().into_iter().map(|(piece, start, end)| (piece.chunk, start, end)).collect();
        for piece in &mut self.pieces {
            let State::Queued { sound, from, .. } = &piece.state else { continue };
            let times = playing.iter().find(|(chunk, ..)| *chunk == piece.chunk);
            piece.state = match times {
                Some((_, _, end)) if *end <= now => State::Over { heard: true },
                Some((_, start, _)) => {
                    let from = sound.word_at(*from + (now - *start)).max(*from);
                    State::Ready { sound: sound.clone(), from }
                }
                None => State::Ready { sound: sound.clone(), from: *from },
            };
        }
    }

    /// True if a sound of it has left.
    #[must_use]
    pub fn anything_sent(&self) -> bool {
        self.pieces.iter().any(|p| match &p.state {
            State::Asked => false,
            State::Ready { from, .. } => !from.is_zero(),
            State::Queued { started, .. } => started.is_some(),
            State::Over { heard } => *heard,
        })
    }

    /// True if something was given to the line and is not over.
    #[must_use]
    pub fn anything_queued(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p.state, State::Queued { .. }))
    }

    /// True if something of it will be heard after `at`.
    #[must_use]
    pub fn lasts_beyond(&self, at: CallTime) -> bool {
        let waits = |p: &Piece| match &p.state {
            State::Asked | State::Ready { .. } => true,
            State::Queued { started, .. } => started.is_none(),
            State::Over { .. } => false,
        };
        self.pieces.iter().any(waits) || self.plays_until(at) > at
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

    /// Audio that was synthesised and not played by `now`.
    #[must_use]
    pub fn unplayed(&self) -> Duration {
        let rest = |p: &Piece| match &p.state {
            State::Ready { sound, from } | State::Queued { sound, from, .. } => {
                sound.duration.saturating_sub(*from)
            }
            State::Asked | State::Over { .. } => Duration::ZERO,
        };
        self.pieces.iter().map(rest).sum()
    }

    /// The words that were heard by `now`: whole pieces whose mark came back, and of the one that
    /// is playing, or was cut, the words that were over. A word cut in the middle was not heard.
    #[must_use]
    pub fn heard(&self, now: CallTime) -> Heard {
        let playing = self.schedule();
        let mut heard = Heard::default();
        for piece in &self.pieces {
            let (words, estimated) = match &piece.state {
                State::Over { heard: true } => (piece.text.as_str(), false),
                State::Over { heard: false } | State::Asked => continue,
                State::Ready { sound, from } => (sound.beginning(&piece.text, *from), sound.estimated),
                State::Queued { sound, from, .. } => {
                    let times = playing.iter().find(|(playing, ..)| playing.chunk == piece.chunk);
                    match times {
                        None => (sound.beginning(&piece.text, *from), sound.estimated),
                        Some((_, _, end)) if *end <= now => (piece.text.as_str(), false),
                        Some((_, start, _)) => {
                            (sound.beginning(&piece.text, *from + (now - *start)), sound.estimated)
                        }
                    }
                }
            };
            if words.is_empty() {
                continue;
            }
            join(&mut heard.text, words);
            if !piece.filler {
                join(&mut heard.answer, words);
            }
            heard.estimated = estimated && words.len() < piece.text.len();
        }
        heard
    }

    /// The pieces that are being played or will be, with the times at which they start and end: a
    /// piece starts when it left, or when the one before it is over, whichever is later.
    fn schedule(&self) -> Vec<(&Piece, CallTime, CallTime)> {
        let mut free_at = CallTime::ZERO;
        let mut times = Vec::new();
        for piece in &self.pieces {
            if let State::Queued { sound, from, started: Some(started), .. } = &piece.state {
                let start = if times.is_empty() { *started } else { (*started).max(free_at + piece.silence) };
                free_at = start + sound.duration.saturating_sub(*from);
                times.push((piece, start, free_at));
            }
        }
        times
    }
}

fn join(line: &mut String, words: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    fn words(ends: &[u64]) -> Vec<WordTime> {
        ends.iter().map(|&e| WordTime { word: "w".into(), end: MS(e) }).collect()
    }

    /// Two pieces; the first plays from 5,000 to 6,000, the second 100 ms later.
    fn playing() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.asked(ChunkId(1), "We open at nine.", MS(0), false);
        ledger.asked(ChunkId(2), "Anything else?", MS(100), false);
        ledger.ready(ChunkId(1), MS(1000), &words(&[200, 500, 700, 1000]));
        ledger.ready(ChunkId(2), MS(800), &words(&[400, 800]));
        ledger.queued(ChunkId(1), MarkId(1));
        ledger.queued(ChunkId(2), MarkId(2));
        assert!(ledger.started(ChunkId(1), AT(5000)));
        assert!(!ledger.started(ChunkId(2), AT(5900)));
        ledger
    }

    fn heard(ledger: &Ledger, at: u64) -> String {
        ledger.heard(AT(at)).text
    }

    #[test]
    fn a_word_cut_in_the_middle_was_not_heard() {
        let ledger = playing();
        assert_eq!(heard(&ledger, 5100), "");
        assert_eq!(heard(&ledger, 5699), "We open");
        assert_eq!(heard(&ledger, 5700), "We open at");
    }

    #[test]
    fn a_piece_sent_ahead_is_heard_after_the_one_before_it() {
        let ledger = playing();
        // The second left at 5,900 but plays from 6,100 (the first ends at 6,000, and 100 ms of silence).
        assert_eq!(heard(&ledger, 6400), "We open at nine.");
        assert_eq!(heard(&ledger, 6500), "We open at nine. Anything");
        assert_eq!(ledger.plays_until(AT(5000)), AT(6900));
    }

    #[test]
    fn a_mark_says_that_all_before_it_was_heard_and_when_that_was_expected() {
        let mut ledger = playing();
        assert_eq!(ledger.played(MarkId(2)), Some(AT(6900)));
        assert!(ledger.is_over());
        assert_eq!(heard(&ledger, 5001), "We open at nine. Anything else?");
    }

    #[test]
    fn a_mark_nobody_sent_changes_nothing() {
        let mut ledger = playing();
        assert_eq!(ledger.played(MarkId(9)), None);
        assert_eq!(heard(&ledger, 5700), "We open at");
    }

    #[test]
    fn what_is_held_back_goes_on_from_the_word_that_was_cut() {
        let mut ledger = playing();
        ledger.hold(AT(5600));
        assert_eq!(heard(&ledger, 9000), "We open");
        let due = ledger.due();
        assert_eq!(due[0], Due { chunk: ChunkId(1), silence: MS(0), from: MS(500) });
        assert_eq!(due[1], Due { chunk: ChunkId(2), silence: MS(100), from: MS(0) });
        // Marks of before the pause, which gateways send back with a clear, are of no piece any more.
        assert_eq!(ledger.played(MarkId(1)), None);
        ledger.queued(ChunkId(1), MarkId(3));
        ledger.started(ChunkId(1), AT(9000));
        assert_eq!(heard(&ledger, 9199), "We open");
        assert_eq!(heard(&ledger, 9200), "We open at");
        assert_eq!(ledger.played(MarkId(3)), Some(AT(9500)));
    }

    #[test]
    fn a_piece_that_was_over_when_the_agent_paused_is_not_said_again() {
        let mut ledger = playing();
        ledger.hold(AT(6050));
        assert_eq!(heard(&ledger, 6050), "We open at nine.");
        assert_eq!(ledger.due().len(), 1);
    }

    #[test]
    fn a_piece_waits_for_the_one_before_it() {
        let mut ledger = Ledger::default();
        ledger.asked(ChunkId(1), "One.", MS(0), false);
        ledger.asked(ChunkId(2), "Two.", MS(0), false);
        ledger.ready(ChunkId(2), MS(300), &[]);
        assert!(ledger.due().is_empty());
        ledger.lost(ChunkId(1));
        assert_eq!(ledger.due()[0].chunk, ChunkId(2));
        assert_eq!(ledger.unplayed(), MS(300));
    }

    #[test]
    fn without_word_times_the_cut_is_estimated_and_marked_so() {
        let mut ledger = Ledger::default();
        ledger.asked(ChunkId(1), "one two three four", MS(0), false);
        ledger.ready(ChunkId(1), MS(1800), &[]);
        ledger.queued(ChunkId(1), MarkId(1));
        ledger.started(ChunkId(1), AT(0));
        let cut = ledger.heard(AT(800));
        assert_eq!((cut.text.as_str(), cut.estimated), ("one two", true));
        assert_eq!(heard(&ledger, 10), "");
        assert!(!ledger.heard(AT(1800)).estimated);
    }

    #[test]
    fn a_filler_is_heard_but_is_no_part_of_the_answer() {
        let mut ledger = playing();
        ledger.pieces[0].filler = true;
        let heard = ledger.heard(AT(6500));
        assert_eq!((heard.text.as_str(), heard.answer.as_str()), ("We open at nine. Anything", "Anything"));
    }
}
