//! What the engines and the line did in a call, read from its trace: what was heard, what was answered,
//! how it sounded, and how long each took. Must not know what is done with it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::replay::Trace;
use super::super::trace::What;
use super::super::{Action, Event};
use crate::engine::WordTime;
use crate::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use crate::units::CallTime;

/// What was heard of an utterance up to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeardThen {
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
    Done,
    Failed,
}

/// How a text sounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sounded {
    pub(super) took: Duration,
    pub(super) duration: Duration,
    pub(super) words: Vec<WordTime>,
}

/// The whole of it.
#[derive(Debug, Default)]
pub(super) struct Past {
    heard: Vec<HeardThen>,
    /// The reply to each question: what came, and how long after it was asked.
    replies: BTreeMap<String, Vec<(Duration, Said)>>,
    sounds: BTreeMap<String, Sounded>,
    /// From the end of a piece to its mark; `None` if no mark ever came.
    pub(super) way: Option<Duration>,
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

    /// What had been heard by `now` of an utterance that began at `from`, as far as the trace tells.
    pub(super) fn heard_by(&self, from: CallTime, now: CallTime) -> Option<&HeardThen> {
        let of_utterance = || self.heard.iter().filter(|heard| heard.until >= from);
        let before = of_utterance().filter(|heard| heard.until <= now).max_by_key(|heard| heard.until);
        before.or_else(|| of_utterance().min_by_key(|heard| heard.until))
    }

    /// The reply to a question, if it was ever asked and answered.
    pub(super) fn reply_to(&self, question: &str) -> Option<&[(Duration, Said)]> {
        self.replies.get(question).map(Vec::as_slice).filter(|reply| !reply.is_empty())
    }

    pub(super) fn sound_of(&self, text: &str) -> Option<&Sounded> {
        self.sounds.get(text)
    }
}

/// What was asked for and has not come yet.
#[derive(Default)]
struct Reader {
    past: Past,
    transcribing: BTreeMap<(UtteranceId, u32), CallTime>,
    generating: BTreeMap<TurnId, (CallTime, String)>,
    speaking: BTreeMap<ChunkId, (CallTime, String)>,
    playing: BTreeMap<MarkId, ChunkId>,
    started: BTreeMap<ChunkId, CallTime>,
    ways: Vec<Duration>,
}

impl Reader {
    fn done(&mut self, now: CallTime, action: &Action) {
        if let Action::Transcribe { utterance, pass, .. } | Action::TranscribePiece { utterance, pass } =
            action
        {
            self.transcribing.insert((*utterance, *pass), now);
        } else if let Action::Generate { turn, messages, .. } = action {
            let question = messages.last().map_or(String::new(), |m| m.text.clone());
            self.past.replies.insert(question.clone(), Vec::new());
            self.generating.insert(*turn, (now, question));
        } else if let Action::Speak { chunk, text, .. } = action {
            self.speaking.insert(*chunk, (now, text.clone()));
        } else if let Action::Send { chunk, mark, .. } = action {
            self.playing.insert(*mark, *chunk);
            self.started.remove(chunk);
        }
    }

    fn happened(&mut self, now: CallTime, event: &Event) {
        if let Event::Transcribed { utterance, pass, heard_until, text, doubtful } = event {
            let asked = self.transcribing.get(&(*utterance, *pass)).copied().unwrap_or(now);
            let (text, doubtful) = (text.clone(), *doubtful);
            self.past.heard.push(HeardThen { until: *heard_until, took: now - asked, text, doubtful });
        } else if let Event::Token { turn, text } = event {
            self.said(now, *turn, Said::Text(text.clone()));
        } else if let Event::GenerationDone { turn } = event {
            self.said(now, *turn, Said::Done);
        } else if let Event::GenerationFailed { turn } = event {
            self.said(now, *turn, Said::Failed);
        } else if let Event::ChunkReady { chunk, duration, words } = event {
            if let Some((asked, text)) = self.speaking.get(chunk) {
                let sounded = Sounded { took: now - *asked, duration: *duration, words: words.clone() };
                self.past.sounds.insert(text.clone(), sounded);
            }
        } else if let Event::ChunkStarted { chunk, plays_at } = event {
            self.started.insert(*chunk, *plays_at);
        } else if let Event::MarkPlayed { mark } = event {
            self.ways.extend(self.end_of(*mark).map(|end| now - end));
        }
    }

    fn said(&mut self, now: CallTime, turn: TurnId, said: Said) {
        if let Some((asked, question)) = self.generating.get(&turn) {
            self.past.replies.entry(question.clone()).or_default().push((now - *asked, said));
        }
    }

    /// When the piece before a mark should have been over.
    fn end_of(&self, mark: MarkId) -> Option<CallTime> {
        let chunk = self.playing.get(&mark)?;
        let (_, text) = self.speaking.get(chunk)?;
        Some(*self.started.get(chunk)? + self.past.sounds.get(text)?.duration)
    }
}
