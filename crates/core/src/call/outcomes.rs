//! The outcomes of jobs: they become events of the conversation, and failures are reported. Must not know
//! which engine works on a job.

use super::jobs::{Purpose, Words};
use super::{Call, Flow, JobId, Outcome, SpokenPart};
use crate::ids::{Asked, ChunkId};
use crate::report::{Report, Trouble};
use crate::turns::Event;
use crate::units::CallTime;

impl Call {
    pub(super) fn outcome(&mut self, now: CallTime, job: JobId, outcome: Outcome) -> Flow {
        // It is not known what another model means by a probability.
        let is_the_judge = self.jobs.model_of(job) == Some(&self.judge);
        // An outcome that nobody waits for any more is dropped here, and nowhere else.
        let Some(purpose) = self.jobs.take(job, &outcome) else { return Ok(()) };
        let event = match purpose {
            Purpose::Words { .. } => self.words(purpose, outcome),
            Purpose::Answer { .. } | Purpose::Reading { .. } => self.thought(purpose, outcome, is_the_judge),
            Purpose::Speech { .. } => self.speech(purpose, outcome),
            Purpose::Tool { call } => self.tool_outcome(now, call, outcome),
        };
        let flow = event.map_or(Ok(()), |event| self.tell(now, event));
        self.synthesize_what_waits();
        flow
    }

    fn words(&mut self, purpose: Purpose, outcome: Outcome) -> Option<Event> {
        let Purpose::Words { utterance, pass, heard_until, kind } = purpose else { return None };
        match outcome {
            Outcome::Heard { text, doubtful } => {
                tracing::debug!(%utterance, pass, text, doubtful, "transcribed");
                return Some(Event::Transcribed { utterance, pass, heard_until, text, doubtful });
            }
            Outcome::Failed(why) => self.trouble(Trouble::Engine, "transcription_failed", why),
            // Under load, partial transcriptions are skipped; that is no error.
            Outcome::Overloaded(why) if kind != Words::Partial => {
                self.trouble(Trouble::Engine, "overloaded", why);
            }
            Outcome::Overloaded(_) | Outcome::GaveWay => {}
            Outcome::Begun { .. }
            | Outcome::Token(_)
            | Outcome::EndOfTurn(_)
            | Outcome::Done(_)
            | Outcome::ToolsRefused(_)
            | Outcome::Speaking(_)
            | Outcome::Returned(_)
            | Outcome::Spoken(_) => return unexpected(purpose, &outcome),
        }
        Some(Event::TranscriptionFailed { utterance, pass })
    }

    fn thought(&mut self, purpose: Purpose, outcome: Outcome, is_the_judge: bool) -> Option<Event> {
        let asked = match purpose {
            Purpose::Answer { turn } => Asked::Turn(turn),
            Purpose::Reading { reading, .. } => Asked::Reading(reading),
            Purpose::Words { .. } | Purpose::Speech { .. } | Purpose::Tool { .. } => return None,
        };
        match (outcome, asked) {
            (Outcome::Begun { model }, Asked::Turn(turn)) => {
                self.models.insert(turn, model);
                None
            }
            (Outcome::Begun { .. }, Asked::Reading(_)) => None,
            (Outcome::EndOfTurn(probability), _) => {
                is_the_judge.then_some(Event::EndOfTurnScore { asked, probability })
            }
            (Outcome::Token(text), Asked::Turn(turn)) => Some(Event::Token { turn, text }),
            (Outcome::Done(usage), Asked::Turn(turn)) => {
                tracing::debug!(%turn, ?usage, "generated");
                Some(Event::GenerationDone { turn, usage: Some(usage) })
            }
            (Outcome::Done(_), Asked::Reading(reading)) => Some(Event::ReadAhead { reading, done: true }),
            // A busy machine computes the prompt only when it has to; that is no error.
            (
                why @ (Outcome::Failed(_)
                | Outcome::GaveWay
                | Outcome::ToolsRefused(_)
                | Outcome::Overloaded(_)),
                Asked::Reading(reading),
            ) => {
                tracing::debug!(%reading, ?why, "the prefill was not done");
                Some(Event::ReadAhead { reading, done: false })
            }
            (Outcome::ToolsRefused(why), Asked::Turn(turn)) => {
                self.report(&Report::Error { code: "tools_refused", message: &why });
                self.trouble(Trouble::NotDone, "tools_refused", why);
                Some(Event::ToolsRefused { turn })
            }
            (Outcome::Overloaded(why), Asked::Turn(turn)) => {
                self.trouble(Trouble::Engine, "overloaded", why);
                Some(Event::GenerationFailed { turn })
            }
            (Outcome::Failed(why), Asked::Turn(turn)) => {
                self.trouble(Trouble::Engine, "generation_failed", why);
                Some(Event::GenerationFailed { turn })
            }
            (Outcome::GaveWay, Asked::Turn(turn)) => Some(Event::GenerationFailed { turn }),
            (other, _) => unexpected(purpose, &other),
        }
    }

    fn speech(&mut self, purpose: Purpose, outcome: Outcome) -> Option<Event> {
        let Purpose::Speech { chunk, .. } = purpose else { return None };
        match outcome {
            Outcome::Speaking(part) => return self.spoken(chunk, part, true),
            Outcome::Spoken(part) => return self.spoken(chunk, part, false),
            Outcome::Overloaded(why) => self.trouble(Trouble::Engine, "overloaded", why),
            Outcome::Failed(why) => self.trouble(Trouble::Engine, "synthesis_failed", why),
            Outcome::GaveWay => {}
            Outcome::Heard { .. }
            | Outcome::Begun { .. }
            | Outcome::Token(_)
            | Outcome::EndOfTurn(_)
            | Outcome::ToolsRefused(_)
            | Outcome::Returned(_)
            | Outcome::Done(_) => return unexpected(purpose, &outcome),
        }
        self.no_more_of(chunk);
        Some(Event::SynthesisFailed { chunk })
    }

    /// A part of a chunk's speech: it is played on if the chunk is being played already.
    fn spoken(&mut self, chunk: ChunkId, part: SpokenPart, more: bool) -> Option<Event> {
        self.pacer.extend(chunk, &part.samples);
        self.voice.spoken(chunk, part);
        if !more {
            self.no_more_of(chunk);
        }
        let (duration, words) = self.voice.timing_of(chunk)?;
        Some(Event::ChunkReady { chunk, duration, words, more })
    }

    /// The speech of a chunk is complete, or ends where it is.
    pub(super) fn no_more_of(&mut self, chunk: ChunkId) {
        self.pacer.end(chunk);
        self.voice.is_complete(chunk);
    }
}

/// Logs an outcome that no engine gives for such a job.
fn unexpected(purpose: Purpose, outcome: &Outcome) -> Option<Event> {
    tracing::error!(?purpose, ?outcome, "an outcome of the wrong kind for its job");
    None
}
