//! One answer of the agent, from the first token to the last mark. Knows no history and no caller.

use std::sync::Arc;
use std::time::Duration;

use super::chunker::{Chunker, Piece};
use super::event::Farewell;
use super::heard::Heard;
use super::latency::Milestones;
use super::playback::Ledger;
use crate::dialogue::Usage;
use crate::dialogue::tools::{CallReader, MOST_CALLS, ToolCall, Tools};
use crate::ids::{MarkId, TurnId};
use crate::language::Language;
use crate::report::{Speculation, TurnReport};
use crate::units::CallTime;

/// What a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The first words of the call.
    Greeting,
    /// The answer to a turn.
    Answer,
    /// A phrase that the agent says of its own accord.
    Phrase,
    /// The last words of the call.
    Goodbye(Farewell),
}

/// A reply in the making or being spoken.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) turn: TurnId,
    pub(super) purpose: Purpose,
    /// The caller's words; empty if the reply is no answer.
    pub(super) heard: String,
    pub(super) chunker: Chunker,
    /// The tools that it may call, and the calls found in its text.
    pub(super) tools: Arc<Tools>,
    pub(super) reader: CallReader,
    /// The call that the model writes.
    pub(super) begun: Option<ToolCall>,
    /// Calls that are not carried out before the whole reply is known and wanted.
    pub(super) calls: Vec<ToolCall>,
    /// The most of them.
    pub(super) most_calls: usize,
    /// Those that are carried out once its words were heard.
    pub(super) behind: Vec<ToolCall>,
    /// Those that are, as the model wrote them.
    pub(super) called: Vec<String>,
    pub(super) ledger: Ledger,
    pub(super) milestones: Milestones,
    /// No more text will come.
    pub(super) complete: bool,
    /// An engine failed: the fallback phrase is spoken, or a chunk was lost.
    pub(super) failed: bool,
    /// The fallback phrase was tried, and is not tried again.
    pub(super) fell_back: bool,
    /// The pause before the next chunk, set by the chunk before it.
    pub(super) pause: Duration,
    /// Since when nothing of the reply is sent, because the caller may want to speak.
    pub(super) paused: Option<CallTime>,
    pub(super) hiccups: u32,
    pub(super) speculation: Speculation,
    /// Tokens that came, and the number of words in its chunks.
    pub(super) tokens: u32,
    pub(super) words: usize,
    /// The rung of the language model that was asked.
    pub(super) rung: usize,
    /// Its cost in tokens, once it is complete.
    pub(super) usage: Option<Usage>,
    /// Some of it was heard, if only part of a word.
    pub(super) sounded: bool,
    /// The mark after its first sound, and when playback should reach it.
    pub(super) first_mark: Option<(MarkId, Option<CallTime>)>,
    /// The number of times it was asked for: more than one if a model failed.
    pub(super) asks: usize,
    /// A chunk was synthesised again because the synthesis failed.
    pub(super) spoken_again: bool,
    /// The sentence that the agent was told to say.
    pub(super) order: Option<String>,
    /// It began with a filler, before the caller's words were known.
    pub(super) awaits_words: bool,
}

impl Reply {
    pub(super) fn new(
        turn: TurnId,
        purpose: Purpose,
        heard: &str,
        milestones: Milestones,
        language: &'static Language,
    ) -> Self {
        Self {
            turn,
            purpose,
            heard: heard.to_owned(),
            chunker: Chunker::new(language),
            tools: Arc::default(),
            reader: CallReader::default(),
            begun: None,
            calls: Vec::new(),
            most_calls: MOST_CALLS,
            behind: Vec::new(),
            called: Vec::new(),
            ledger: Ledger::default(),
            milestones,
            complete: false,
            failed: false,
            fell_back: false,
            pause: Duration::ZERO,
            paused: None,
            hiccups: 0,
            speculation: Speculation::Off,
            tokens: 0,
            words: 0,
            rung: 0,
            usage: None,
            sounded: false,
            first_mark: None,
            asks: 1,
            spoken_again: false,
            order: None,
            awaits_words: false,
        }
    }

    /// The caller's words are known, after a filler.
    pub(super) fn with_words(self, heard: &str, milestones: Milestones) -> Self {
        let Milestones { first_audio, first_frame, mark, .. } = self.milestones;
        // What was heard before the caller had ended ended no wait.
        let ended_a_wait = first_frame.is_none_or(|frame| Some(frame) >= milestones.speech_end);
        let milestones = if ended_a_wait {
            Milestones { first_audio, first_frame, mark, ..milestones }
        } else {
            milestones
        };
        Self { heard: heard.to_owned(), milestones, awaits_words: false, paused: None, ..self }
    }

    /// No words came to which this would be the answer: what was said of the filler is a phrase, and no turn.
    pub(super) fn is_no_answer(&mut self) {
        if std::mem::replace(&mut self.awaits_words, false) {
            self.purpose = Purpose::Phrase;
            self.milestones = Milestones::default();
        }
    }

    /// True if the way to the ear is still to be measured and nothing was sent yet, so that it can be.
    pub(super) fn wants_a_first_mark(&self) -> bool {
        self.first_mark.is_none() && self.milestones.mark.is_none() && !self.ledger.anything_sent()
    }

    /// Drops the text that was generated and not spoken.
    pub(super) fn forget_the_text(&mut self) {
        self.chunker = self.chunker.anew();
        self.reader = CallReader::default();
        self.begun = None;
        self.calls.clear();
        self.behind.clear();
        if !self.sounded {
            self.milestones.first_token = None;
        }
    }

    /// The chunks of a text that is not generated.
    pub(super) fn take_all(&mut self, text: &str) -> Vec<Piece> {
        self.complete = true;
        let anew = self.chunker.anew();
        std::mem::replace(&mut self.chunker, anew).all(text)
    }

    /// True if it calls tools.
    pub(super) fn calls_tools(&self) -> bool {
        !self.calls.is_empty() || !self.behind.is_empty() || !self.called.is_empty()
    }

    /// True if the agent will still be heard after `at`, if it is not stopped.
    pub(super) fn lasts_beyond(&self, at: CallTime) -> bool {
        !self.complete || !self.calls.is_empty() || self.ledger.lasts_beyond(at)
    }

    /// True if everything that was to be said was heard or lost, and its calls are made.
    pub(super) fn is_over(&self) -> bool {
        self.complete && self.calls.is_empty() && self.ledger.is_over()
    }

    pub(super) fn report(&self, heard: Heard, interrupted: bool) -> TurnReport {
        let mark_return = self.milestones.mark.map(|(came, expected)| came.millis_after(expected));
        TurnReport {
            turn: self.turn,
            heard: self.heard.clone(),
            reply: heard.text,
            heard_estimated: heard.estimated,
            speech_end: self.milestones.speech_end,
            stages: self.milestones.stages(),
            answer_ms: self.milestones.answer_ms(),
            answer_stages: self.milestones.answer_stages(),
            hidden: self.milestones.stages().and(self.milestones.hidden()),
            mark_return_ms: mark_return,
            interrupted,
            hiccups: self.hiccups,
            speculation: self.speculation,
            failed: self.failed,
            end_of_turn: self.milestones.end_of_turn,
            rung: self.rung,
            tokens: self.usage.clone(),
        }
    }
}
