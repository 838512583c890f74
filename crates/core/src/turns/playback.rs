//! The ledger of what was sent and what was heard. A mark's return says that a piece was played;
//! between marks the clock tells. Never touches audio.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::word_timing::Sound;
use crate::dialogue::WordTime;
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

    /// True if there were pieces, and nothing of them was heard or ever will be.
    #[must_use]
    pub fn is_all_lost(&self) -> bool {
        !self.pieces.is_empty()
            && self.pieces.iter().all(|piece| matches!(piece.state, State::Over { heard: false }))
    }

    /// True if `chunk` is a part of the answer, and no filler.
    #[must_use]
    pub fn is_of_the_answer(&self, chunk: ChunkId) -> bool {
        self.pieces.iter().any(|piece| piece.chunk == chunk && !piece.filler)
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

    /// True if there is nothing but fillers.
    #[must_use]
    pub fn is_without_answer(&self) -> bool {
        self.pieces.iter().all(|p| p.filler)
    }

    /// The answer as it will have been heard if nobody cuts in.
    #[must_use]
    pub fn whole_answer(&self) -> String {
        let mut answer = String::new();
        for piece in
            self.pieces.iter().filter(|p| !p.filler && !matches!(p.state, State::Over { heard: false }))
        {
            join(&mut answer, &piece.text);
        }
        answer
    }

    /// True if the synthesiser has not brought all of it.
    #[must_use]
    pub fn awaits_sound(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p.state, State::Asked))
    }

    /// The synthesis was cancelled: what it has not brought, it never will.
    pub fn abandon(&mut self) {
        for piece in self.pieces.iter_mut().filter(|p| matches!(p.state, State::Asked)) {
            piece.state = State::Over { heard: false };
        }
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
