//! The threads that drive the engines: jobs in through bounded queues, results out by id. They run
//! at a lower priority than the sockets, so that a busy model never delays a frame. They must not
//! know what a result is used for.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::arbiter::Work;
use super::cores::Cores;
use super::generating::{self, Question, Reading, Steps, Wanted};
use super::ladder::Ladder;
use super::transcribing;
use super::{
    CancelFlag, EngineError, Generator, NoRoom, Recognizer, Room, Rooms, Speech, Synthesizer, Transcript,
};
use crate::dialogue::{CountTokens, Usage};
use crate::ids::{Asked, CallId, ChunkId, ReadingId, TurnId, UtteranceId};
use crate::report::CoreUse;
use crate::units::CallTime;

/// What an engine has to say to a call.
#[derive(Debug)]
pub enum EngineResult {
    /// An utterance as text.
    Transcribed {
        /// Which utterance, and which transcription of it.
        utterance: UtteranceId,
        /// The number it was asked with.
        pass: u32,
        /// The moment up to which the caller was heard, as it was asked with.
        heard_until: CallTime,
        /// Its text, or why there is none.
        result: Result<Transcript, EngineError>,
    },
    /// A token of a reply.
    Token {
        /// Whose.
        turn: TurnId,
        /// Its text.
        text: String,
    },
    /// How likely it is that the caller's turn ends with the words that were read.
    EndOfTurn {
        /// Of which conversation.
        asked: Asked,
        /// From 0 to 1, to the language model.
        probability: f32,
    },
    /// A prompt was read ahead, or could not be.
    ReadAhead {
        /// Which.
        reading: ReadingId,
        /// Why it was not.
        result: Result<(), EngineError>,
    },
    /// A reply is complete, or failed.
    Generated {
        /// Whose.
        turn: TurnId,
        /// Counts of tokens, or why there is no more.
        result: Result<Usage, EngineError>,
    },
    /// A piece was spoken.
    Synthesized {
        /// Which.
        chunk: ChunkId,
        /// Its sound at the rate of the phone, or why there is none.
        result: Result<Speech, EngineError>,
    },
}

/// Results wait here until the call takes them.
pub type Results = Sender<EngineResult>;

/// A queue of work was full: the machine is overloaded.
#[derive(Debug, thiserror::Error)]
#[error("the queue of the {0} is full")]
pub struct QueueFull(&'static str);

impl QueueFull {
    /// A rung of the ladder that does not exist holds nothing.
    pub(super) fn no_model() -> Self {
        Self("language model that does not exist")
    }
}

struct SynthesizeJob {
    text: String,
    chunk: ChunkId,
    first: bool,
    cancel: CancelFlag,
    wanted: Wanted,
    reply: OwnedPermit<EngineResult>,
}

/// Handles to all engine threads; cheap to clone. The threads end when the last handle is dropped.
#[derive(Clone)]
pub struct Engines {
    transcribe: Arc<Transcribing>,
    ladder: Ladder,
    synthesize: SyncSender<SynthesizeJob>,
    cores: Cores,
    count: CountTokens,
    /// Of each language model.
    rooms: Arc<[Rooms]>,
}

/// Closes the recognisers' queue with the last handle.
struct Transcribing(Arc<transcribing::Queue>);

impl Drop for Transcribing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Jobs that may wait for one engine. More means that callers wait for seconds: better to say so.
const QUEUE: usize = 64;

impl Engines {
    /// Starts a thread for each recogniser, which takes `threads` for a transcription, one for each language
    /// model, by name and in the order in which they stand in for each other, and one for the synthesiser.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start<G: Generator + 'static>(
        (recognizers, threads): (Vec<Box<dyn Recognizer>>, usize),
        (generators, steps): (Vec<(String, G)>, Steps),
        synthesizer: Box<dyn Synthesizer>,
        count: CountTokens,
        cores: &Cores,
    ) -> std::io::Result<Self> {
        let (synthesize, synthesize_jobs) = sync_channel(QUEUE);
        let queue = transcribing::Queue::new();
        let transcribe = Arc::new(Transcribing(Arc::clone(&queue)));
        for (i, recognizer) in recognizers.into_iter().enumerate() {
            let (jobs, cores) = (Arc::clone(&queue), cores.clone());
            spawn(format!("stt-{i}"), move || {
                lower_priority();
                transcribing::serve(recognizer, &jobs, &cores, threads);
            })?;
        }
        let rooms = generators.iter().map(|(_, generator)| generator.rooms()).collect();
        let mut models = Vec::new();
        for (name, generator) in generators {
            let (jobs, queue) = sync_channel(QUEUE);
            let cores = cores.clone();
            spawn(format!("llm-{name}"), move || generating::serve(generator, &queue, &cores, steps))?;
            models.push((name, jobs));
        }
        let tts_cores = cores.clone();
        spawn("tts".into(), move || synthesize_loop(synthesizer, &synthesize_jobs, &tts_cores))?;
        Ok(Self { transcribe, ladder: Ladder::new(models), synthesize, cores: cores.clone(), count, rooms })
    }

    /// Transcribes `audio` (8 kHz; and the moment up to which it goes). The result takes a place in `results` that is reserved now. A
    /// `partial` is worked on only if a core is free at once, and is cancelled if it is needed elsewhere.
    ///
    /// # Errors
    /// If the engine or the call has more to do than it can hold.
    pub fn transcribe(
        &self,
        audio: (Vec<i16>, CallTime),
        utterance: UtteranceId,
        pass: u32,
        partial: bool,
        cancel: CancelFlag,
        results: &Results,
    ) -> Result<(), QueueFull> {
        let reply = reserve(results)?;
        let (samples, heard_until) = audio;
        let job = transcribing::Job { audio: samples, utterance, pass, heard_until, partial, cancel, reply };
        if self.transcribe.0.push(job) { Ok(()) } else { Err(QueueFull("recogniser")) }
    }

    /// Generates the answer to a question, token by token, with the model in use (`rung` 0) or the one that
    /// stands in for it (1), and so on. Gives the name of that model.
    ///
    /// # Errors
    /// If the engine has more to do than it can hold, or there is no such model.
    pub fn generate(&self, question: Question, rung: usize, results: &Results) -> Result<&str, QueueFull> {
        self.ladder.send(rung, generating::Job::Begin(question, results.clone()))
    }

    /// Reads what the next prompt of a call will begin with, when nothing more urgent is to be done.
    ///
    /// # Errors
    /// If the engine has more to do than it can hold.
    pub fn read_ahead(&self, reading: Reading, results: &Results) -> Result<(), QueueFull> {
        self.ladder.send(0, generating::Job::Read(reading, results.clone())).map(drop)
    }

    /// The language models and which of them is in use.
    #[must_use]
    pub fn models(&self) -> &Ladder {
        &self.ladder
    }

    /// True if every language model has memory for one call more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.rooms.iter().all(Rooms::has_room)
    }

    /// The memory that one call more needs, of every language model that may answer it.
    ///
    /// # Errors
    /// If one of them has none left.
    pub fn admit(&self) -> Result<Vec<Room>, NoRoom> {
        self.rooms.iter().map(Rooms::admit).collect()
    }

    /// Counts tokens as the language model does.
    #[must_use]
    pub fn count_tokens(&self) -> CountTokens {
        self.count.clone()
    }

    /// Speaks `text`. For the `first` piece of a reply that is `wanted`, cores are given sooner.
    ///
    /// # Errors
    /// If the engine or the call has more to do than it can hold.
    pub fn synthesize(
        &self,
        text: String,
        chunk: ChunkId,
        first: bool,
        cancel: CancelFlag,
        wanted: Wanted,
        results: &Results,
    ) -> Result<(), QueueFull> {
        let reply = reserve(results)?;
        send(&self.synthesize, SynthesizeJob { text, chunk, first, cancel, wanted, reply }, "synthesiser")
    }

    /// What each kind of work has waited for cores and held them, since the start.
    #[must_use]
    pub fn meters(&self) -> BTreeMap<Work, CoreUse> {
        self.cores.meters()
    }

    /// The time that a [`Runway`](super::runway::Runway) is told in.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.cores.now()
    }

    /// Lets the language model forget `call`.
    pub fn end_call(&self, call: &CallId) {
        self.ladder.tell_all(|| generating::Job::End(call.clone()));
    }
}

fn reserve(results: &Results) -> Result<OwnedPermit<EngineResult>, QueueFull> {
    results.clone().try_reserve_owned().map_err(|_| QueueFull("call's results"))
}

pub(super) fn send<T>(queue: &SyncSender<T>, job: T, name: &'static str) -> Result<(), QueueFull> {
    queue.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) | TrySendError::Disconnected(_) => QueueFull(name),
    })
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name).spawn(run).map(drop)
}

/// Sockets before models: engine threads, and the pools they start, run at nice 5.
///
/// Linux keeps the value a thread; call it on a thread before it starts others, which inherit it.
pub fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), 5) {
        tracing::debug!(%error, "engine threads keep the normal priority");
    }
}

/// Of a text that cannot be spoken, so much stands in the error.
const SHOWN_CHARS: usize = 80;

fn synthesize_loop(mut synthesizer: Box<dyn Synthesizer>, jobs: &Receiver<SynthesizeJob>, cores: &Cores) {
    lower_priority();
    while let Ok(job) = jobs.recv() {
        let result = if job.cancel.is_cancelled() {
            Err(EngineError::Cancelled)
        } else {
            // There is one queue: what is only prepared must not hold up what waits behind it for long.
            let first = job.first && job.wanted.is_set();
            let work = if first { Work::FirstSpeech } else { Work::Speech };
            let _held = cores.acquire(work, 1);
            survive("synthesiser", || {
                synthesizer.synthesize(&job.text).and_then(|speech| for_the_phone(speech, &job.text))
            })
        };
        job.reply.send(EngineResult::Synthesized { chunk: job.chunk, result });
    }
}

/// An engine that panics has failed at this job; its thread goes on to the next.
pub(super) fn survive<T>(
    engine: &str,
    job: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(job))
        .unwrap_or_else(|_| Err(EngineError::Failed(format!("the {engine} panicked"))))
}

/// Speech at the phone's rate; an error that names the text if there is none.
fn for_the_phone(speech: Speech, text: &str) -> Result<Speech, EngineError> {
    if speech.samples.is_empty() || speech.rate == 0 {
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        return Err(EngineError::BadInput(format!("the voice has no sound for {shown:?}")));
    }
    let rate = crate::units::PHONE_RATE;
    let samples = crate::audio::resample::resample_i16(&speech.samples, speech.rate, rate)
        .map_err(|error| EngineError::Failed(error.to_string()))?;
    Ok(Speech { samples, rate, words: speech.words })
}
