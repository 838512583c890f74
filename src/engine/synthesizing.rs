//! The synthesiser's thread: texts in, speech at the phone's rate out. Must not know what is said to whom.

use std::sync::mpsc::Receiver;

use tokio::sync::mpsc::OwnedPermit;

use super::arbiter::Work;
use super::cores::Cores;
use super::generating::Wanted;
use super::results::EngineResult;
use super::survive::survive;
use super::threads::lower_priority;
use super::{CancelFlag, EngineError, Speech, Synthesizer};
use crate::ids::ChunkId;

/// Of a text that cannot be spoken, so much stands in the error.
const SHOWN_CHARS: usize = 80;

/// A text to be spoken.
pub(super) struct Job {
    pub(super) text: String,
    pub(super) chunk: ChunkId,
    pub(super) first: bool,
    pub(super) cancel: CancelFlag,
    pub(super) wanted: Wanted,
    pub(super) reply: OwnedPermit<EngineResult>,
}

/// One thread: jobs in, results out, until the last handle is gone.
pub(super) fn serve(mut synthesizer: Box<dyn Synthesizer>, jobs: &Receiver<Job>, cores: &Cores) {
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
