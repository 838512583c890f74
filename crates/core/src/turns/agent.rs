//! The agent's half of the conversation: from the first token to the last mark. Must not know how the
//! caller's words were recognised, nor what a sound of the caller means.

use std::time::Duration;

use super::chunker::Piece;
use super::event::{Awaited, Farewell};
use super::latency::Milestones;
use super::reply::{Purpose, Reply};
use super::timers::Timer;
use super::{Action, Conversation};
use crate::dialogue::tools::{ToolCall, written};
use crate::dialogue::{Usage, WordTime};
use crate::ids::{ChunkId, MarkId, TurnId};
use crate::units::CallTime;

/// How long marks are awaited after the end of the audio; then all that was sent counts as played. A
/// gateway that returns marks does so within the round trip to the ear.
const MARK_PATIENCE: Duration = Duration::from_millis(1500);

/// How long the speech of a complete text is awaited: a voice that takes longer will never bring it.
const VOICE_PATIENCE: Duration = Duration::from_secs(10);

/// Timers that end with the reply.
const OF_THE_REPLY: [Timer; 6] = [
    Timer::TokenDue,
    Timer::StandInDue,
    Timer::VoiceDue,
    Timer::PlaybackDue,
    Timer::ResumeDue,
    Timer::FillerDue,
];

impl Conversation {
    /// Says a text that is not generated.
    pub(super) fn say(&mut self, now: CallTime, purpose: Purpose, text: &str) {
        let turn = self.take_up(purpose, "", Milestones::default());
        let pieces = self.reply.as_mut().map_or_else(Vec::new, |reply| reply.take_all(text));
        self.timers.cancel_all(&[Timer::IdleDue, Timer::FillerDue]);
        self.quiet_since = None;
        self.speak(turn, pieces);
        self.expect_playback(now);
        self.finish_if_over(now);
    }

    pub(super) fn next_turn_id(&mut self, purpose: Purpose) -> TurnId {
        match purpose {
            Purpose::Greeting => TurnId(0),
            Purpose::Answer | Purpose::Phrase | Purpose::Goodbye(_) => {
                let turn = self.next_turn;
                self.next_turn = turn.next();
                turn
            }
        }
    }

    // Text arrives.

    pub(super) fn token(&mut self, now: CallTime, turn: TurnId, text: &str) {
        let (longest, language) = (self.settings.max_reply_words, self.settings.language);
        let Some(reply) = self.generating(turn) else { return };
        reply.milestones.first_token.get_or_insert(now);
        reply.tokens += 1;
        let pieces = reply.read(text);
        reply.words += pieces.iter().map(|piece| piece.text.split(' ').count()).sum::<usize>();
        // A reply that grows too long is wound down: it ends with this sentence.
        let long = reply.words >= longest
            && pieces.last().is_some_and(|piece| piece.ends_a_sentence(&language.writing));
        if long {
            reply.complete = true;
            self.actions.push_back(Action::StopGenerating { turn });
        }
        self.token_came(now, turn);
        self.speak(turn, pieces);
        self.expect_the_voice(now);
        if long {
            self.call_tools(now);
            self.room_after_the_answer();
            self.expect_playback(now);
        }
    }

    pub(super) fn generation_done(&mut self, now: CallTime, turn: TurnId, usage: Option<Usage>) {
        let Some(reply) = self.generating(turn) else { return };
        reply.complete = true;
        reply.usage = usage;
        let last = reply.read_to_the_end();
        let silent = last.is_empty() && reply.ledger.is_without_answer() && !reply.calls_tools();
        self.token_came(now, turn);
        self.speak(turn, last);
        if silent {
            self.generation_brought_nothing(now, turn);
        }
        self.call_tools(now);
        self.room_after_the_answer();
        self.expect_playback(now);
        self.finish_if_over(now);
    }

    /// The whole answer is known, and the agent speaks for a while: time to plan a compaction.
    pub(super) fn room_after_the_answer(&mut self) {
        if let Some(reply) = self.reply.as_ref().filter(|reply| reply.complete) {
            let answer = reply.ledger.whole_answer();
            self.plan_compaction(&answer);
        }
    }

    /// A token came: the next one must follow within the timeout, or the model hangs.
    fn token_came(&mut self, now: CallTime, turn: TurnId) {
        let Some(reply) = self.reply.as_ref().filter(|reply| reply.turn == turn) else { return };
        self.timers.cancel(Timer::StandInDue);
        if reply.complete {
            self.timers.cancel(Timer::TokenDue);
        } else {
            self.timers.set(Timer::TokenDue, now + self.settings.first_token_timeout);
        }
    }

    // Text becomes sound.

    pub(super) fn speak(&mut self, turn: TurnId, pieces: impl IntoIterator<Item = Piece>) {
        for piece in pieces {
            let chunk = self.next_chunk;
            let Some(reply) = self.reply_of(turn) else { return };
            let silence = std::mem::replace(&mut reply.pause, piece.pause);
            reply.ledger.asked(chunk, &piece.text, silence);
            self.next_chunk = chunk.next();
            self.actions.push_back(Action::Speak { turn, chunk, text: piece.text, urgent: false });
        }
    }

    pub(super) fn chunk_ready(
        &mut self,
        now: CallTime,
        chunk: ChunkId,
        duration: Duration,
        words: &[WordTime],
        more: bool,
    ) {
        let Some(reply) = self.reply_with(chunk) else { return };
        reply.milestones.first_audio.get_or_insert(now);
        if reply.ledger.is_of_the_answer(chunk) {
            reply.milestones.answer_audio.get_or_insert(now);
        }
        reply.ledger.ready(chunk, duration, words, more);
        self.expect_the_voice(now);
        self.send_what_is_due();
        self.playback_grew(now);
    }

    pub(super) fn synthesis_failed(&mut self, now: CallTime, chunk: ChunkId) {
        let Some(reply) = self.reply_with(chunk) else { return };
        if let Some(text) = reply.ledger.text_without_sound(chunk).filter(|_| !reply.spoken_again) {
            let (turn, text) = (reply.turn, text.to_owned());
            reply.spoken_again = true;
            self.actions.push_back(Action::Speak { turn, chunk, text, urgent: false });
            return;
        }
        // An answer without its filler is whole.
        reply.failed |= reply.ledger.is_of_the_answer(chunk);
        reply.ledger.ends_here(chunk);
        self.send_what_is_due();
        self.playback_grew(now);
        self.finish_if_over(now);
    }

    // Sound goes to the ear.

    /// Sends the chunks that are due, unless the agent pauses.
    pub(super) fn send_what_is_due(&mut self) {
        let Some(reply) = self.reply.as_mut().filter(|reply| reply.paused.is_none()) else { return };
        for due in reply.ledger.due() {
            let first = reply.wants_a_first_mark().then_some(self.next_mark);
            if let Some(first) = first {
                reply.first_mark = Some((first, None));
                self.next_mark = first.next();
            }
            let mark = self.next_mark;
            self.next_mark = mark.next();
            reply.ledger.queued(due.chunk, mark);
            let (chunk, silence, from) = (due.chunk, due.silence, due.from);
            self.actions.push_back(Action::Send { chunk, mark, first, silence, from });
        }
    }

    pub(super) fn chunk_started(&mut self, now: CallTime, chunk: ChunkId, plays_at: CallTime) {
        let Some(reply) = &mut self.reply else { return };
        if reply.ledger.is_of_the_answer(chunk) {
            reply.milestones.answer_frame.get_or_insert(plays_at);
        }
        reply.milestones.first_frame.get_or_insert(plays_at);
        if reply.ledger.started(chunk, plays_at) {
            reply.sounded = true;
            self.timers.cancel(Timer::FillerDue);
        }
        self.expect_playback(now);
    }

    /// The voice did not keep up: what follows is heard later.
    pub(super) fn chunk_stalled(&mut self, now: CallTime, chunk: ChunkId, lasting: Duration) {
        let Some(reply) = &mut self.reply else { return };
        reply.ledger.stalled(chunk, lasting);
        self.playback_grew(now);
    }

    /// The audio that is being played has become longer: it is over later.
    fn playback_grew(&mut self, now: CallTime) {
        if self.reply.as_ref().is_some_and(|reply| reply.ledger.anything_sent()) {
            self.expect_playback(now);
        }
    }

    /// Once a sound has left, its mark is expected back; if none returns, the clock decides.
    pub(super) fn expect_playback(&mut self, now: CallTime) {
        self.expect_the_voice(now);
        let Some(reply) = self.reply.as_ref().filter(|reply| reply.paused.is_none()) else { return };
        let by = if reply.ledger.anything_sent() {
            let patience = if reply.ledger.awaits_sound() { VOICE_PATIENCE } else { MARK_PATIENCE };
            reply.ledger.plays_until(now) + patience
        } else if reply.complete {
            now + VOICE_PATIENCE
        } else {
            return;
        };
        self.timers.set(Timer::PlaybackDue, by);
    }

    pub(super) fn mark_sent(&mut self, mark: MarkId, due: CallTime) {
        let first = self.reply.as_mut().and_then(|reply| reply.first_mark.as_mut());
        if let Some((_, at)) = first.filter(|(first, _)| *first == mark) {
            *at = Some(due);
        }
    }

    pub(super) fn mark_played(&mut self, now: CallTime, mark: MarkId) {
        let Some(reply) = &mut self.reply else { return };
        if let Some((_, due)) = reply.first_mark.filter(|(first, _)| *first == mark) {
            let measured = due.map(|due| (now, due));
            reply.milestones.mark = reply.milestones.mark.or(measured);
            return;
        }
        // If the first mark was lost, the mark of the first chunk is measured.
        if let Some(expected) = reply.ledger.played(mark) {
            reply.milestones.mark.get_or_insert((now, expected));
        }
        self.finish_if_over(now);
    }

    // The reply is over.

    pub(super) fn finish_if_over(&mut self, now: CallTime) {
        if self.cannot_be_spoken() {
            self.stop_the_voice(now);
        } else if self.reply.as_ref().is_some_and(Reply::is_over) {
            self.finish_reply(now);
        }
    }

    /// All that was sent should have been played by now, or nothing was sent because the voice brings
    /// nothing.
    pub(super) fn playback_due(&mut self, now: CallTime) {
        if let Some(reply) = self.reply.as_mut().filter(|r| r.complete && r.ledger.awaits_sound()) {
            reply.failed = true;
            self.actions.push_back(Action::TimedOut { on: Awaited::Voice });
        }
        self.finish_reply(now);
    }

    /// The reply was heard to its end: by its marks or, if they never returned, by the clock.
    pub(super) fn finish_reply(&mut self, now: CallTime) {
        if let Some(mut reply) = self.reply.take_if(|reply| reply.complete) {
            let goodbye = self.was_a_goodbye(now, &reply);
            let behind = self.promises_of(now, &mut reply);
            reply.called.extend(behind.iter().map(written));
            self.settle(now, &reply, false);
            let hangs_up = self.call_behind_the_words(now, reply.turn, behind);
            let at_last = self.tool_calls.hangs_up && self.all_is_told() && self.nobody_is_heard(now);
            let ends = goodbye || hangs_up || at_last;
            self.after(now, if ends { Purpose::Goodbye(Farewell::AllWasSaid) } else { reply.purpose });
        }
    }

    /// The calls that belong behind the words of a reply that was heard. A caller who makes a sound may have
    /// changed their mind: then they wait until it is known what it was.
    pub(super) fn promises_of(&mut self, now: CallTime, reply: &mut Reply) -> Vec<ToolCall> {
        let behind = std::mem::take(&mut reply.behind);
        if behind.is_empty() || reply.fell_back || reply.failed {
            return Vec::new();
        }
        if self.nobody_is_heard(now) && self.keys.is_empty() {
            return behind;
        }
        self.promised = Some((reply.turn, behind));
        Vec::new()
    }

    /// Closes a reply: the history keeps the words that were heard of it, and nothing else.
    pub(super) fn settle(&mut self, now: CallTime, reply: &Reply, interrupted: bool) {
        self.timers.cancel_all(&OF_THE_REPLY);
        let heard = reply.ledger.heard(now);
        self.history.agent_was_heard(&heard.answer);
        self.remember_calls(reply);
        self.remember_what_was_typed();
        self.compact();
        self.plan_compaction("");
        if reply.purpose == Purpose::Answer {
            self.fillers.answer_over();
            self.failover.turn_over();
        }
        self.count_what_was_answered(reply, &heard.answer, interrupted);
        // An interrupted reply of which nothing was heard is not reported: its turn goes on in the next
        // one, with all that the caller said.
        if reply.sounded || !interrupted {
            self.actions.push_back(Action::TurnReport(Box::new(reply.report(heard, interrupted))));
        }
    }

    // Which reply is meant: the spoken one or the draft.

    pub(super) fn reply_of(&mut self, turn: TurnId) -> Option<&mut Reply> {
        self.reply.iter_mut().chain(&mut self.draft).find(|reply| reply.turn == turn)
    }

    fn reply_with(&mut self, chunk: ChunkId) -> Option<&mut Reply> {
        self.reply.iter_mut().chain(&mut self.draft).find(|reply| reply.ledger.expects(chunk))
    }

    pub(super) fn generating(&mut self, turn: TurnId) -> Option<&mut Reply> {
        self.reply_of(turn).filter(|reply| !reply.complete)
    }
}
