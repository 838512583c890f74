//! The results of the engines and the gateway in a call, read from its trace: transcripts, replies, speech,
//! and how long each took. Must not know what is done with them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::replay::Trace;
use super::super::trace::What;
use super::super::{Action, Event};
use crate::dialogue::{Message, Usage, WordTime};
use crate::ids::{Asked, ChunkId, MarkId, ReadingId, TurnId, UtteranceId};
use crate::units::CallTime;

/// The transcript of an utterance up to a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeardThen {
    /// Where the utterance began.
    pub(super) from: CallTime,
    pub(super) until: CallTime,
    /// How long the transcription took.
    pub(super) took: Duration,
    pub(super) text: String,
    pub(super) doubtful: bool,
}

/// What the language model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Text(String),
    Done(Option<Usage>),
    Failed,
}

/// The speech of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sounded {
    pub(super) took: Duration,
    pub(super) duration: Duration,
    pub(super) words: Vec<WordTime>,
}

/// All recorded results of a call.
#[derive(Debug)]
pub(super) struct Past {
    heard: Vec<HeardThen>,
    replies: BTreeMap<TurnId, Reply>,
    /// The language model's score of the end of the caller's words, and how long it took from giving the
    /// words.
    scores: BTreeMap<String, (Duration, f32)>,
    /// How long a rebuild of the prompt took, and whether it was done.
    pub(super) rebuilt: (Duration, bool),
    sounds: BTreeMap<String, Sounded>,
    /// The median time from the end of a chunk to its mark; `None` if no mark ever came.
    pub(super) way: Option<Duration>,
}

/// A question, the rung of the model that was asked, and its reply: what came, and how long after the
/// question.
#[derive(Debug, Default)]
struct Reply {
    question: String,
    rung: usize,
    said: Vec<(Duration, Said)>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            heard: Vec::new(),
            replies: BTreeMap::new(),
            scores: BTreeMap::new(),
            rebuilt: (Duration::ZERO, true),
            sounds: BTreeMap::new(),
            way: None,
        }
    }
}

/// The question in a prompt: all of the caller's words since the agent was heard.
pub(super) fn question(messages: &[Message]) -> String {
    messages.last().map_or_else(String::new, |last| last.text.clone())
}

impl Past {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut reader = Reader::default();
        for line in &trace.lines {
            match &line.what {
                What::Action(action) => reader.done(line.at, action),
                What::Event(event) => reader.happened(line.at, event),
                What::Trace(_) | What::Deadline(_) | What::Counted(_) | What::Ended | What::Missing(_) => {}
            }
        }
        reader.ways.sort();
        reader.past.way = reader.ways.get(reader.ways.len() / 2).copied();
        reader.past
    }

    /// The transcript by `now` of an utterance that began at `from`, as far as the trace has one.
    pub(super) fn heard_by(&self, from: CallTime, now: CallTime) -> Option<&HeardThen> {
        // An utterance that had not begun is left out.
        let of_utterance = || self.heard.iter().filter(|heard| heard.until >= from && heard.from <= now);
        let before = of_utterance().filter(|heard| heard.until <= now).max_by_key(|heard| heard.until);
        before.or_else(|| of_utterance().min_by_key(|heard| heard.until))
    }

    /// The last complete reply to a question, if there ever was one: by the model at `rung`, or by another
    /// if that one has none.
    pub(super) fn reply_to(&self, question: &str, rung: usize) -> Option<&[(Duration, Said)]> {
        let ended = |reply: &&Reply| {
            let last = reply.said.last().map(|(_, said)| said);
            reply.question == question && matches!(last, Some(Said::Done(_) | Said::Failed))
        };
        let same = self.replies.values().rfind(|reply| reply.rung == rung && ended(reply));
        same.or_else(|| self.replies.values().rfind(ended)).map(|reply| reply.said.as_slice())
    }

    /// The language model's score of the end of these words, and how long it took.
    pub(super) fn score_of(&self, question: &str) -> Option<(Duration, f32)> {
        self.scores.get(question).copied()
    }

    pub(super) fn sound_of(&self, text: &str) -> Option<&Sounded> {
        self.sounds.get(text)
    }
}

/// Reads a trace, and remembers when each result was asked for.
#[derive(Default)]
struct Reader {
    past: Past,
    utterances: BTreeMap<UtteranceId, CallTime>,
    transcribing: BTreeMap<(UtteranceId, u32), CallTime>,
    generating: BTreeMap<TurnId, CallTime>,
    reading: BTreeMap<ReadingId, (CallTime, String)>,
    rebuilding: BTreeMap<ReadingId, CallTime>,
    speaking: BTreeMap<ChunkId, (CallTime, String)>,
    /// How long each chunk took until its first audio.
    sounding: BTreeMap<ChunkId, Duration>,
    playing: BTreeMap<MarkId, ChunkId>,
    started: BTreeMap<ChunkId, CallTime>,
    ways: Vec<Duration>,
}

impl Reader {
    fn done(&mut self, now: CallTime, action: &Action) {
        match action {
            Action::Transcribe { utterance, pass, .. } | Action::TranscribePiece { utterance, pass } => {
                self.transcribing.insert((*utterance, *pass), now);
            }
            Action::Generate { turn, messages, rung, .. } => {
                let reply = Reply { question: question(messages), rung: *rung, said: Vec::new() };
                self.past.replies.insert(*turn, reply);
                self.generating.insert(*turn, now);
            }
            Action::Prefill { reading, messages } => {
                self.reading.insert(*reading, (now, question(messages)));
            }
            Action::Rebuild { reading, .. } => {
                self.rebuilding.insert(*reading, now);
            }
            Action::OpenUtterance { utterance, from } => {
                self.utterances.insert(*utterance, *from);
            }
            Action::Speak { chunk, text, .. } => {
                self.speaking.insert(*chunk, (now, text.clone()));
                self.sounding.remove(chunk);
            }
            Action::Send { chunk, mark, .. } => {
                self.playing.insert(*mark, *chunk);
                self.started.remove(chunk);
            }
            Action::CommitUtterance { .. }
            | Action::Hearing { .. }
            | Action::CloseUtterance { .. }
            | Action::Release { .. }
            | Action::StopGenerating { .. }
            | Action::Cancel { .. }
            | Action::Pause
            | Action::ClearPlayback
            | Action::TimedOut { .. }
            | Action::PromptTooLong { .. }
            | Action::NotSaid { .. }
            | Action::CallTools { .. }
            | Action::RunTool { .. }
            | Action::CancelTool { .. }
            | Action::TurnReport(_)
            | Action::HangUp { .. } => {}
        }
    }

    fn happened(&mut self, now: CallTime, event: &Event) {
        match event {
            Event::Transcribed { utterance, pass, heard_until, text, doubtful } => {
                let asked = self.transcribing.get(&(*utterance, *pass)).copied().unwrap_or(now);
                let from = self.utterances.get(utterance).copied().unwrap_or(*heard_until);
                let (until, took, text, doubtful) = (*heard_until, now - asked, text.clone(), *doubtful);
                self.past.heard.push(HeardThen { from, until, took, text, doubtful });
            }
            Event::Token { turn, text } => self.said(now, *turn, Said::Text(text.clone())),
            Event::GenerationDone { turn, usage } => self.said(now, *turn, Said::Done(usage.clone())),
            Event::GenerationFailed { turn } => self.said(now, *turn, Said::Failed),
            Event::EndOfTurnScore { asked, probability } => self.scored(now, *asked, *probability),
            Event::ReadAhead { reading, done } => {
                if let Some(asked) = self.rebuilding.get(reading) {
                    self.past.rebuilt = (now - *asked, *done);
                }
            }
            Event::ChunkReady { chunk, duration, words, more: _ } => {
                if let Some((asked, text)) = self.speaking.get(chunk) {
                    // What counts is when the speech began, and all of what came of it.
                    let took = *self.sounding.entry(*chunk).or_insert(now - *asked);
                    let sounded = Sounded { took, duration: *duration, words: words.clone() };
                    self.past.sounds.insert(text.clone(), sounded);
                }
            }
            Event::ChunkStarted { chunk, plays_at } => {
                self.started.insert(*chunk, *plays_at);
            }
            // A mark that comes before the end of its chunk was returned by a clear.
            Event::MarkPlayed { mark } => {
                self.ways.extend(self.end_of(*mark).filter(|end| *end <= now).map(|end| now - end));
            }
            Event::CallStarted
            | Event::SpeechStarted { .. }
            | Event::SpeechSustained { .. }
            | Event::SpeechEnded { .. }
            | Event::LineStalled
            | Event::LineCaughtUp
            | Event::Key { .. }
            | Event::TranscriptionFailed { .. }
            | Event::SynthesisFailed { .. }
            | Event::ChunkStalled { .. }
            | Event::MarkSent { .. }
            | Event::InterruptRequested
            | Event::Remembered { .. }
            | Event::AnswerRequested { .. }
            | Event::Instructed { .. }
            | Event::ToolsGiven { .. }
            | Event::ToolReturned { .. }
            | Event::ToolDone { .. }
            | Event::ToolsRefused { .. }
            | Event::Informed { .. }
            | Event::SayRequested { .. }
            | Event::HeardNoMoreThan { .. }
            | Event::ModelsSwitched
            | Event::AgentChanged { .. }
            | Event::ReplyWords { .. } => {}
        }
    }

    fn said(&mut self, now: CallTime, turn: TurnId, said: Said) {
        if let (Some(asked), Some(reply)) = (self.generating.get(&turn), self.past.replies.get_mut(&turn)) {
            reply.said.push((now - *asked, said));
        }
    }

    fn scored(&mut self, now: CallTime, asked: Asked, probability: f32) {
        let given = match asked {
            Asked::Turn(turn) => self
                .generating
                .get(&turn)
                .copied()
                .zip(self.past.replies.get(&turn).map(|reply| reply.question.clone())),
            Asked::Reading(reading) => self.reading.get(&reading).cloned(),
        };
        if let Some((at, question)) = given {
            self.past.scores.insert(question, (now - at, probability));
        }
    }

    /// When the chunk before a mark should have been over.
    fn end_of(&self, mark: MarkId) -> Option<CallTime> {
        let chunk = self.playing.get(&mark)?;
        let (_, text) = self.speaking.get(chunk)?;
        Some(*self.started.get(chunk)? + self.past.sounds.get(text)?.duration)
    }
}
