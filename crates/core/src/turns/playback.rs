//! The ledger of the chunks that were sent and heard. A returned mark says that a chunk was played; between
//! marks the clock decides. Never touches audio.

mod piece;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::piece::{Piece, State};
use super::heard::{Heard, join};
use super::word_timing::Sound;
use crate::dialogue::WordTime;
use crate::ids::{ChunkId, MarkId};
use crate::units::CallTime;

/// A chunk that is due to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub chunk: ChunkId,
    /// The pause before it.
    pub silence: Duration,
    /// Where to begin in its audio.
    pub from: Duration,
}

/// The chunks of one reply, in the order of speaking.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pieces: Vec<Piece>,
}

impl Ledger {
    /// `chunk` is being synthesised; `silence` is the pause before it.
    pub fn asked(&mut self, chunk: ChunkId, text: &str, silence: Duration) {
        self.pieces.push(Piece::new(chunk, text, silence, false));
    }

    /// A filler is being synthesised, to be heard before everything else: nothing was sent yet.
    pub fn fill(&mut self, chunk: ChunkId, text: &str) {
        self.pieces.insert(0, Piece::new(chunk, text, Duration::ZERO, true));
    }

    /// True if `chunk` is in this ledger and waits for its audio, or for more of it.
    #[must_use]
    pub fn expects(&self, chunk: ChunkId) -> bool {
        self.pieces.iter().any(|p| p.chunk == chunk && p.awaits_sound())
    }

    /// The text of `chunk`, if it is in this ledger and nothing of its audio has come.
    #[must_use]
    pub fn text_without_sound(&self, chunk: ChunkId) -> Option<&str> {
        let piece = self.pieces.iter().find(|p| p.chunk == chunk)?;
        matches!(piece.state, State::Asked).then_some(piece.text.as_str())
    }

    /// `chunk` was synthesised; if `more` is to come, this is its beginning. Word times that do not fit its
    /// text are replaced by a guess.
    pub fn ready(&mut self, chunk: ChunkId, duration: Duration, words: &[WordTime], more: bool) {
        if self.is_of_the_answer(chunk) {
            // The answer is here before its filler.
            let late = |p: &&mut Piece| p.filler && matches!(p.state, State::Asked);
            self.pieces.iter_mut().filter(late).for_each(Piece::ends_here);
        }
        let Some(piece) = self.pieces.iter_mut().find(|p| p.chunk == chunk) else { return };
        piece.lasts = duration;
        let longer = Sound::new(&piece.text, duration, words, more);
        match &mut piece.state {
            State::Asked => piece.state = State::Ready { sound: longer, from: Duration::ZERO },
            State::Ready { sound, .. } | State::Queued { sound, .. } => *sound = longer,
            State::Over { .. } => {}
        }
    }

    /// No more audio of `chunk` will come: the rest of its text is never heard.
    pub fn ends_here(&mut self, chunk: ChunkId) {
        self.pieces.iter_mut().filter(|p| p.chunk == chunk).for_each(Piece::ends_here);
    }

    /// The playback of `chunk` stood still for this long.
    pub fn stalled(&mut self, chunk: ChunkId, lasting: Duration) {
        for piece in self.pieces.iter_mut().filter(|p| p.chunk == chunk) {
            if let State::Queued { started: Some(started), .. } = &mut piece.state {
                *started += lasting;
            }
        }
    }

    /// The chunks that are held back, as long as all audio of the chunks before them has come.
    #[must_use]
    pub fn due(&self) -> Vec<Due> {
        let waits = self.pieces.iter().position(Piece::awaits_sound);
        // The beginning of a chunk need not wait for its end.
        let known = waits.map_or(self.pieces.len(), |at| at + 1);
        let ready = self.pieces[..known].iter().filter_map(|piece| match piece.state {
            State::Ready { from, .. } => {
                let silence = if from.is_zero() { piece.silence } else { Duration::ZERO };
                Some(Due { chunk: piece.chunk, silence, from })
            }
            State::Asked | State::Queued { .. } | State::Over { .. } => None,
        });
        ready.collect()
    }

    /// A chunk that was held back is queued for the gateway, with `mark` after it.
    pub fn queued(&mut self, chunk: ChunkId, mark: MarkId) {
        if let Some(piece) = self.pieces.iter_mut().find(|p| p.chunk == chunk)
            && let State::Ready { sound, from } = &piece.state
        {
            piece.state = State::Queued { sound: sound.clone(), from: *from, mark, started: None };
        }
    }

    /// The number of the answer's chunks, if all of them are lost: none was heard or ever will be.
    #[must_use]
    pub fn lost_chunks(&self) -> usize {
        let mut answer = self.pieces.iter().filter(|piece| !piece.filler);
        let lost = answer.clone().count();
        if answer.all(|piece| matches!(piece.state, State::Over { heard: false })) { lost } else { 0 }
    }

    /// True if nothing of the answer was sent, because a chunk whose sound has not begun keeps it waiting.
    #[must_use]
    pub fn awaits_first_sound(&self) -> bool {
        let is_asked = |piece: &Piece| matches!(piece.state, State::Asked);
        let is_unsent = |piece: &Piece| match &piece.state {
            State::Asked | State::Over { heard: false } => true,
            State::Ready { from, .. } => from.is_zero(),
            State::Queued { .. } | State::Over { heard: true } => false,
        };
        let in_the_way = |p: &&Piece| !matches!(p.state, State::Over { .. }) && (!p.filler || is_asked(p));
        let unsent = self.pieces.iter().filter(|piece| !piece.filler).all(is_unsent);
        unsent && !self.is_without_answer() && self.pieces.iter().find(in_the_way).is_some_and(is_asked)
    }

    /// [`Self::awaits_first_sound`], and no filler bridges the wait.
    #[must_use]
    pub fn awaits_first_sound_unfilled(&self) -> bool {
        self.awaits_first_sound() && !self.pieces.iter().any(|piece| piece.filler)
    }

    /// True if nothing sounds at `at`, because the next sound is still being synthesised.
    #[must_use]
    pub fn stands_still(&self, at: CallTime) -> bool {
        let begins = |p: &Piece| matches!(p.state, State::Queued { started: None, .. });
        let sounds = self.pieces.iter().any(begins) || self.plays_until(at) > at;
        self.awaits_sound() && !sounds && self.due().is_empty()
    }

    /// What was not sent never will be.
    pub fn drop_unsent(&mut self) {
        for piece in &mut self.pieces {
            piece.ends_here();
            if matches!(piece.state, State::Ready { from, .. } if from.is_zero()) {
                piece.state = State::Over { heard: false };
            }
        }
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

    /// The gateway returned `mark`: everything before it was played. Returns the time at which the mark was
    /// expected, or `None` if its chunk is over or was held back.
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

    /// Playback stops: chunks that were not over by `now` are held back, the playing one from the beginning
    /// of the word that was cut. Marks on their way mean nothing any more.
    pub fn hold(&mut self, now: CallTime) {
        let playing: Vec<(ChunkId, CallTime, CallTime)> =
            self.schedule().into_iter().map(|(piece, start, end)| (piece.chunk, start, end)).collect();
        for piece in &mut self.pieces {
            let State::Queued { sound, from, .. } = &piece.state else { continue };
            let times = playing.iter().find(|(chunk, ..)| *chunk == piece.chunk);
            piece.state = match times {
                Some((_, _, end)) if *end <= now && !sound.grows => State::Over { heard: true },
                Some((_, start, _)) => {
                    let from = sound.word_at(*from + (now - *start)).max(*from);
                    State::Ready { sound: sound.clone(), from }
                }
                None => State::Ready { sound: sound.clone(), from: *from },
            };
        }
    }

    /// The caller heard no more than the first `lasting` of the reply, of which the rest is held back.
    pub fn heard_no_more_than(&mut self, lasting: Duration) {
        let mut left = lasting;
        for piece in &mut self.pieces {
            left = left.saturating_sub(piece.silence);
            if let State::Ready { sound, from } = &mut piece.state {
                *from = sound.word_at(left).min(*from);
            }
            left = left.saturating_sub(piece.lasts);
        }
    }

    /// True if any sound of the reply has left.
    #[must_use]
    pub fn anything_sent(&self) -> bool {
        self.pieces.iter().any(|p| match &p.state {
            State::Asked => false,
            State::Ready { from, .. } => !from.is_zero(),
            State::Queued { started, .. } => started.is_some(),
            State::Over { heard } => *heard,
        })
    }

    /// True if a chunk is queued for the gateway and not over.
    #[must_use]
    pub fn anything_queued(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p.state, State::Queued { .. }))
    }

    /// True if some of the reply will be heard after `at`.
    #[must_use]
    pub fn lasts_beyond(&self, at: CallTime) -> bool {
        let waits = |p: &Piece| match &p.state {
            State::Asked | State::Ready { .. } => true,
            State::Queued { started, sound, .. } => started.is_none() || sound.grows,
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

    /// The answer as it will have been heard if nobody interrupts.
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

    /// True if the synthesiser has not brought all audio of every chunk.
    #[must_use]
    pub fn awaits_sound(&self) -> bool {
        self.pieces.iter().any(Piece::awaits_sound)
    }

    /// The synthesis was cancelled: audio that has not come will never be heard.
    pub fn abandon(&mut self) {
        self.pieces.iter_mut().for_each(Piece::ends_here);
    }

    /// True if there is no chunk at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// When the last queued sound will have been played, if the gateway plays without delay.
    #[must_use]
    pub fn plays_until(&self, now: CallTime) -> CallTime {
        self.schedule().last().map_or(now, |&(_, _, end)| end.max(now))
    }

    /// The length of the audio that was synthesised and not played.
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

    /// The words heard by `now`: whole chunks whose mark came back, and the finished words of the chunk
    /// that is playing or was cut. A word cut in the middle was not heard.
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
                        Some((_, _, end)) if *end <= now && !sound.grows => (piece.text.as_str(), false),
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

    /// The chunks that are being played or will be, with their start and end times: a chunk starts when it
    /// left, or when the chunk and the pause before it are over, whichever is later.
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
