//! One call as a state machine: edges, texts, marks and times go in, actions come out. It must not
//! know audio, sockets, threads or a clock; what it needs of them comes with the events.
//!
//! Use: after each [`Conversation::handle`] or [`Conversation::handle_timeout`], take all actions
//! with [`Conversation::poll_action`], then sleep until [`Conversation::poll_timeout`].

mod agent;
pub mod agreement;
pub mod barge_in;
mod caller;
pub mod chunker;
pub mod endpoint;
mod event;
pub mod history;
pub mod latency;
pub mod playback;
mod reply;
pub mod speakable;
mod timers;
mod utterance;

use std::collections::VecDeque;
use std::time::Duration;

pub use endpoint::EndpointPolicy;
pub use event::{Action, Event};
pub use timers::Timer;

use self::history::History;
use self::reply::Reply;
use self::timers::Timers;
use self::utterance::{Utterance, Words};
use crate::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use crate::units::CallTime;

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
    /// How a caller is listened to.
    pub listening: Listening,
    /// How long the first token may take.
    pub first_token_timeout: Duration,
}

/// How a caller is listened to while they speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// From one look at the words to the next; `None` waits for a pause.
    pub partial_pace: Option<Duration>,
    /// After a pause, words before it are not looked at again once so much has been said since the last
    /// time.
    pub commit_after: Duration,
    /// The most that is transcribed in one piece.
    pub max_piece: Duration,
    /// The longest utterance.
    pub max_utterance: Duration,
}

/// The call.
#[derive(Debug)]
pub struct Conversation {
    settings: Settings,
    history: History,
    timers: Timers,
    actions: VecDeque<Action>,
    utterance: Option<Utterance>,
    /// The caller is making a sound.
    speaking: bool,
    /// The caller's audio does not come.
    stalled: bool,
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
            speaking: false,
            stalled: false,
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
            Event::SpeechStarted { at } => {
                self.speaking = true;
                self.speech_started(at);
            }
            Event::SpeechSustained => self.interrupt(now),
            Event::SpeechEnded { at } => {
                self.speaking = false;
                self.speech_ended(now, at);
            }
            Event::LineStalled => self.stalled = true,
            Event::LineCaughtUp => self.caught_up(now),
            Event::Transcribed { utterance, pass, heard_until, text, doubtful } => {
                self.transcribed(now, utterance, pass, Some(Words { text, heard_until, doubtful }));
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
            Some(Timer::EndOfTurn) if self.stalled => self.wait_for_the_line(now),
            Some(Timer::EndOfTurn | Timer::StallOver) => self.end_of_silence(now),
            Some(Timer::UtteranceCap) => self.cap_utterance(now),
            Some(Timer::PartialDue) => self.look_at_the_words(now),
            Some(Timer::PieceCap) => self.cut_a_piece(now),
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
}
