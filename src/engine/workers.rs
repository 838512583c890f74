//! The threads that drive the engines: jobs in through bounded queues, results out by id. They run
//! at a lower priority than the sockets, so that a busy model never delays a frame. They must not
//! know what a result is used for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::generating::{self, Question, Reading, Steps, Wanted};
use super::ladder::Ladder;
use super::results::{QueueFull, Results, reserve, send};
use super::threads::{lower_priority, spawn};
use super::{CancelFlag, Generator, NoRoom, Recognizer, Room, Rooms, Synthesizer};
use super::{synthesizing, transcribing};
use crate::dialogue::CountTokens;
use crate::ids::{CallId, ChunkId, UtteranceId};
use crate::report::CoreUse;
use crate::units::CallTime;

/// Handles to all engine threads; cheap to clone. The threads end when the last handle is dropped.
#[derive(Clone)]
pub struct Engines {
    transcribe: Arc<Transcribing>,
    ladder: Ladder,
    synthesize: SyncSender<synthesizing::Job>,
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
        spawn("tts".into(), move || synthesizing::serve(synthesizer, &synthesize_jobs, &tts_cores))?;
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
        send(&self.synthesize, synthesizing::Job { text, chunk, first, cancel, wanted, reply }, "synthesiser")
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
