//! An agent for measuring interruptions: it says a text with the configured voice, and records when the
//! conversation paused it and cut it off. It has no gateway and plays no samples; only times count. Must not
//! know who interrupts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::{CancelFlag, Synthesizer};
use crate::ids::ChunkId;
use crate::timeline::Timeline;
use crate::turns::{Action, Event};
use crate::units::{CallTime, duration_of};

/// The speaking agent.
pub(in crate::cli) struct Agent {
    voice: Box<dyn Synthesizer>,
    lengths: BTreeMap<ChunkId, Duration>,
    playing_until: CallTime,
    /// The times at which it paused, and the time at which it was cut off.
    pub(in crate::cli) paused: Vec<CallTime>,
    pub(in crate::cli) cut: Option<CallTime>,
}

impl Agent {
    pub(in crate::cli) fn new(voice: Box<dyn Synthesizer>) -> Self {
        let lengths = BTreeMap::new();
        Self { voice, lengths, playing_until: CallTime::ZERO, paused: Vec::new(), cut: None }
    }

    /// Carries out an action of the conversation that concerns the voice, and adds the resulting events to
    /// `awaited`. When the agent stops, the playback still in `awaited` is removed.
    pub(super) fn act(
        &mut self,
        now: CallTime,
        action: &Action,
        awaited: &mut Timeline<Event>,
    ) -> anyhow::Result<()> {
        match action {
            Action::Speak { chunk, text, .. } => {
                let speech = self.voice.synthesize(text, &CancelFlag::default())?;
                let duration = duration_of(speech.samples.len(), speech.rate);
                self.lengths.insert(*chunk, duration);
                awaited
                    .at(now, Event::ChunkReady { chunk: *chunk, duration, words: speech.words, more: false });
            }
            Action::Send { chunk, mark, first: _, silence, from } => {
                let length = self.lengths.get(chunk).copied().unwrap_or_default();
                let start = self.playing_until.max(now) + *silence;
                self.playing_until = start + length.saturating_sub(*from);
                awaited.at(start, Event::ChunkStarted { chunk: *chunk, plays_at: start });
                awaited.at(self.playing_until, Event::MarkPlayed { mark: *mark });
            }
            Action::Pause => {
                self.stop(now, awaited);
                self.paused.push(now);
            }
            Action::ClearPlayback => {
                self.stop(now, awaited);
                self.cut.get_or_insert(now);
            }
            Action::OpenUtterance { .. }
            | Action::CommitUtterance { .. }
            | Action::Transcribe { .. }
            | Action::TranscribePiece { .. }
            | Action::Hearing { .. }
            | Action::CloseUtterance { .. }
            | Action::Generate { .. }
            | Action::Release { .. }
            | Action::StopGenerating { .. }
            | Action::Cancel { .. }
            | Action::Prefill { .. }
            | Action::Rebuild { .. }
            | Action::PromptTooLong { .. }
            | Action::NotSaid { .. }
            | Action::CallTools { .. }
            | Action::RunTool { .. }
            | Action::CancelTool { .. }
            | Action::TimedOut { .. }
            | Action::TurnReport(_)
            | Action::HangUp { .. } => {}
        }
        Ok(())
    }

    /// Drops all playback that is still to come.
    fn stop(&mut self, now: CallTime, awaited: &mut Timeline<Event>) {
        awaited.forget(|event| matches!(event, Event::ChunkStarted { .. } | Event::MarkPlayed { .. }));
        self.playing_until = now;
    }
}
