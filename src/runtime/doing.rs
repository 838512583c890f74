//! What a call does when its conversation decides: actions become jobs for the engines and frames for
//! the line. Decisions are not made here.

use std::collections::BTreeMap;

use super::end::End;
use super::results::{self, EngineResult, Thoughts};
use super::session::Session;
use crate::dialogue::{Message, Role};
use crate::engine::ports::{HearRequest, SpeakRequest, ThinkRequest};
use crate::engine::queue::QueueFull;
use crate::engine::runway::Runway;
use crate::engine::wanted::Wanted;
use crate::engine::{CancelFlag, Sampling, Task};
use crate::ids::{Asked, ChunkId, ReadingId, TurnId, UtteranceId};
use crate::report::{Report, ReportedTurn, TurnReport};
use crate::streams::Media;
use crate::turns::{Action, Event};
use crate::units::{CallTime, PHONE_RATE};

impl Session {
    pub(super) fn tell(&mut self, now: CallTime, event: Event) -> Result<(), End> {
        let switches = self.services.engines.models.switches();
        if std::mem::replace(&mut self.switches, switches) != switches {
            self.conversation.handle(now, Event::ModelsSwitched);
        }
        self.conversation.handle(now, event);
        self.act(now)
    }

    pub(super) fn act(&mut self, now: CallTime) -> Result<(), End> {
        while let Some(action) = self.conversation.poll_action(now) {
            match action {
                Action::OpenUtterance { utterance: _, from } => self.ears.open(from),
                Action::CommitUtterance { utterance: _, until, from } => self.ears.let_go(until, from),
                Action::CloseUtterance { utterance: _ } => {
                    self.transcribing.cancel();
                    self.cutting.renew();
                    self.ears.close();
                }
                Action::Transcribe { utterance, pass, partial } => {
                    let flag = self.transcribing.renew();
                    let audio = self.ears.utterance();
                    self.transcribe(now, audio, utterance, pass, partial, flag);
                }
                Action::TranscribePiece { utterance, pass } => {
                    // Of what was looked at, the beginning is gone.
                    self.transcribing.cancel();
                    let audio = self.ears.cut();
                    self.transcribe(now, audio, utterance, pass, false, self.cutting.clone());
                }
                Action::Hearing { utterance, stable, unstable } => {
                    tracing::debug!(%utterance, stable, unstable, "hearing");
                    self.line.report(&Report::Hearing { utterance, stable: &stable, unstable: &unstable })?;
                }
                Action::Generate { turn, messages, speculative, rung } => {
                    self.listening.cancel();
                    self.working.begin(turn, !speculative);
                    self.runway.begin_anew();
                    let request = ThinkRequest {
                        session: self.id.as_str().to_owned(),
                        messages,
                        task: Task::Answer,
                        sampling: self.services.config.llm.sampling.clone(),
                        cancel: self.working.generating.clone(),
                        wanted: self.working.wanted.clone(),
                        runway: self.runway.clone(),
                    };
                    let asked = self.think(rung, request, Asked::Turn(turn));
                    let asked = asked.map(|model| self.asked.insert(turn, model)).map(drop);
                    self.or_tell(now, asked, Event::GenerationFailed { turn });
                }
                Action::Release { turn: _ } => self.working.wanted.set(),
                Action::StopGenerating { turn: _ } => self.working.generating.cancel(),
                Action::Cancel { turn } => {
                    if self.working.turn == Some(turn) {
                        self.working.cancel();
                    }
                    self.forget_pieces(turn);
                }
                Action::Prefill { reading, messages } => self.read(now, reading, messages, false),
                Action::Rebuild { reading, messages } => self.read(now, reading, messages, true),
                Action::Speak { turn, chunk, text } => self.speak(now, turn, chunk, text),
                Action::Send { chunk, mark, first, silence, from } => {
                    if let Some((_, samples)) = self.pieces.get(&chunk) {
                        let from =
                            crate::units::samples_in(from, crate::units::PHONE_RATE).min(samples.len());
                        self.pacer.push(chunk, &samples[from..], silence, mark, first);
                    }
                }
                Action::Pause => {
                    self.pacer.clear(now);
                    self.runway.begin_anew();
                    self.line.send(&Media::Clear)?;
                }
                Action::ClearPlayback => {
                    self.pacer.clear(now);
                    self.runway.begin_anew();
                    self.pieces.clear();
                    self.line.send(&Media::Clear)?;
                }
                Action::TimedOut { on } => {
                    tracing::warn!(code = on.code(), "{}", on.message());
                    self.log.error(on.code(), on.message().to_owned());
                }
                Action::TurnReport(report) => self.report(*report)?,
                Action::HangUp { why } => {
                    self.line.send(&Media::Hangup)?;
                    return Err(End::SaidGoodbye(why));
                }
            }
        }
        Ok(())
    }

    fn speak(&mut self, now: CallTime, turn: TurnId, chunk: ChunkId, text: String) {
        // What is not generated (the greeting, the fallback phrase) is always wanted.
        if self.working.turn != Some(turn) {
            self.working.begin(turn, true);
        }
        let first = !std::mem::replace(&mut self.working.spoke, true);
        self.of_turn.insert(chunk, turn);
        let (cancel, wanted) = (self.working.speaking.clone(), self.working.wanted.clone());
        let request = SpeakRequest { text, first, wanted, cancel };
        let done = results::deliver(&self.results, move |result| EngineResult::Synthesized { chunk, result });
        let asked = done.and_then(|done| self.services.engines.speak.speak(request, done));
        self.or_tell(now, asked, Event::SynthesisFailed { chunk });
    }

    /// This call has a system prompt of its own, which no other call has had read: there is time while the
    /// greeting is spoken.
    pub(super) fn read_ahead(&mut self, now: CallTime, system_prompt: &str) {
        let message = |role, text: &str| Message { role, text: text.to_owned() };
        let messages = vec![message(Role::System, system_prompt), message(Role::User, "Hello.")];
        self.read(now, ReadingId::default(), messages, true);
    }

    /// What the caller says now takes the place of what they said before; what is read beside it goes on.
    fn read(&mut self, now: CallTime, reading: ReadingId, messages: Vec<Message>, rebuild: bool) {
        let flag = if rebuild { &mut self.rebuilding } else { &mut self.listening };
        let cancel = flag.renew();
        let max_tokens = self.services.config.llm.sampling.max_tokens;
        let request = ThinkRequest {
            session: self.id.as_str().to_owned(),
            messages,
            task: if rebuild { Task::Rebuild } else { Task::Listen },
            sampling: Sampling { max_tokens, ..Sampling::default() },
            cancel,
            wanted: Wanted::default(),
            runway: Runway::default(),
        };
        // A busy machine reads it when it has to; that is no error.
        if let Err(error) = self.think(0, request, Asked::Reading(reading)) {
            tracing::debug!(%error, "nothing is read ahead");
            self.conversation.handle(now, Event::ReadAhead { reading, done: false });
        }
    }

    /// Asks the language model on a rung; gives its name.
    fn think(&self, rung: usize, request: ThinkRequest, asked: Asked) -> Result<String, QueueFull> {
        let (name, model) = self.services.engines.models.get(rung)?;
        model.begin(request, Box::new(Thoughts { asked, results: self.results.clone() }))?;
        Ok(name.to_owned())
    }

    /// The sound of a turn that nobody will hear any more.
    fn forget_pieces(&mut self, turn: TurnId) {
        self.of_turn.retain(|_, of| *of != turn);
        self.pieces.retain(|_, (of, _)| *of != turn);
    }

    fn transcribe(
        &mut self,
        now: CallTime,
        audio: (Vec<i16>, CallTime),
        utterance: UtteranceId,
        pass: u32,
        partial: bool,
        flag: CancelFlag,
    ) {
        let (samples, heard_until) = audio;
        let request = HearRequest { samples, rate: PHONE_RATE, partial, cancel: flag };
        let done = results::deliver(&self.results, move |result| EngineResult::Transcribed {
            utterance,
            pass,
            heard_until,
            result,
        });
        let asked = done.and_then(|done| self.services.engines.hear.hear(request, done));
        let otherwise = Event::TranscriptionFailed { utterance, pass };
        match asked {
            // Looks are skipped when there is much to do; that is no error.
            Err(_) if partial => self.conversation.handle(now, otherwise),
            asked => self.or_tell(now, asked, otherwise),
        }
    }

    /// A job that no queue takes has failed.
    fn or_tell(&mut self, now: CallTime, asked: Result<(), QueueFull>, otherwise: Event) {
        if let Err(error) = asked {
            self.failed("overloaded", &error);
            self.conversation.handle(now, otherwise);
        }
    }

    pub(super) fn failed(&mut self, code: &str, error: &dyn std::error::Error) {
        tracing::error!(code, %error, "an engine failed");
        self.log.error(code, error.to_string());
    }

    pub(super) fn report(&mut self, report: TurnReport) -> Result<(), End> {
        self.forget_pieces(report.turn);
        let speech_end_ms = report.speech_end.map(|at| self.ears.position_of(at).as_secs_f64() * 1000.0);
        let asked = self.asked.remove(&report.turn);
        let model = asked.filter(|_| !report.failed).unwrap_or_default();
        self.asked.retain(|turn, _| *turn > report.turn);
        let v2v_ms = report.stages.map(|stages| stages.total_ms().round());
        tracing::info!(
            turn = report.turn.0,
            v2v_ms,
            interrupted = report.interrupted,
            hiccups = report.hiccups,
            failed = report.failed,
            rung = report.rung,
            prompt = report.tokens.map(|tokens| tokens.prompt),
            reused = report.tokens.map(|tokens| tokens.reused),
            "turn over"
        );
        tracing::debug!(turn = report.turn.0, heard = report.heard, reply = report.reply, "words");
        self.log.turn(report.clone());
        let turn = ReportedTurn { turn: report, model, speech_end_ms };
        if let Some(reporter) = &self.services.reporter {
            reporter.turn(&self.id, &turn);
        }
        Ok(self.line.report(&Report::Turn(&turn))?)
    }

    pub(super) fn queues(&self) -> BTreeMap<String, u64> {
        let depth = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        BTreeMap::from([
            ("results".to_owned(), depth(results::QUEUE - self.results.capacity())),
            ("socket".to_owned(), depth(self.line.queued())),
            ("playback_ms".to_owned(), depth(self.pacer.queued().as_millis() as usize)),
        ])
    }
}
