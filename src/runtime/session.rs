//! One call: the task that owns its state. It turns messages into events, actions into jobs and
//! frames, and sleeps until the next of them. Decisions are the conversation's, not made here.

use std::collections::{BTreeMap, HashMap};

use axum::extract::ws::WebSocket;
use futures_util::stream::SplitStream;
use tokio::sync::mpsc;

use super::accept::next_message;
use super::call_log::{CallLog, wire_report};
use super::clock::Clock;
use super::ears::Ears;
use super::end::End;
use super::line::{Line, LineDead};
use super::pacer::{Due, Pacer};
use super::services::{Services, ears, settings};
use crate::conversation::latency::TurnReport;
use crate::conversation::{Action, Conversation, Event};
use crate::engine::runway::Runway;
use crate::engine::workers::{EngineResult, Question, QueueFull, Results};
use crate::engine::{CancelFlag, EngineError, Transcript};
use crate::gateway::{Inbound, Outbound, Start};
use crate::ids::{CallId, ChunkId, MarkId, TurnId, UtteranceId};
use crate::units::{CallTime, PHONE_RATE, duration_of};
use crate::vad::Edge;

/// Results that may wait for a call: its tokens, transcripts and pieces of some seconds.
const RESULTS_QUEUE: usize = 256;

/// One call.
pub struct Session {
    id: CallId,
    services: Services,
    clock: Clock,
    line: Line,
    conversation: Conversation,
    ears: Ears,
    pacer: Pacer,
    results: Results,
    /// Synthesised pieces that wait for the conversation's word to be sent.
    pieces: HashMap<ChunkId, Vec<i16>>,
    transcribing: CancelFlag,
    /// Of a piece of an utterance: the next transcription does not replace it.
    cutting: CancelFlag,
    answering: CancelFlag,
    /// How long the agent's voice can go on with what it has.
    runway: Runway,
    /// The reply that has already given a piece to the synthesiser.
    speaking: Option<TurnId>,
    log: CallLog,
    last_inbound: CallTime,
    /// The caller's audio is late, and the conversation knows it.
    stalled: bool,
}

impl Session {
    /// Runs a call that stands, to its end.
    pub(super) async fn begin(
        id: CallId,
        services: Services,
        clock: Clock,
        line: Line,
        start: Start,
        mut stream: SplitStream<WebSocket>,
    ) {
        let (results, mut inbox) = mpsc::channel(RESULTS_QUEUE);
        let config = services.config.clone();
        let mut session = Self {
            id,
            clock,
            line,
            conversation: Conversation::new(settings(&config)),
            ears: ears(&config, config.vad.detector),
            pacer: Pacer::new(config.playback.lead),
            results,
            pieces: HashMap::new(),
            transcribing: CancelFlag::default(),
            cutting: CancelFlag::default(),
            answering: CancelFlag::default(),
            runway: Runway::default(),
            speaking: None,
            log: CallLog::default(),
            last_inbound: clock.now(),
            stalled: false,
            services,
        };
        tracing::info!(rate = start.format.rate, "call started");
        let end = match session.run(&start, &mut stream, &mut inbox).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        session.finish(&end);
    }

    async fn run(
        &mut self,
        start: &Start,
        stream: &mut SplitStream<WebSocket>,
        inbox: &mut mpsc::Receiver<EngineResult>,
    ) -> Result<std::convert::Infallible, End> {
        self.line.set_rate(start.format.rate).map_err(|error| End::Lost(error.to_string()))?;
        self.line.send(&Outbound::Started { call_id: self.id.as_str() })?;
        self.tell(self.clock.now(), Event::CallStarted)?;
        let stop = self.services.stop.clone();
        loop {
            let wake = self.pump()?;
            let wake = self.clock.instant(wake);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(End::Drained),
                message = next_message(stream) => {
                    let now = self.clock.now();
                    self.last_inbound = now;
                    for inbound in self.line.decode(&message?)? {
                        self.inbound(now, inbound)?;
                    }
                }
                Some(result) = inbox.recv() => self.result(self.clock.now(), result)?,
                () = tokio::time::sleep_until(wake) => self.timeouts()?,
            }
        }
    }

    // What comes in.

    fn inbound(&mut self, now: CallTime, inbound: Inbound) -> Result<(), End> {
        match inbound {
            Inbound::Audio { samples, position_ms: _ } => {
                let samples = self.line.inbound_audio(samples);
                for edge in self.ears.hear(&samples, now) {
                    let event = match edge {
                        Edge::Started(at) => Event::SpeechStarted { at },
                        Edge::Sustained => Event::SpeechSustained,
                        Edge::Paused(at) => Event::SpeechEnded { at },
                    };
                    self.tell(now, event)?;
                }
                if self.stalled && !self.ears.are_behind(now) {
                    self.stalled = false;
                    self.tell(now, Event::LineCaughtUp)?;
                }
            }
            Inbound::Mark { name } => match name.strip_prefix('m').and_then(|n| n.parse().ok()) {
                Some(mark) => self.tell(now, Event::MarkPlayed { mark: MarkId(mark) })?,
                None => tracing::debug!("a mark came back that was never sent"),
            },
            Inbound::Ping { id } => {
                let pong = self.log.pong(id, self.queues(), &self.services.engines.meters());
                self.line.send(&Outbound::Pong(&pong))?;
            }
            Inbound::Interrupt => self.tell(now, Event::InterruptRequested)?,
            Inbound::EndRequested => return Err(End::Requested),
            Inbound::Stopped => return Err(End::HungUp),
            Inbound::Dtmf { .. } => tracing::debug!("a key was pressed; keys have no meaning yet"),
            Inbound::Ignored { name } => tracing::trace!(%name, "message ignored"),
            Inbound::Started(_) => tracing::debug!("a second start was tolerated"),
        }
        Ok(())
    }

    fn result(&mut self, now: CallTime, result: EngineResult) -> Result<(), End> {
        let event = match result {
            EngineResult::Transcribed { utterance, pass, heard_until, result } => match result {
                Ok(Transcript { text, doubtful, .. }) => {
                    tracing::debug!(%utterance, pass, text, doubtful, "transcribed");
                    Event::Transcribed { utterance, pass, heard_until, text, doubtful }
                }
                Err(error) => {
                    if !matches!(error, EngineError::Cancelled) {
                        self.failed("transcription_failed", &error);
                    }
                    Event::TranscriptionFailed { utterance, pass }
                }
            },
            EngineResult::Token { turn, text } => Event::Token { turn, text },
            EngineResult::Generated { turn, result: Ok(usage) } => {
                tracing::debug!(%turn, ?usage, "generated");
                Event::GenerationDone { turn }
            }
            EngineResult::Generated { turn, result: Err(error) } => {
                self.failed("generation_failed", &error);
                Event::GenerationFailed { turn }
            }
            EngineResult::Synthesized { chunk, result: Ok(speech) } => {
                let duration = duration_of(speech.samples.len(), PHONE_RATE);
                self.pieces.insert(chunk, speech.samples);
                self.tell(now, Event::ChunkReady { chunk, duration, words: speech.words })?;
                // What the conversation did not send now, it never will.
                self.pieces.remove(&chunk);
                return Ok(());
            }
            EngineResult::Synthesized { result: Err(EngineError::Cancelled), .. } => return Ok(()),
            EngineResult::Synthesized { chunk, result: Err(error) } => {
                self.failed("synthesis_failed", &error);
                Event::SynthesisFailed { chunk }
            }
        };
        self.tell(now, event)
    }

    fn failed(&mut self, code: &str, error: &dyn std::error::Error) {
        tracing::error!(code, %error, "an engine failed");
        self.log.error(code, error.to_string());
    }

    // What time brings.

    /// Sends what is due and says when to wake up next.
    fn pump(&mut self) -> Result<CallTime, End> {
        let now = self.clock.now();
        while let Some(due) = self.pacer.poll(now) {
            match due {
                Due::Frame(samples) => self.line.send_audio(samples)?,
                Due::Mark(mark) => self.line.send(&Outbound::Mark { name: &mark.to_string() })?,
                Due::Started(chunk, plays_at) => self.tell(now, Event::ChunkStarted { chunk, plays_at })?,
            }
        }
        let end = self.pacer.plays_until();
        if end > now {
            self.runway.lasts_until(self.services.engines.now() + (end - now));
        }
        let idle = self.last_inbound + self.services.config.server.idle_timeout;
        let timer = self.conversation.poll_timeout().map(|(at, _)| at);
        let late = self.ears.behind_from().filter(|_| !self.stalled);
        Ok([timer, late, self.pacer.next_deadline()].into_iter().flatten().fold(idle, CallTime::min))
    }

    fn timeouts(&mut self) -> Result<(), End> {
        let now = self.clock.now();
        let idle = self.services.config.server.idle_timeout;
        if now >= self.last_inbound + idle {
            return Err(End::Idle(idle));
        }
        if self.line.is_dead() {
            return Err(LineDead.into());
        }
        if !self.stalled && self.ears.are_behind(now) {
            self.stalled = true;
            self.tell(now, Event::LineStalled)?;
        }
        while let Some((_, timer)) = self.conversation.poll_timeout().filter(|&(at, _)| at <= now) {
            tracing::trace!(?timer, "deadline");
            self.conversation.handle_timeout(now);
            self.act(now)?;
        }
        Ok(())
    }

    // What goes out.

    fn tell(&mut self, now: CallTime, event: Event) -> Result<(), End> {
        tracing::trace!(at = %now, ?event, "event");
        self.conversation.handle(now, event);
        self.act(now)
    }

    fn act(&mut self, now: CallTime) -> Result<(), End> {
        while let Some(action) = self.conversation.poll_action() {
            tracing::trace!(at = %now, ?action, "action");
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
                    self.line.send(&Outbound::Hearing { utterance, stable: &stable, unstable: &unstable })?;
                }
                Action::Generate { turn, messages } => {
                    self.runway.begin_anew();
                    let question = Question {
                        call: self.id.clone(),
                        turn,
                        messages,
                        sampling: self.services.config.llm.sampling.clone(),
                        cancel: self.answering.renew(),
                        runway: self.runway.clone(),
                    };
                    let asked = self.services.engines.generate(question, &self.results);
                    self.or_tell(now, asked, Event::GenerationFailed { turn });
                }
                Action::Cancel { turn: _ } => self.answering.cancel(),
                Action::Speak { turn, chunk, text } => {
                    let first = self.speaking.replace(turn) != Some(turn);
                    if self.answering.is_cancelled() {
                        self.answering = CancelFlag::default();
                    }
                    let flag = self.answering.clone();
                    let asked = self.services.engines.synthesize(text, chunk, first, flag, &self.results);
                    self.or_tell(now, asked, Event::SynthesisFailed { chunk });
                }
                Action::Send { chunk, mark, silence } => {
                    if let Some(samples) = self.pieces.remove(&chunk) {
                        self.pacer.push(chunk, &samples, silence, mark);
                    }
                }
                Action::ClearPlayback => {
                    self.pacer.clear(now);
                    self.line.send(&Outbound::Clear)?;
                }
                Action::TurnReport(report) => self.report(report)?,
            }
        }
        Ok(())
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
        let asked = self.services.engines.transcribe(audio, utterance, pass, partial, flag, &self.results);
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

    fn report(&mut self, report: TurnReport) -> Result<(), End> {
        let speech_end_ms = report.speech_end.map(|at| self.ears.position_of(at).as_secs_f64() * 1000.0);
        let wire = wire_report(&report, speech_end_ms);
        tracing::info!(
            turn = report.turn.0,
            v2v_ms = wire.v2v_ms.map(f64::round),
            interrupted = report.interrupted,
            failed = report.failed,
            "turn over"
        );
        tracing::debug!(turn = report.turn.0, heard = report.heard, reply = report.reply, "words");
        self.log.turn(report);
        Ok(self.line.send(&Outbound::Turn(&wire))?)
    }

    fn queues(&self) -> BTreeMap<String, u64> {
        let depth = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        BTreeMap::from([
            ("results".to_owned(), depth(RESULTS_QUEUE - self.results.capacity())),
            ("socket".to_owned(), depth(self.line.queued())),
            ("playback_ms".to_owned(), depth(self.pacer.queued().as_millis() as usize)),
        ])
    }

    fn finish(mut self, end: &End) {
        let now = self.clock.now();
        self.transcribing.cancel();
        self.cutting.cancel();
        self.answering.cancel();
        self.services.engines.end_call(&self.id);
        self.conversation.end(now);
        while let Some(action) = self.conversation.poll_action() {
            if let Action::TurnReport(report) = action {
                // The socket may be gone; the log has it all the same.
                let _ = self.report(report);
            }
        }
        let summary = self.log.summary(self.id.as_str(), now.as_millis() as f64);
        let _ = self.line.send(&Outbound::Summary(&summary));
        self.line.close(end.close_code(), &end.to_string());
        match end {
            End::HungUp | End::Requested | End::Drained => {
                tracing::info!(reason = %end, turns = summary.turns, seconds = %now, "call ended");
            }
            End::Lost(_) | End::Refused(_) | End::NoStart(_) | End::Idle(_) | End::Dead(_) => {
                tracing::warn!(reason = %end, turns = summary.turns, seconds = %now, disordered = self.line.disordered(), "call ended");
            }
        }
    }
}
