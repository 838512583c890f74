//! One call as a state machine: edges, texts, marks and times go in, actions come out. It must not
//! know audio, sockets, threads or a clock; what it needs of them comes with the events.
//!
//! Use: after each [`Conversation::handle`] or [`Conversation::handle_timeout`], take all actions
//! with [`Conversation::poll_action`], then sleep until [`Conversation::poll_timeout`].

pub mod barge_in;
pub mod chunker;
pub mod endpoint;
mod event;
pub mod history;
pub mod latency;
pub mod playback;
mod reply;
pub mod speakable;
mod timers;

use std::collections::VecDeque;
use std::time::Duration;

pub use endpoint::EndpointPolicy;
pub use event::{Action, Event};
pub use timers::Timer;

use self::chunker::Piece;
use self::history::History;
use self::latency::Milestones;
use self::reply::Reply;
use self::timers::Timers;
use crate::engine::WordTime;
use crate::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use crate::units::CallTime;

/// After a transcript was asked for and the turn is over, it is given up after this time. The
/// longest utterance takes whisper's base.en 1.2 s with a full window on two cores.
const TRANSCRIPT_PATIENCE: Duration = Duration::from_secs(5);

/// A gateway that echoes marks does so within the way to the ear and back; after this much longer
/// than the audio lasts, what was sent is taken to have been played.
const MARK_PATIENCE: Duration = Duration::from_millis(1500);

/// What the conversation is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Instructions and facts for the language model.
    pub system_prompt: String,
    /// Spoken first; empty for none.
    pub greeting: String,
    /// Spoken when an engine fails.
    pub fallback: String,
    /// When the caller's turn is over.
    pub endpoint: EndpointPolicy,
    /// The longest utterance.
    pub max_utterance: Duration,
    /// How long the first token may take.
    pub first_token_timeout: Duration,
}

/// What the caller is saying, or has said and is not yet answered.
#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    /// The last audible sound, once the caller paused.
    paused_at: Option<CallTime>,
    /// Transcriptions asked for; only the answer to the last one counts.
    pass: u32,
    /// What the last one said, and when that was known.
    transcript: Option<(String, CallTime)>,
    /// The silence is over, and only the transcript is waited for.
    decided_at: Option<CallTime>,
}

/// The call.
#[derive(Debug)]
pub struct Conversation {
    settings: Settings,
    history: History,
    timers: Timers,
    actions: VecDeque<Action>,
    utterance: Option<Utterance>,
    reply: Option<Reply>,
    next_utterance: UtteranceId,
    next_turn: TurnId,
    next_chunk: ChunkId,
    next_mark: MarkId,
}

impl Conversation {
    /// A call that has not begun.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            history: History::new(&settings.system_prompt),
            settings,
            timers: Timers::default(),
            actions: VecDeque::new(),
            utterance: None,
            reply: None,
            next_utterance: UtteranceId(1),
            next_turn: TurnId(1),
            next_chunk: ChunkId(1),
            next_mark: MarkId(1),
        }
    }

    /// Tells what happened at `now`.
    pub fn handle(&mut self, now: CallTime, event: Event) {
        match event {
            Event::CallStarted => self.greet(),
            Event::SpeechStarted { at } => self.speech_started(at),
            Event::SpeechSustained => self.interrupt(now),
            Event::SpeechEnded { at } => self.speech_ended(at),
            Event::Transcribed { utterance, pass, text } => {
                self.transcribed(now, utterance, pass, Some(text))
            }
            Event::TranscriptionFailed { utterance, pass } => self.transcribed(now, utterance, pass, None),
            Event::Token { turn, text } => self.token(now, turn, &text),
            Event::GenerationDone { turn } => self.generation_done(now, turn),
            Event::GenerationFailed { turn } => self.generation_failed(turn),
            Event::ChunkReady { chunk, duration, words } => self.chunk_ready(now, chunk, duration, words),
            Event::SynthesisFailed { chunk } => self.synthesis_failed(now, chunk),
            Event::ChunkStarted { chunk, plays_at } => self.chunk_started(now, chunk, plays_at),
            Event::MarkPlayed { mark } => self.mark_played(now, mark),
            Event::InterruptRequested => self.interrupt(now),
        }
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] wants to be called, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(CallTime, Timer)> {
        self.timers.next()
    }

    /// Acts on the first deadline that has come, if one has.
    pub fn handle_timeout(&mut self, now: CallTime) {
        match self.timers.take_due(now) {
            None => {}
            Some(Timer::EndOfTurn) => self.end_of_silence(now),
            Some(Timer::UtteranceCap) => self.cap_utterance(now),
            Some(Timer::TranscriptDue) => self.transcript_overdue(now),
            Some(Timer::FirstTokenDue) => self.first_token_overdue(),
            Some(Timer::PlaybackDue) => self.finish_reply(now),
        }
    }

    /// What was said so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The call is over: reports the turn that was being answered, with what was heard by `now`.
    pub fn end(&mut self, now: CallTime) {
        if let Some(reply) = self.reply.take() {
            self.settle(now, &reply, false);
        }
    }

    // The caller.

    fn speech_started(&mut self, at: CallTime) {
        if let Some(utterance) = &mut self.utterance {
            utterance.paused_at = None;
            utterance.decided_at = None;
            utterance.transcript = None;
        } else {
            let id = self.next_utterance;
            self.next_utterance = id.next();
            self.utterance =
                Some(Utterance { id, paused_at: None, pass: 0, transcript: None, decided_at: None });
            self.actions.push_back(Action::OpenUtterance { utterance: id, from: at });
            self.timers.set(Timer::UtteranceCap, at + self.settings.max_utterance);
        }
        self.timers.cancel(Timer::EndOfTurn);
        self.timers.cancel(Timer::TranscriptDue);
    }

    fn speech_ended(&mut self, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.paused_at = Some(at);
        utterance.pass += 1;
        utterance.transcript = None;
        self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass: utterance.pass });
        self.timers.set(Timer::EndOfTurn, at + self.settings.endpoint.silence);
    }

    fn transcribed(&mut self, now: CallTime, id: UtteranceId, pass: u32, text: Option<String>) {
        // An answer to an older question is of no use: the caller has gone on since.
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.id == id && u.pass == pass) else {
            return;
        };
        let Some(paused_at) = utterance.paused_at else { return };
        let Some(text) = text else { return self.answer_with_fallback(now) };
        let silence = self.settings.endpoint.silence_after(&text);
        utterance.transcript = Some((text, now));
        self.timers.cancel(Timer::TranscriptDue);
        if utterance.decided_at.is_some() && silence <= self.settings.endpoint.silence {
            self.end_turn(now);
        } else {
            utterance.decided_at = None;
            self.timers.set(Timer::EndOfTurn, paused_at + silence);
        }
    }

    fn end_of_silence(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.decided_at = Some(now);
        if utterance.transcript.is_some() {
            self.end_turn(now);
        } else {
            self.timers.set(Timer::TranscriptDue, now + TRANSCRIPT_PATIENCE);
        }
    }

    /// Whoever never pauses is answered in the end: what was said until now is the turn.
    fn cap_utterance(&mut self, now: CallTime) {
        let speaking = self.utterance.as_ref().is_some_and(|u| u.paused_at.is_none());
        if speaking {
            self.speech_ended(now);
            self.timers.set(Timer::EndOfTurn, now);
        }
    }

    fn transcript_overdue(&mut self, now: CallTime) {
        self.answer_with_fallback(now);
    }

    fn end_turn(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.take() else { return };
        self.close(&utterance);
        let Some((text, known_at)) = utterance.transcript.filter(|(text, _)| !text.trim().is_empty()) else {
            return;
        };
        if self.reply.is_some() {
            if !barge_in::words_take_the_turn(&text) {
                return;
            }
            self.interrupt(now);
        }
        self.history.caller_said(&text);
        let milestones = Milestones {
            speech_end: utterance.paused_at,
            endpoint: utterance.decided_at.or(Some(now)),
            transcript: Some(known_at),
            ..Milestones::default()
        };
        let turn = self.begin_reply(milestones);
        self.actions.push_back(Action::Generate { turn, messages: self.history.messages() });
        self.timers.set(Timer::FirstTokenDue, now + self.settings.first_token_timeout);
    }

    /// The words of the caller could not be had: the line must not fall silent.
    fn answer_with_fallback(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.take() else { return };
        self.close(&utterance);
        self.interrupt(now);
        let endpoint = utterance.decided_at.or(Some(now));
        let milestones = Milestones {
            speech_end: utterance.paused_at,
            endpoint,
            transcript: endpoint,
            ..Milestones::default()
        };
        self.begin_reply(milestones);
        self.speak_fallback();
    }

    fn close(&mut self, utterance: &Utterance) {
        self.actions.push_back(Action::CloseUtterance { utterance: utterance.id });
        self.timers.cancel(Timer::EndOfTurn);
        self.timers.cancel(Timer::UtteranceCap);
        self.timers.cancel(Timer::TranscriptDue);
    }

    // The agent.

    fn greet(&mut self) {
        let spoken = self.next_chunk != ChunkId(1);
        if !self.settings.greeting.is_empty() && !spoken {
            let mut reply = Reply::new(TurnId(0), "", Milestones::default());
            let pieces = reply.take_all(&self.settings.greeting);
            self.reply = Some(reply);
            self.speak(pieces);
        }
    }

    fn begin_reply(&mut self, milestones: Milestones) -> TurnId {
        let turn = self.next_turn;
        self.next_turn = turn.next();
        self.reply = Some(Reply::new(turn, self.history.pending_caller_text(), milestones));
        turn
    }

    fn token(&mut self, now: CallTime, turn: TurnId, text: &str) {
        let Some(reply) = self.generating(turn) else { return };
        reply.milestones.first_token.get_or_insert(now);
        let pieces = reply.chunker.push(text);
        self.timers.cancel(Timer::FirstTokenDue);
        self.speak(pieces);
    }

    fn generation_done(&mut self, now: CallTime, turn: TurnId) {
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

    fn generation_failed(&mut self, turn: TurnId) {
        if self.generating(turn).is_some() {
            self.timers.cancel(Timer::FirstTokenDue);
            self.speak_fallback();
        }
    }

    fn first_token_overdue(&mut self) {
        if let Some(reply) = &self.reply {
            self.actions.push_back(Action::Cancel { turn: reply.turn });
            self.speak_fallback();
        }
    }

    fn speak_fallback(&mut self) {
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

    fn chunk_ready(&mut self, now: CallTime, chunk: ChunkId, duration: Duration, words: Vec<WordTime>) {
        let Some(reply) = &mut self.reply else { return };
        let Some(silence) = reply.ledger.expects(chunk) else { return };
        reply.milestones.first_audio.get_or_insert(now);
        let mark = self.next_mark;
        self.next_mark = mark.next();
        reply.ledger.queued(chunk, mark, duration, words);
        self.actions.push_back(Action::Send { chunk, mark, silence });
    }

    fn synthesis_failed(&mut self, now: CallTime, chunk: ChunkId) {
        let Some(reply) = &mut self.reply else { return };
        if reply.ledger.expects(chunk).is_some() {
            reply.failed = true;
            reply.ledger.lost(chunk);
            self.finish_if_over(now);
        }
    }

    fn chunk_started(&mut self, now: CallTime, chunk: ChunkId, plays_at: CallTime) {
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

    fn mark_played(&mut self, now: CallTime, mark: MarkId) {
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
    fn finish_reply(&mut self, now: CallTime) {
        if let Some(reply) = self.reply.take_if(|reply| reply.complete) {
            self.settle(now, &reply, false);
        }
    }

    /// The caller took the turn: nothing more of the reply is sent, and the history keeps what was
    /// heard of it.
    fn interrupt(&mut self, now: CallTime) {
        let Some(reply) = self.reply.take() else { return };
        self.actions.push_back(Action::Cancel { turn: reply.turn });
        self.actions.push_back(Action::ClearPlayback);
        self.settle(now, &reply, true);
    }

    fn settle(&mut self, now: CallTime, reply: &Reply, interrupted: bool) {
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
