//! The synthesiser's thread: texts in, speech at the phone's rate out. Must not know what is said to whom.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Deliver, Speak, SpeakRequest};
use super::queue::{QueueFull, send};
use super::survive::survive;
use super::threads::{lower_priority, spawn};
use super::{EngineError, Speech, Synthesizer};

/// Of a text that cannot be spoken, so much stands in the error.
const SHOWN_CHARS: usize = 80;

/// Texts that may wait. More means that callers wait for seconds: better to say so.
const QUEUE: usize = 64;

type Job = (SpeakRequest, Deliver<Speech>);

/// The synthesiser on a thread of its own, which ends with this handle.
struct Voice(SyncSender<Job>);

/// Starts the thread of a synthesiser.
///
/// # Errors
/// If the operating system gives none.
pub fn start(synthesizer: Box<dyn Synthesizer>, cores: &Cores) -> std::io::Result<Arc<dyn Speak>> {
    let (jobs, queue) = sync_channel(QUEUE);
    let cores = cores.clone();
    spawn("tts".into(), move || serve(synthesizer, &queue, &cores))?;
    Ok(Arc::new(Voice(jobs)))
}

impl Speak for Voice {
    fn speak(&self, request: SpeakRequest, done: Deliver<Speech>) -> Result<(), QueueFull> {
        send(&self.0, (request, done), "synthesiser")
    }
}

/// Jobs in, outcomes out, until the last handle is gone.
fn serve(mut synthesizer: Box<dyn Synthesizer>, jobs: &Receiver<Job>, cores: &Cores) {
    lower_priority();
    while let Ok((request, done)) = jobs.recv() {
        done(if request.cancel.is_cancelled() {
            Err(EngineError::Cancelled)
        } else {
            // There is one queue: what is only prepared must not hold up what waits behind it for long.
            let first = request.first && request.wanted.is_set();
            let work = if first { Work::FirstSpeech } else { Work::Speech };
            let _held = cores.acquire(work, 1);
            survive("synthesiser", || {
                synthesizer.synthesize(&request.text).and_then(|speech| for_the_phone(speech, &request.text))
            })
        });
    }
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
