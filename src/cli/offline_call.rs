//! A call offline: the detector, the recogniser and the conversation, without a gateway, a language model or
//! a voice. Shows and measures how speech is recognised while it goes on. Time is the audio's own; the real
//! time of each transcription is added to it.

mod agent;
mod show;

use std::time::{Duration, Instant};

pub(super) use self::agent::Agent;
pub(super) use self::show::show;

use crate::config::Config;
use crate::config::call::{listener, settings};
use crate::dialogue::CountTokens;
use crate::engine::voice;
use crate::engine::whisper::WhisperRecognizer;
use crate::engine::{CancelFlag, Effort, Recognizer as _, Transcript};
use crate::ids::UtteranceId;
use crate::media::ear::{Ear, EarSettings};
use crate::media::listener::Listener;
use crate::timeline::{Next, Timeline};
use crate::turns::{Action, Conversation, Event, Manners, Phrases, ReadAhead, Settings, SpeculationPolicy};
use crate::units::{CallTime, FRAME, FRAME_SAMPLES};
use crate::vad::Edge;

/// The transcripts, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// A partial: the caller is still speaking.
    Partial { at: CallTime, stable: String, unstable: String },
    /// A finished turn.
    Turn { speech_end: CallTime, known_at: CallTime, text: String },
}

/// Splits a recording into frames; the last is padded with silence.
fn frames(samples: &[i16]) -> impl Iterator<Item = Vec<i16>> {
    samples.chunks(FRAME_SAMPLES).map(|chunk| {
        let mut frame = chunk.to_vec();
        frame.resize(FRAME_SAMPLES, 0);
        frame
    })
}

/// Settings under which nobody answers, prompts or hangs up.
fn listening_only(settings: Settings) -> Settings {
    Settings {
        phrases: Phrases { fallback: settings.phrases.fallback, ..Phrases::default() },
        speculation: SpeculationPolicy { max_tries: 0, read_ahead: ReadAhead::Off },
        manners: Manners {
            idle_after: None,
            filler_after: None,
            max_call: None,
            give_up_after: 0,
            ..settings.manners
        },
        ..settings
    }
}

/// Counts words, because there is no language model to count tokens.
fn words() -> CountTokens {
    CountTokens::new(|text| text.split_whitespace().count())
}

/// Listens to one caller.
pub(super) struct OfflineListener<'r> {
    recognizer: &'r mut WhisperRecognizer,
    threads: usize,
    settings: Settings,
    conversation: Conversation,
    ear: Ear,
    listener: Listener,
    speech_end: CallTime,
    /// The results of the recogniser, at the times when they were ready.
    awaited: Timeline<Event>,
    heard: Vec<Heard>,
    /// The real time from the detection of each pause to the words before it; zero if a partial had already
    /// heard them.
    pub(super) final_after: Vec<Duration>,
    /// An agent that speaks while the caller does, if any.
    pub(super) agent: Option<Agent>,
}

impl<'r> OfflineListener<'r> {
    pub(super) fn new(recognizer: &'r mut WhisperRecognizer, threads: usize, config: &Config) -> Self {
        let settings = listening_only(settings(config));
        Self {
            recognizer,
            threads,
            conversation: Conversation::new(settings.clone(), words()),
            settings,
            // Nobody's voice comes back here.
            ear: Ear::new(EarSettings { echo_guard: false, ..config.audio }, false),
            listener: listener(config, config.vad.detector),
            speech_end: CallTime::ZERO,
            awaited: Timeline::default(),
            heard: Vec::new(),
            final_after: Vec::new(),
            agent: None,
        }
    }

    /// A listener to one caller while an agent says `text`.
    ///
    /// # Errors
    /// If the voice fails.
    pub(super) fn beside(
        recognizer: &'r mut WhisperRecognizer,
        threads: usize,
        config: &Config,
        text: &str,
    ) -> anyhow::Result<Self> {
        let mut listener = Self::new(recognizer, threads, config);
        listener.agent = Some(Agent::new(voice::open(&config.tts.voice, config.tts.speed)?));
        listener.settings.phrases.greeting = text.to_owned();
        listener.settings.barge_in.protect_greeting = false;
        listener.begin_anew();
        listener.conversation.handle(CallTime::ZERO, Event::CallStarted);
        listener.act(CallTime::ZERO)?;
        Ok(listener)
    }

    /// Takes the next frame of 20 ms at 8 kHz. Returns the transcripts that are ready by its end.
    ///
    /// # Errors
    /// If the recogniser fails.
    pub(super) fn hear(&mut self, frame: &[i16]) -> anyhow::Result<Vec<Heard>> {
        let end = self.awaited.now() + FRAME;
        self.pass_time_until(end)?;
        let frame = self.ear.hear(frame.to_vec(), end);
        for edge in self.listener.hear(&frame, end) {
            self.ear.caller_speaks(!matches!(edge, Edge::Paused(_)));
            let event = match edge {
                Edge::Started(at) => Event::SpeechStarted { at },
                Edge::Sustained => Event::SpeechSustained { level: self.listener.sound_level(), echo: None },
                Edge::Paused(at) => {
                    self.speech_end = at;
                    self.final_after.push(Duration::ZERO);
                    Event::SpeechEnded { at }
                }
            };
            self.conversation.handle(end, event);
            self.act(end)?;
        }
        Ok(std::mem::take(&mut self.heard))
    }

    /// Takes a whole recording at 8 kHz, then silence until nothing more can come.
    ///
    /// # Errors
    /// If the recogniser fails.
    pub(super) fn hear_all(&mut self, samples: &[i16]) -> anyhow::Result<Vec<Heard>> {
        let mut heard = Vec::new();
        for frame in frames(samples) {
            heard.extend(self.hear(&frame)?);
        }
        heard.extend(self.finish()?);
        Ok(heard)
    }

    /// Takes silence until nothing more can come. Returns the last transcripts.
    ///
    /// # Errors
    /// If the recogniser fails.
    pub(super) fn finish(&mut self) -> anyhow::Result<Vec<Heard>> {
        let mut heard = Vec::new();
        let least = self.awaited.now() + self.settings.endpoint.longest;
        let most = least + Duration::from_secs(60);
        while self.awaited.now() < least || (self.is_waiting() && self.awaited.now() < most) {
            heard.extend(self.hear(&[0; FRAME_SAMPLES])?);
        }
        Ok(heard)
    }

    fn is_waiting(&self) -> bool {
        !self.awaited.is_empty() || self.conversation.poll_timeout().is_some()
    }

    /// Handles deadlines and results up to `end`, in order.
    fn pass_time_until(&mut self, end: CallTime) -> anyhow::Result<()> {
        loop {
            let deadline = self.conversation.poll_timeout().map(|(at, _)| at);
            let next = self.awaited.next(deadline, end);
            let now = self.awaited.now();
            match next {
                None => return Ok(()),
                Some(Next::Happens(event)) => self.conversation.handle(now, event),
                Some(Next::Deadline) => self.conversation.handle_timeout(now),
            }
            self.act(now)?;
        }
    }

    fn act(&mut self, now: CallTime) -> anyhow::Result<()> {
        while let Some(action) = self.conversation.poll_action() {
            if let Some(agent) = &mut self.agent {
                agent.act(now, &action, &mut self.awaited)?;
            }
            match action {
                Action::OpenUtterance { from, .. } => self.listener.open(from),
                Action::CommitUtterance { until, from, .. } => self.listener.let_go(until, from),
                Action::CloseUtterance { .. } => self.listener.close(),
                Action::Transcribe { utterance, pass, partial } => {
                    let audio = self.listener.utterance();
                    let took = self.transcribe(now, audio, utterance, pass, partial)?;
                    // This is the final for the last detected pause.
                    if let Some(after) = self.final_after.last_mut().filter(|_| !partial) {
                        *after = took;
                    }
                }
                Action::TranscribePiece { utterance, pass } => {
                    let audio = self.listener.cut();
                    self.transcribe(now, audio, utterance, pass, false)?;
                }
                Action::Hearing { stable, unstable, .. } => {
                    self.heard.push(Heard::Partial { at: now, stable, unstable });
                }
                Action::Generate { messages, .. } if self.agent.is_none() => {
                    let text = messages.last().map(|m| m.text.clone()).unwrap_or_default();
                    self.heard.push(Heard::Turn { speech_end: self.speech_end, known_at: now, text });
                    self.begin_anew();
                    return Ok(());
                }
                // The transcript did not come in time; a call would ask the caller to repeat.
                Action::Speak { .. } if self.agent.is_none() => {
                    self.begin_anew();
                    return Ok(());
                }
                // The agent handles its own speech above, and has no language model.
                Action::Generate { .. }
                | Action::Speak { .. }
                | Action::Cancel { .. }
                | Action::Release { .. }
                | Action::StopGenerating { .. }
                | Action::Prefill { .. }
                | Action::Rebuild { .. }
                | Action::Send { .. }
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
        Ok(())
    }

    /// Starts a new conversation: without answers, the next turn does not depend on this one.
    fn begin_anew(&mut self) {
        self.conversation = Conversation::new(self.settings.clone(), words());
        self.awaited.forget(|_| true);
    }

    fn transcribe(
        &mut self,
        now: CallTime,
        (samples, heard_until): (Vec<i16>, CallTime),
        utterance: UtteranceId,
        pass: u32,
        partial: bool,
    ) -> anyhow::Result<Duration> {
        let effort = Effort { threads: if partial { 1 } else { self.threads }, second_try: !partial };
        let audio = crate::audio::phone_to_whisper(&samples)?;
        #[expect(clippy::disallowed_methods, reason = "the stopwatch of a command-line tool")]
        let start = Instant::now();
        let transcript = self.recognizer.transcribe(&audio, effort, &CancelFlag::default())?;
        let Transcript { text, doubtful, .. } = transcript;
        let event = Event::Transcribed { utterance, pass, heard_until, text, doubtful };
        let took = start.elapsed();
        self.awaited.at(now + took, event);
        Ok(took)
    }
}
