//! The agent's half of the conversation: from the first token to the last mark. Must not know how the
//! caller's words came about.

use std::time::Duration;

use super::chunker::Piece;
use super::latency::Milestones;
use super::reply::Reply;
use super::timers::Timer;
use super::{Action, Conversation};
use crate::engine::WordTime;
use crate::ids::{ChunkId, MarkId, TurnId};
use crate::units::CallTime;

/// A gateway that echoes marks does so within the way to the ear and back; after this much longer
/// than the audio lasts, what was sent is taken to have been played.
const MARK_PATIENCE: Duration = Duration::from_millis(1500);

impl Conversation {
    pub(super) fn greet(&mut self) {
        let spoken = self.next_chunk != ChunkId(1);
        if !self.settings.greeting.is_empty() && !spoken {
            let mut reply = Reply::new(TurnId(0), "", Milestones::default());
            let pieces = reply.take_all(&self.settings.greeting);
            self.reply = Some(reply);
            self.speak(pieces);
        }
    }

    pub(super) fn begin_reply(&mut self, milestones: Milestones) -> TurnId {
        let turn = self.next_turn;
        self.next_turn = turn.next();
        self.reply = Some(Reply::new(turn, self.history.pending_caller_text(), milestones));
        turn
    }

    pub(super) fn token(&mut self, now: CallTime, turn: TurnId, text: &str) {
        let Some(reply) = self.generating(turn) else { return };
        reply.milestones.first_token.get_or_insert(now);
        let pieces = reply.chunker.push(text);
        self.timers.cancel(Timer::FirstTokenDue);
        self.speak(pieces);
    }

    pub(super) fn generation_done(&mut self, now: CallTime, turn: TurnId) {
        let Some(reply) = self.generating(turn) else { return };
        reply.complete = true;
        let last = reply.chunker.finish();
        let silent = last.is_none() && reply.ledger.is_empty();
        self.timers.cancel(Timer::FirstTokenDue);
        self.speak(last);
        if silent {
            self.speak_fallback();
        }
        self.expect_playback(now);
        self.finish_if_over(now);
    }

    pub(super) fn generation_failed(&mut self, turn: TurnId) {
        if self.generating(turn).is_some() {
            self.timers.cancel(Timer::FirstTokenDue);
            self.speak_fallback();
        }
    }

    pub(super) fn first_token_overdue(&mut self) {
        if let Some(reply) = &self.reply {
            self.actions.push_back(Action::Cancel { turn: reply.turn });
            self.speak_fallback();
        }
    }

    pub(super) fn speak_fallback(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        reply.failed = true;
        let pieces = reply.take_all(&self.settings.fallback);
        self.speak(pieces);
    }

    fn speak(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        let Some(reply) = &mut self.reply else { return };
        for piece in pieces {
            let chunk = self.next_chunk;
            self.next_chunk = chunk.next();
            let silence = std::mem::replace(&mut reply.pause, piece.pause);
            reply.ledger.asked(chunk, &piece.text, silence);
            self.actions.push_back(Action::Speak { turn: reply.turn, chunk, text: piece.text });
        }
    }

    pub(super) fn chunk_ready(
        &mut self,
        now: CallTime,
        chunk: ChunkId,
        duration: Duration,
        words: Vec<WordTime>,
    ) {
        let Some(reply) = &mut self.reply else { return };
        let Some(silence) = reply.ledger.expects(chunk) else { return };
        reply.milestones.first_audio.get_or_insert(now);
        let mark = self.next_mark;
        self.next_mark = mark.next();
        reply.ledger.queued(chunk, mark, duration, words);
        self.actions.push_back(Action::Send { chunk, mark, silence });
    }

    pub(super) fn synthesis_failed(&mut self, now: CallTime, chunk: ChunkId) {
        let Some(reply) = &mut self.reply else { return };
        if reply.ledger.expects(chunk).is_some() {
            reply.failed = true;
            reply.ledger.lost(chunk);
            self.finish_if_over(now);
        }
    }

    pub(super) fn chunk_started(&mut self, now: CallTime, chunk: ChunkId, plays_at: CallTime) {
        let Some(reply) = &mut self.reply else { return };
        if reply.ledger.started(chunk, plays_at) {
            reply.milestones.first_frame.get_or_insert(plays_at);
        }
        self.expect_playback(now);
    }

    /// Once a sound has left, its mark is expected back; if none comes, the clock decides.
    fn expect_playback(&mut self, now: CallTime) {
        if let Some(reply) = self.reply.as_ref().filter(|reply| reply.ledger.anything_sent()) {
            self.timers.set(Timer::PlaybackDue, reply.ledger.plays_until(now) + MARK_PATIENCE);
        }
    }

    pub(super) fn mark_played(&mut self, now: CallTime, mark: MarkId) {
        if let Some(reply) = &mut self.reply {
            reply.ledger.played(mark);
            self.finish_if_over(now);
        }
    }

    fn finish_if_over(&mut self, now: CallTime) {
        if self.reply.as_ref().is_some_and(Reply::is_over) {
            self.finish_reply(now);
        }
    }

    /// The reply was heard to its end; or its marks never came and the clock says that it was.
    pub(super) fn finish_reply(&mut self, now: CallTime) {
        if let Some(reply) = self.reply.take_if(|reply| reply.complete) {
            self.settle(now, &reply, false);
        }
    }

    /// The caller took the turn: nothing more of the reply is sent, and the history keeps what was
    /// heard of it.
    pub(super) fn interrupt(&mut self, now: CallTime) {
        let Some(reply) = self.reply.take() else { return };
        self.actions.push_back(Action::Cancel { turn: reply.turn });
        self.actions.push_back(Action::ClearPlayback);
        self.settle(now, &reply, true);
    }

    pub(super) fn settle(&mut self, now: CallTime, reply: &Reply, interrupted: bool) {
        for timer in [Timer::FirstTokenDue, Timer::PlaybackDue] {
            self.timers.cancel(timer);
        }
        let heard = reply.ledger.heard_text(now);
        self.history.agent_was_heard(&heard);
        // A turn of which nothing was heard goes on in the next one, with all that the caller said.
        if reply.ledger.anything_sent() || !interrupted {
            self.actions.push_back(Action::TurnReport(reply.report(heard, interrupted)));
        }
    }

    fn generating(&mut self, turn: TurnId) -> Option<&mut Reply> {
        self.reply.as_mut().filter(|reply| reply.turn == turn && !reply.complete)
    }
}
