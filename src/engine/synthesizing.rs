//! The synthesiser's thread: texts in, speech at the phone's rate out. Must not know what is said to whom.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Deliver, Speak, SpeakRequest};
use super::queue::{QueueFull, send};
use super::survive;
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
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() {
            let Ok(job) = jobs.recv() else { return };
            waiting.push(job);
        }
        waiting.extend(jobs.try_iter());
        let Some((request, done)) = most_urgent(&mut waiting, cores.now()) else { continue };
        // What is only prepared must not hold up what is wanted.
        let first = request.first && request.wanted.is_set();
        let work = if first { Work::FirstSpeech } else { Work::Speech };
        let _held = cores.acquire(work, 1);
        done(survive("synthesiser", || {
            let speech = synthesizer.synthesize(&request.text, &request.cancel)?;
            if request.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            for_the_phone(speech, &request.text)
        }));
    }
}

/// The job that is next, of those that are not cancelled: whose voice breaks off first, and of those who wait for the
/// first sound, and of equals, whoever asked first; what is only prepared comes last.
fn most_urgent(waiting: &mut Vec<Job>, now: Duration) -> Option<Job> {
    waiting.retain(|(request, _)| !request.cancel.is_cancelled());
    let urgency =
        |(request, _): &Job| (!request.wanted.is_set(), request.runway.left(now).unwrap_or_default());
    let next = (0..waiting.len()).min_by_key(|&i| urgency(&waiting[i]))?;
    Some(waiting.remove(next))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CancelFlag;
    use crate::engine::runway::Runway;
    use crate::engine::wanted::Wanted;

    const NOW: Duration = Duration::from_secs(1);

    fn job(text: &str, wanted: bool, left_ms: Option<u64>) -> Job {
        let request = SpeakRequest {
            text: text.to_owned(),
            first: false,
            wanted: Wanted::default(),
            runway: Runway::default(),
            cancel: CancelFlag::default(),
        };
        if wanted {
            request.wanted.set();
        }
        if let Some(left) = left_ms {
            request.runway.lasts_until(NOW + Duration::from_millis(left));
        }
        (request, Box::new(|_| {}))
    }

    /// Fault: the pieces of one call stood before those of all others, whatever their callers had left to hear.
    #[test]
    fn whose_voice_breaks_off_first_is_served_first_and_what_is_only_prepared_last() {
        let mut waiting = vec![
            job("prepared", false, None),
            job("late", true, Some(4000)),
            job("later", true, Some(4000)),
            job("soon", true, Some(80)),
            job("nothing heard yet", true, None),
            job("cancelled", true, None),
        ];
        waiting[5].0.cancel.cancel();
        let order = std::iter::from_fn(|| Some(most_urgent(&mut waiting, NOW)?.0.text));
        let order: Vec<String> = order.collect();
        assert_eq!(order, ["nothing heard yet", "soon", "late", "later", "prepared"]);
    }
}
