//! Engines for work that no call waits for: what clients of the HTTP interface ask for. They have threads of
//! their own, so that no job of a call waits behind such work, and compute only with cores that calls leave
//! free. Must not know HTTP.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::{Cores, Held};
use super::pitch::{Pitch, Shifter};
use super::ports::{Deliver, Hear, HearRequest, SpeakSink};
use super::queue::{QueueFull, send};
use super::survive;
use super::threads::{lower_priority, spawn};
use super::transcribing::to_whisper;
use super::watch::{Heartbeat, Limit};
use super::{CancelFlag, Effort, EngineError, Part, Recognizer, Speech, Synthesizer, Transcript};
use crate::units::{WHISPER_RATE, duration_of, samples_in};

/// The most jobs that wait for an engine. With more, clients would wait for minutes, and an error is better.
const QUEUE: usize = 32;

/// The timeout of one wait for cores: the client may have gone by then.
const PATIENCE: Duration = Duration::from_millis(20);

/// A transcription that calls have broken off so many times is finished, whoever wants its core: a busy
/// server must not work in vain.
const MOST_TRIES: u32 = 4;

/// A step of a voice may take so many times as long as in a call: chunks are long, and slow speech is longer.
const PATIENCE_WITH_VOICES: u32 = 10;

/// The voices that stay open: the configured one and another one.
const OPEN_VOICES: usize = 2;

/// Makes a recogniser.
pub type MakeRecognizer = Box<dyn Fn() -> Result<Box<dyn Recognizer>, EngineError> + Send>;

/// Opens a voice by its name, at a pace where 1 is its own.
pub type OpenVoice = Box<dyn Fn(&str, f32) -> Result<Box<dyn Synthesizer>, EngineError> + Send>;

/// Handles to the engines. They are cheap to clone; the threads end when the last handle is dropped.
#[derive(Clone)]
pub struct Requests {
    /// The recogniser. Nothing is partial to it.
    pub hear: Arc<dyn Hear>,
    speak: SyncSender<SpeakJob>,
}

/// An utterance to be transcribed.
struct HearJob {
    request: HearRequest,
    done: Deliver<Transcript>,
}

/// The recogniser behind its queue.
struct Ears(SyncSender<HearJob>);

impl Hear for Ears {
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull> {
        send(&self.0, HearJob { request, done }, "recogniser for requests")
    }
}

/// What is to be spoken, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Texts that are cleaned for speech, each at most a few sentences, and the pause after each.
    pub texts: Vec<(String, Duration)>,
    /// The name of the voice.
    pub voice: String,
    /// The pace: 1 is the voice's own.
    pub speed: f32,
    /// How much higher or lower than its own the voice speaks.
    pub pitch: Pitch,
}

struct SpeakJob {
    script: Script,
    cancel: CancelFlag,
    sink: Box<dyn SpeakSink>,
}

impl Requests {
    /// The same engines, with another recogniser around theirs.
    #[must_use]
    pub fn heard_through(self, wrap: impl FnOnce(Arc<dyn Hear>) -> Arc<dyn Hear>) -> Self {
        Self { hear: wrap(self.hear), ..self }
    }

    /// Speaks texts one after the other. The sink gets each part at the voice's own sample rate; the last one
    /// is empty.
    ///
    /// # Errors
    /// If the queue is full.
    pub fn speak(
        &self,
        script: Script,
        cancel: CancelFlag,
        sink: Box<dyn SpeakSink>,
    ) -> Result<(), QueueFull> {
        send(&self.speak, SpeakJob { script, cancel, sink }, "voice for requests")
    }
}

/// Starts the threads, and returns the heartbeats of the recogniser's and the voice's. The engines are made
/// when they are first wanted.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(
    make: MakeRecognizer,
    open: OpenVoice,
    cores: &Cores,
) -> std::io::Result<(Requests, [Arc<Heartbeat>; 2])> {
    let (hear, to_hear) = sync_channel(QUEUE);
    let (speak, to_speak) = sync_channel(QUEUE);
    let (ears, mouth) = (Arc::<Heartbeat>::default(), Arc::<Heartbeat>::default());
    let desk = Desk { cores: cores.clone(), heartbeat: ears.clone() };
    spawn("api-stt".into(), move || listen(&make, &to_hear, &desk))?;
    let desk = Desk { cores: cores.clone(), heartbeat: mouth.clone() };
    spawn("api-tts".into(), move || talk(&open, &to_speak, &desk))?;
    Ok((Requests { hear: Arc::new(Ears(hear)), speak }, [ears, mouth]))
}

/// What both threads work with.
struct Desk {
    cores: Cores,
    heartbeat: Arc<Heartbeat>,
}

impl Desk {
    /// Waits for a core that no call wants. `gives_way` is set when a call wants it back.
    fn core(&self, cancel: &CancelFlag, gives_way: &CancelFlag) -> Result<Held<'_>, EngineError> {
        loop {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if let Some(held) = self.cores.acquire_giving_way(Work::Request, gives_way, PATIENCE) {
                return Ok(held);
            }
        }
    }
}

/// Transcribes until the last handle is dropped.
fn listen(make: &MakeRecognizer, jobs: &Receiver<HearJob>, desk: &Desk) {
    lower_priority();
    let (mut recognizer, mut limit) = (None, Limit::default());
    while let Ok(HearJob { request, done }) = jobs.recv() {
        let outcome = survive("recogniser for requests", || {
            let recognizer = match &mut recognizer {
                Some(recognizer) => recognizer,
                none => none.insert(make()?),
            };
            transcribe(recognizer.as_mut(), &request, desk, &mut limit)
        });
        done(outcome);
    }
}

fn transcribe(
    recognizer: &mut dyn Recognizer,
    request: &HearRequest,
    desk: &Desk,
    limit: &mut Limit,
) -> Result<Transcript, EngineError> {
    let audio = to_whisper(&request.samples, request.rate)?;
    let effort = Effort { threads: 1, second_try: true };
    let mut tries = 1;
    loop {
        let (gives_way, stays) = (CancelFlag::default(), CancelFlag::default());
        let held = desk.core(&request.cancel, &gives_way)?;
        let longest = limit.of_the_next().max(2 * duration_of(audio.len(), WHISPER_RATE));
        let began = desk.cores.now();
        let beat = desk.heartbeat.begins(&held, longest);
        let flag = if tries < MOST_TRIES { &gives_way } else { &stays };
        let outcome = recognizer.transcribe(&audio, effort, flag);
        drop(beat);
        request.cpu.add(held.cost());
        drop(held);
        match outcome {
            Err(EngineError::Cancelled) if gives_way.is_cancelled() => tries += 1,
            outcome => {
                let _ = limit.learn(desk.cores.now().saturating_sub(began));
                return outcome;
            }
        }
    }
}

/// An open voice, by its name and pace.
struct OpenedVoice {
    name: String,
    speed: f32,
    synthesizer: Box<dyn Synthesizer>,
}

/// Speaks until the last handle is dropped.
fn talk(open: &OpenVoice, jobs: &Receiver<SpeakJob>, desk: &Desk) {
    lower_priority();
    let mut voices: Vec<OpenedVoice> = Vec::new();
    while let Ok(SpeakJob { script, cancel, mut sink }) = jobs.recv() {
        let outcome = survive("voice for requests", || {
            let voice = opened(&mut voices, open, &script)?;
            let mut shifter = Shifter::new(script.pitch);
            for (n, (text, pause)) in script.texts.iter().enumerate() {
                let rate = speak((&mut *voice, &mut shifter), text, &cancel, &mut *sink, desk)?;
                if n + 1 < script.texts.len() {
                    let samples = vec![0; samples_in(*pause, rate)];
                    sink.part(Speech { samples, rate, words: Vec::new() });
                }
            }
            Ok(())
        });
        sink.done(outcome.map(|()| Speech::default()));
    }
}

/// The voice of a script, which becomes the newest of those that are open.
fn opened<'a>(
    voices: &'a mut Vec<OpenedVoice>,
    open: &OpenVoice,
    script: &Script,
) -> Result<&'a mut dyn Synthesizer, EngineError> {
    let (name, speed) = (&script.voice, script.pitch.speed_for(script.speed));
    let known = voices.iter().position(|voice| voice.name == *name && voice.speed == speed);
    let voice = match known {
        Some(place) => voices.remove(place),
        None => OpenedVoice { name: name.clone(), speed, synthesizer: open(name, speed)? },
    };
    voices.truncate(OPEN_VOICES - 1);
    voices.insert(0, voice);
    match voices.first_mut() {
        Some(voice) => Ok(voice.synthesizer.as_mut()),
        None => Err(EngineError::Failed("no voice is open".to_owned())),
    }
}

/// Speaks one text, part by part: between two parts, a call may have the core. Returns the voice's rate.
fn speak(
    (voice, shifter): (&mut dyn Synthesizer, &mut Shifter),
    text: &str,
    cancel: &CancelFlag,
    sink: &mut dyn SpeakSink,
    desk: &Desk,
) -> Result<u32, EngineError> {
    let mut rendering = None;
    loop {
        if sink.is_closed() {
            return Err(EngineError::Cancelled);
        }
        let held = desk.core(cancel, &CancelFlag::default())?;
        let _beat = desk.heartbeat.begins(&held, voice.longest_step() * PATIENCE_WITH_VOICES);
        let rendering = match &mut rendering {
            Some(rendering) => rendering,
            none => none.insert(voice.begin(text, cancel)?),
        };
        match rendering.next()? {
            Part::Next(part) => sink.part(shifter.shift(part, false)?),
            Part::Last(part) => {
                let rate = part.rate;
                sink.part(shifter.shift(part, true)?);
                return Ok(rate);
            }
        }
    }
}

#[cfg(test)]
mod tests;
