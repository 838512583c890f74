//! One call as a state machine: edges, texts, marks and times go in, actions come out. Must not know audio,
//! sockets, threads or a clock: the events carry what it needs of them.
//!
//! Use: after each [`Conversation::handle`] or [`Conversation::handle_timeout`], take all actions
//! with [`Conversation::poll_action`], then sleep until [`Conversation::poll_timeout`].

mod agent;
mod answering;
pub mod barge_in;
mod caller;
mod calling;
pub mod chunker;
mod compacting;
mod compaction;
mod dtmf;
mod event;
mod failover;
mod falling_back;
mod fillers;
mod giving_up;
mod heard;
pub mod history;
mod interruption;
pub mod latency;
pub mod local_agreement;
mod manners;
pub mod playback;
mod prefill;
mod prefills;
mod presence;
pub mod replay;
mod reply;
mod requested;
mod settings;
mod speculation;
pub mod summary;
mod timers;
mod tool_calls;
pub mod trace;
pub mod turn_detection;
mod utterance;
mod waiting;
pub mod what_if;
mod word_timing;

use std::collections::VecDeque;

pub use barge_in::BargeInPolicy;
pub use calling::with_tools;
pub use event::{Action, Awaited, Event, Farewell};
pub use settings::{KeysPolicy, Listening, Manners, Phrases, ReadAhead, Settings, SpeculationPolicy};
pub use timers::Timer;
pub use turn_detection::endpoint::EndpointPolicy;

use self::compaction::PendingCompaction;
use self::failover::ModelFailover;
use self::fillers::Fillers;
use self::history::History;
use self::latency::Milestones;
use self::prefills::Prefills;
use self::reply::Reply;
use self::timers::Timers;
use self::tool_calls::ToolCalls;
use self::turn_detection::endpoint::Pace;
use self::utterance::{Utterance, Words};
use crate::dialogue::CountTokens;
use crate::dialogue::tools::ToolCall;
use crate::ids::{ChunkId, MarkId, ReadingId, TurnId, UtteranceId};
use crate::report::SpeculationCount;
use crate::units::CallTime;

/// One call's conversation.
#[derive(Debug)]
pub struct Conversation {
    settings: Settings,
    history: History,
    timers: Timers,
    actions: VecDeque<Action>,
    utterance: Option<Utterance>,
    /// The caller is making a sound.
    speaking: bool,
    /// The caller's audio has stopped arriving.
    stalled: bool,
    /// The reply that the agent speaks or is about to speak.
    reply: Option<Reply>,
    /// An answer prepared before the end of the turn is certain. There is never a draft beside a reply.
    draft: Option<Reply>,
    /// A turn to answer once a protected greeting is over.
    owed: Option<(Milestones, String)>,
    /// Pressed keys that are not answered yet.
    keys: String,
    /// What was typed while the agent spoke.
    typed: String,
    /// How long the caller usually pauses.
    pace: Pace,
    /// The words of the utterance that the language model was given.
    prefills: Prefills,
    /// The planned compaction of the history, until it is done.
    compaction: Option<PendingCompaction>,
    /// Which language model is asked, and which stands in.
    failover: ModelFailover,
    fillers: Fillers,
    /// When the current silence began: nobody has said a word since.
    quiet_since: Option<CallTime>,
    /// Idle prompts in a row that brought no word from the caller.
    idle_prompts: usize,
    /// Requests in a row to repeat what was not understood.
    not_understood: u32,
    /// Turns in a row that could not be answered, because an engine failed or was late.
    unanswered: u32,
    /// The warning that the call must end soon is still to be spoken.
    warn_of_the_end: bool,
    /// What the agent learnt beyond its system prompt.
    learnt: String,
    /// Sentences that the agent is to say when nobody speaks.
    to_say: VecDeque<String>,
    tool_calls: ToolCalls,
    /// Calls that belong behind words that were heard, while it is not known whether the caller speaks.
    promised: Option<(TurnId, Vec<ToolCall>)>,
    speculated: SpeculationCount,
    next_utterance: UtteranceId,
    next_turn: TurnId,
    next_chunk: ChunkId,
    next_mark: MarkId,
    next_reading: ReadingId,
}

impl Conversation {
    /// A call that has not begun. `count` counts tokens as the language model does.
    #[must_use]
    pub fn new(mut settings: Settings, count: CountTokens) -> Self {
        let tools = std::mem::take(&mut settings.tools);
        let mut conversation = Self {
            history: History::new(
                &settings.system_prompt,
                settings.prompt_tokens,
                count,
                &settings.language.memory,
            ),
            failover: ModelFailover::new(settings.models),
            fillers: Fillers::default(),
            settings,
            timers: Timers::default(),
            actions: VecDeque::new(),
            utterance: None,
            speaking: false,
            stalled: false,
            reply: None,
            draft: None,
            owed: None,
            keys: String::new(),
            typed: String::new(),
            pace: Pace::default(),
            prefills: Prefills::default(),
            compaction: None,
            quiet_since: None,
            idle_prompts: 0,
            not_understood: 0,
            unanswered: 0,
            warn_of_the_end: false,
            learnt: String::new(),
            to_say: VecDeque::new(),
            tool_calls: ToolCalls::default(),
            promised: None,
            speculated: SpeculationCount::default(),
            next_utterance: UtteranceId(1),
            next_turn: TurnId(1),
            next_chunk: ChunkId(1),
            next_mark: MarkId(1),
            next_reading: ReadingId(1),
        };
        if !tools.are_idle() {
            conversation.equip(tools, None);
        }
        conversation
    }

    /// Handles an event that happened at `now`.
    pub fn handle(&mut self, now: CallTime, event: Event) {
        match event {
            Event::CallStarted => self.call_started(now),
            Event::SpeechStarted { at } => {
                self.speaking = true;
                self.speech_started(now, at);
            }
            Event::SpeechSustained { level, echo } => self.sound_lasted(now, level, echo),
            Event::SpeechEnded { at } => {
                self.speaking = false;
                self.speech_ended(now, at);
            }
            Event::LineStalled => self.stalled = true,
            Event::LineCaughtUp => self.caught_up(now),
            Event::Key { key } => self.key(now, key),
            Event::Transcribed { utterance, pass, heard_until, text, doubtful } => {
                self.transcribed(now, utterance, pass, Some(Words { text, heard_until, doubtful }));
            }
            Event::TranscriptionFailed { utterance, pass } => self.transcribed(now, utterance, pass, None),
            Event::EndOfTurnScore { asked, probability } => self.end_of_turn_scored(now, asked, probability),
            Event::ReadAhead { reading, done } => self.was_read(reading, done),
            Event::Token { turn, text } => self.token(now, turn, &text),
            Event::GenerationDone { turn, usage } => self.generation_done(now, turn, usage),
            Event::GenerationFailed { turn } => self.generation_failed(now, turn),
            Event::ChunkReady { chunk, duration, words, more } => {
                self.chunk_ready(now, chunk, duration, &words, more);
            }
            Event::SynthesisFailed { chunk } => self.synthesis_failed(now, chunk),
            Event::ChunkStarted { chunk, plays_at } => self.chunk_started(now, chunk, plays_at),
            Event::ChunkStalled { chunk, lasting } => self.chunk_stalled(now, chunk, lasting),
            Event::MarkSent { mark, due } => self.mark_sent(mark, due),
            Event::MarkPlayed { mark } => self.mark_played(now, mark),
            Event::InterruptRequested => self.be_quiet(now),
            Event::Remembered { role, text } => self.remember(role, &text),
            Event::AnswerRequested { instructions } => self.answer_requested(now, &instructions),
            Event::Instructed { system_prompt } => self.instruct(system_prompt),
            Event::Informed { text } => self.inform(&text),
            Event::ToolsGiven { tools, system_prompt } => self.equip(tools, system_prompt),
            Event::ToolsRefused { turn } => self.tools_refused(now, turn),
            Event::ToolReturned { call, output } => self.tool_returned(call, output, false),
            Event::ToolDone { call, output, failed } => self.tool_done(now, call, output, failed),
            Event::SayRequested { text } => self.say_requested(now, text),
            Event::HeardNoMoreThan { lasting } => self.heard_no_more_than(lasting),
            Event::AgentChanged { settings } => self.change_agent(*settings),
            Event::ModelsSwitched => self.models_switched(),
            Event::ReplyWords { most } => self.settings.max_reply_words = most,
        }
    }

    /// The next action, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The turn of the running reply, of the draft, or else the next one: the one that a log line is about.
    #[must_use]
    pub fn turn(&self) -> TurnId {
        let running = self.reply.as_ref().or(self.draft.as_ref());
        running.map_or(self.next_turn, |reply| reply.turn)
    }

    /// When [`Self::handle_timeout`] must be called next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(CallTime, Timer)> {
        self.timers.next()
    }

    /// Acts on the earliest deadline that has passed, if any.
    pub fn handle_timeout(&mut self, now: CallTime) {
        match self.timers.take_due(now) {
            None => {}
            Some(Timer::EndOfTurn) if self.stalled => self.wait_for_the_line(now),
            Some(Timer::EndOfTurn | Timer::StallOver) => self.end_of_silence(now),
            Some(Timer::UtteranceCap) => self.cap_utterance(now),
            Some(Timer::PartialDue) => self.look_at_the_words(now),
            Some(Timer::PieceCap) => self.cut_a_piece(now),
            Some(Timer::TranscriptDue) => self.transcript_overdue(now),
            Some(Timer::TokenDue) => self.token_overdue(now),
            Some(Timer::StandInDue) => self.stand_in_due(now),
            Some(Timer::VoiceDue) => self.voice_due(now),
            Some(Timer::PlaybackDue) => self.playback_due(now),
            Some(Timer::ResumeDue) => self.resume_due(now),
            Some(Timer::FillerDue) => self.filler_due(now),
            Some(Timer::ToolFillerDue) => self.tool_filler_due(now),
            Some(Timer::WordsDue) => self.words_due(now),
            Some(Timer::IdleDue) => self.idle_due(now),
            Some(Timer::KeysDue) => self.keys_over(now),
            Some(Timer::LengthWarning) => self.length_warning(now),
            Some(Timer::LongestCall) => self.longest_call(now),
        }
    }

    /// The instructions of the agent.
    #[must_use]
    pub fn system_prompt(&self) -> &str {
        &self.settings.system_prompt
    }

    /// True if nothing is being said, nor to be done behind what was said.
    #[must_use]
    pub const fn is_between_replies(&self) -> bool {
        self.reply.is_none() && self.promised.is_none()
    }

    /// The conversation so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Ends the call: reports the turn that was being answered, with the words heard by `now`.
    pub fn end(&mut self, now: CallTime) {
        self.roll_back();
        if let Some(mut reply) = self.reply.take() {
            reply.is_no_answer();
            self.settle(now, &reply, false);
        }
    }
}
