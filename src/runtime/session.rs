//! One call: the task that owns its state. It turns messages into events, actions into jobs and
//! frames, and sleeps until the next of them. Decisions are the conversation's, not made here.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call_log::CallLog;
use super::clock::Clock;
use super::end::{End, LineDead};
use super::incoming::Incoming;
use super::line::Line;
use super::opening::{Opening, refuse};
use super::recorded::Recorded;
use super::results::{self, EngineResult, Results};
use super::services::Services;
use super::working::Working;
use crate::config::call::{listener, settings_of};
use crate::engine::runway::Runway;
use crate::engine::{CancelFlag, EngineError, Transcript};
use crate::ids::{Asked, CallId, ChunkId, MarkId, TurnId};
use crate::media::echo::EchoGuard;
use crate::media::keepalive::Life;
use crate::media::listener::Ears;
use crate::media::pacer::{Due, Pacer};
use crate::report::Report;
use crate::streams::{Inbound, Media, Refusal, Start};
use crate::turns::{Action, Event};
use crate::units::{CallTime, PHONE_RATE, duration_of};
use crate::vad::Edge;

/// One call.
pub struct Session {
    pub(super) id: CallId,
    pub(super) services: Services,
    clock: Clock,
    pub(super) line: Line,
    pub(super) conversation: Recorded,
    pub(super) ears: Ears,
    echo: EchoGuard,
    pub(super) pacer: Pacer,
    pub(super) results: Results,
    /// Whose the pieces are that the synthesiser makes, and those that it has made; kept until they were
    /// heard, for they may be said again.
    pub(super) of_turn: HashMap<ChunkId, TurnId>,
    /// Which language model was asked for a turn that is not reported yet.
    pub(super) asked: HashMap<TurnId, String>,
    /// How often the models had been switched when that was looked at.
    pub(super) switches: usize,
    pub(super) pieces: HashMap<ChunkId, (TurnId, Vec<i16>)>,
    pub(super) transcribing: CancelFlag,
    /// Of a piece of an utterance: the next transcription does not replace it.
    pub(super) cutting: CancelFlag,
    pub(super) working: Working,
    /// What the language model reads while the caller speaks, and what it reads beside that for later.
    pub(super) listening: CancelFlag,
    pub(super) rebuilding: CancelFlag,
    /// How long the agent's voice can go on with what it has.
    pub(super) runway: Runway,
    pub(super) log: CallLog,
    life: Life,
    /// The caller's audio is late, and the conversation knows it.
    stalled: bool,
}

/// What is left of a call.
pub(super) struct Over {
    pub(super) line: Line,
    pub(super) end: End,
    /// It has begun; what it asked for can also be refused.
    pub(super) stood: bool,
}

impl Session {
    /// Runs a call that stands, to its end. Its socket is still open then.
    pub(super) async fn begin(
        id: CallId,
        services: Services,
        clock: Clock,
        mut line: Line,
        opening: Opening,
        taken_over: CancellationToken,
        incoming: &mut Incoming,
    ) -> Over {
        let Opening { start, early } = opening;
        let (results, mut inbox) = mpsc::channel(results::QUEUE);
        let config = services.config.clone();
        let count = services.engines.count.clone();
        let settings = match settings_of(&config, &start.agent, &count) {
            Ok(settings) => settings,
            Err(refusal) => {
                let end = End::from(refusal);
                refuse(&mut line, &end);
                return Over { line, end, stood: false };
            }
        };
        let traces = config.log.traces.as_deref();
        let mut session = Self {
            conversation: Recorded::new(settings, count, &id, traces),
            id,
            clock,
            pacer: Pacer::new(services.lead(line.dialect())),
            line,
            ears: listener(&config, config.vad.detector),
            echo: EchoGuard::new(config.barge_in.echo_loss_db),
            results,
            of_turn: HashMap::new(),
            asked: HashMap::new(),
            switches: services.engines.models.switches(),
            pieces: HashMap::new(),
            transcribing: CancelFlag::default(),
            cutting: CancelFlag::default(),
            working: Working::default(),
            listening: CancelFlag::default(),
            rebuilding: CancelFlag::default(),
            runway: Runway::default(),
            log: CallLog::new(start.client_id.clone(), start.custom.clone()),
            life: Life::new(config.server.idle_timeout, clock.now()),
            stalled: false,
            services,
        };
        tracing::info!(rate = start.format.rate, client_id = start.client_id, "call started");
        let end = match session.run(&start, early, &taken_over, incoming, &mut inbox).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        session.finish(&end);
        if matches!(end, End::SaidGoodbye(_)) {
            let dialect = session.line.dialect();
            session.services.hang_up(dialect, start.call_id.as_deref()).await;
        }
        Over { line: session.line, end, stood: true }
    }

    async fn run(
        &mut self,
        start: &Start,
        early: Vec<Inbound>,
        taken_over: &CancellationToken,
        incoming: &mut Incoming,
        inbox: &mut mpsc::Receiver<EngineResult>,
    ) -> Result<std::convert::Infallible, End> {
        self.line.set_rate(start.format.rate).map_err(|error| End::Lost(error.to_string()))?;
        if self.line.dialect().is_some_and(|dialect| !dialect.sends_silence()) {
            self.ears.expect_gaps(self.clock.now());
        }
        let client_id = start.client_id.as_deref();
        self.line.send(&Media::Started { call_id: self.id.as_str(), client_id })?;
        if let Some(prompt) = &start.agent.system_prompt {
            self.read_ahead(self.clock.now(), prompt);
        }
        self.services.press_opening_keys(self.line.dialect(), start.call_id.as_deref());
        self.tell(self.clock.now(), Event::CallStarted)?;
        for inbound in early {
            self.inbound(self.clock.now(), inbound)?;
        }
        let stop = self.services.stop.clone();
        loop {
            let wake = self.pump()?;
            let wake = self.clock.instant(wake);
            tokio::select! {
                biased;
                () = taken_over.cancelled() => return Err(End::TakenOver),
                () = stop.cancelled() => return Err(End::Drained),
                message = incoming.next() => {
                    let now = self.clock.now();
                    self.life.heard(now);
                    let decoded = match self.line.decode(&message?) {
                        Ok(decoded) => decoded,
                        Err(refusal) => {
                            self.tell_of_dropped(&incoming.drop_odd(refusal)?)?;
                            continue;
                        }
                    };
                    for inbound in decoded {
                        if let Inbound::Audio { samples, .. } = &inbound {
                            incoming.brought(duration_of(samples.len(), start.format.rate))?;
                        }
                        self.inbound(now, inbound)?;
                    }
                }
                Some(result) = inbox.recv() => self.result(self.clock.now(), result)?,
                () = tokio::time::sleep_until(wake) => self.timeouts()?,
            }
        }
    }

    // What comes in.

    /// A message that broke the protocol was dropped: the peer and the call's summary are told.
    fn tell_of_dropped(&mut self, refusal: &Refusal) -> Result<(), End> {
        let (code, message) = (refusal.code.as_str(), format!("a message was dropped: {refusal}"));
        self.line.report(&Report::Error { code, message: &message })?;
        self.log.error(code, message);
        Ok(())
    }

    fn inbound(&mut self, now: CallTime, inbound: Inbound) -> Result<(), End> {
        match inbound {
            Inbound::Audio { samples, position_ms } => {
                let samples = self.line.inbound_audio(samples, position_ms, now);
                let edges = self.ears.hear(&samples, now);
                self.edges(now, edges)?;
                if self.stalled && !self.ears.are_behind(now) {
                    self.stalled = false;
                    self.tell(now, Event::LineCaughtUp)?;
                }
            }
            Inbound::Mark { name } => match name.strip_prefix('m').and_then(|n| n.parse().ok()) {
                Some(mark) => self.tell(now, Event::MarkPlayed { mark: MarkId(mark) })?,
                None => tracing::debug!("a mark came back that was never sent"),
            },
            Inbound::Full => self.pacer.hold(now + self.services.config.server.send_timeout),
            Inbound::Room => self.pacer.go_on(),
            Inbound::Ping { id } => {
                let pong =
                    self.log.pong(id, self.queues(), self.line.reception(), &self.services.engines.meters());
                self.line.report(&Report::Pong(&pong))?;
            }
            Inbound::Interrupt => self.tell(now, Event::InterruptRequested)?,
            Inbound::EndRequested => return Err(End::Requested),
            Inbound::Stopped => return Err(End::HungUp),
            Inbound::Dtmf { digit } => self.tell(now, Event::Key { key: digit })?,
            Inbound::Ignored { name } => tracing::trace!(%name, "message ignored"),
            Inbound::Started(_) => tracing::debug!("a second start was tolerated"),
        }
        Ok(())
    }

    fn edges(&mut self, now: CallTime, edges: Vec<Edge>) -> Result<(), End> {
        for edge in edges {
            let event = match edge {
                Edge::Started(at) => Event::SpeechStarted { at },
                Edge::Sustained => {
                    Event::SpeechSustained { level: self.ears.sound_level(), echo: self.echo.expected(now) }
                }
                Edge::Paused(at) => Event::SpeechEnded { at },
            };
            self.tell(now, event)?;
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
            EngineResult::EndOfTurn { asked, probability } => {
                // endpoint.model_threshold is llm.model's: what another means by a probability is not known.
                let model = match asked {
                    Asked::Turn(turn) => self.asked.get(&turn).map(String::as_str),
                    Asked::Reading(_) => Some(self.services.engines.models.in_use()),
                };
                if model != Some(self.services.config.llm.name.as_str()) {
                    return Ok(());
                }
                Event::EndOfTurnScore { asked, probability }
            }
            EngineResult::ReadAhead { reading, result } => {
                if let Err(error) = &result {
                    tracing::debug!(%reading, %error, "nothing was read ahead");
                }
                Event::ReadAhead { reading, done: result.is_ok() }
            }
            EngineResult::Token { turn, text } => Event::Token { turn, text },
            EngineResult::Generated { turn, result: Ok(usage) } => {
                tracing::debug!(%turn, ?usage, "generated");
                Event::GenerationDone { turn, usage: Some(usage) }
            }
            EngineResult::Generated { turn, result: Err(error) } => {
                self.failed("generation_failed", &error);
                Event::GenerationFailed { turn }
            }
            EngineResult::Synthesized { chunk, result: Ok(speech) } => {
                // Of a turn that was cancelled meanwhile, nothing is kept.
                let Some(turn) = self.of_turn.remove(&chunk) else { return Ok(()) };
                let duration = duration_of(speech.samples.len(), PHONE_RATE);
                self.pieces.insert(chunk, (turn, speech.samples));
                Event::ChunkReady { chunk, duration, words: speech.words }
            }
            EngineResult::Synthesized { result: Err(EngineError::Cancelled), .. } => return Ok(()),
            EngineResult::Synthesized { chunk, result: Err(error) } => {
                self.failed("synthesis_failed", &error);
                Event::SynthesisFailed { chunk }
            }
        };
        self.tell(now, event)
    }

    // What time brings.

    /// Sends what is due and says when to wake up next.
    fn pump(&mut self) -> Result<CallTime, End> {
        let now = self.clock.now();
        if self.pacer.gives_up_waiting(now) {
            tracing::warn!("the line's buffer was full for too long: audio is sent again");
        }
        while let Some(due) = self.pacer.poll(now) {
            match due {
                Due::Frame(samples) => {
                    self.echo.sent(now, &samples);
                    self.line.send_audio(samples)?;
                }
                Due::Mark(mark) => {
                    self.line.send(&Media::Mark { name: &mark.to_string(), within: false })?;
                }
                Due::FirstMark(mark, due) => {
                    self.line.send(&Media::Mark { name: &mark.to_string(), within: true })?;
                    self.tell(now, Event::MarkSent { mark, due })?;
                }
                Due::Started(chunk, plays_at) => self.tell(now, Event::ChunkStarted { chunk, plays_at })?,
            }
        }
        let end = self.pacer.plays_until();
        if end > now {
            self.runway.lasts_until(self.services.engines.now() + (end - now));
        }
        let life = self.life.asks_at().min(self.life.ends_at());
        let timer = self.conversation.poll_timeout().map(|(at, _)| at);
        let late = self.ears.behind_from().filter(|_| !self.stalled);
        Ok([timer, late, self.pacer.next_deadline()].into_iter().flatten().fold(life, CallTime::min))
    }

    fn timeouts(&mut self) -> Result<(), End> {
        let now = self.clock.now();
        if now >= self.life.ends_at() {
            return Err(End::Idle(self.services.config.server.idle_timeout));
        }
        if now >= self.life.asks_at() {
            self.life.asked(now);
            self.line.ask_for_life()?;
        }
        if self.line.is_dead() {
            return Err(LineDead.into());
        }
        if self.ears.have_gaps() {
            self.fill_the_gap(now)?;
        } else if !self.stalled && self.ears.are_behind(now) {
            self.stalled = true;
            self.tell(now, Event::LineStalled)?;
        }
        while let Some((_, timer)) = self.conversation.poll_timeout().filter(|&(at, _)| at <= now) {
            self.conversation.handle_timeout(now, timer);
            self.act(now)?;
        }
        Ok(())
    }

    /// What does not come is silence, on a line that sends none.
    fn fill_the_gap(&mut self, now: CallTime) -> Result<(), End> {
        if self.ears.a_gap_begins(now) {
            let rest = self.line.rest_of_the_audio();
            let edges = self.ears.hear(&rest, now);
            self.edges(now, edges)?;
        }
        let edges = self.ears.fill(now);
        self.edges(now, edges)
    }

    fn finish(&mut self, end: &End) {
        let now = self.clock.now();
        self.transcribing.cancel();
        self.cutting.cancel();
        self.listening.cancel();
        self.rebuilding.cancel();
        self.working.cancel();
        self.services.engines.end_session(self.id.as_str());
        self.conversation.end(now);
        while let Some(action) = self.conversation.poll_action(now) {
            if let Action::TurnReport(report) = action {
                // The socket may be gone; the log has it all the same.
                let _ = self.report(*report);
            }
        }
        let line = self.line.reception();
        let speculated = self.conversation.speculated();
        let summary = self.log.summary(self.id.as_str(), now.as_millis() as f64, speculated, line);
        let _ = self.line.report(&Report::Summary(&summary));
        if let Some(reporter) = &self.services.reporter {
            reporter.summary(&self.id, &summary);
        }
        end.told(&summary, now);
    }
}
