//! The thread of the synthesiser: texts in, speech at the sample rate of the phone out. Must not know which
//! call a text belongs to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Deliver, Speak, SpeakRequest};
use super::queue::QueueFull;
use super::survive;
use super::threads::{lower_priority, spawn};
use super::{EngineError, Speech, Synthesizer};

/// The number of characters that an error shows of a text that cannot be spoken.
const SHOWN_CHARS: usize = 80;

/// The maximum number of waiting texts. With more, callers would wait for seconds, and an error is better.
const QUEUE: usize = 64;

type Job = (SpeakRequest, Deliver<Speech>);

/// The timeout of one wait for cores: more urgent work may have come by then.
const PATIENCE: Duration = Duration::from_millis(20);

/// The synthesiser on its own thread, which ends when this handle is dropped.
struct Voice(Arc<Queue>);

/// The waiting texts.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves a list of complete jobs.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), QueueFull> {
        let mut waiting = self.lock();
        waiting.jobs.retain(|(request, _)| !request.cancel.is_cancelled());
        if waiting.jobs.len() >= QUEUE {
            return Err(QueueFull("synthesiser"));
        }
        waiting.jobs.push(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job, and returns the urgency of the most urgent one. `None` once the last handle is
    /// dropped.
    fn next_work(&self, now: impl Fn() -> Duration) -> Option<Work> {
        let mut waiting = self.lock();
        loop {
            if let Some(next) = most_urgent(&mut waiting.jobs, now()) {
                let (request, _) = &waiting.jobs[next];
                let first = request.first && request.wanted.is_set();
                return Some(if first { Work::FirstSpeech } else { Work::Speech });
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take(&self, now: Duration) -> Option<Job> {
        let jobs = &mut self.lock().jobs;
        most_urgent(jobs, now).map(|next| jobs.remove(next))
    }
}

/// Starts the thread of a synthesiser.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(synthesizer: Box<dyn Synthesizer>, cores: &Cores) -> std::io::Result<Arc<dyn Speak>> {
    let queue = Arc::<Queue>::default();
    let (jobs, cores) = (queue.clone(), cores.clone());
    spawn("tts".into(), move || serve(synthesizer, &jobs, &cores))?;
    Ok(Arc::new(Voice(queue)))
}

impl Speak for Voice {
    fn speak(&self, request: SpeakRequest, done: Deliver<Speech>) -> Result<(), QueueFull> {
        self.0.push((request, done))
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

/// Jobs in, outcomes out, until the last handle is dropped.
fn serve(mut synthesizer: Box<dyn Synthesizer>, queue: &Queue, cores: &Cores) {
    lower_priority();
    while let Some(work) = queue.next_work(|| cores.now()) {
        let Some(held) = cores.acquire_within(work, 1, PATIENCE) else { continue };
        let Some((request, done)) = queue.take(cores.now()) else { continue };
        done(survive("synthesiser", || {
            let mut held = Some(held);
            let mut between = || {
                // A transcript, or the token of a reply that runs out, goes first.
                drop(held.take());
                held = Some(cores.acquire(work, 1));
            };
            let speech = synthesizer.synthesize_in_steps(&request.text, &request.cancel, &mut between)?;
            if request.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            for_the_phone(speech, &request.text)
        }));
    }
}

/// The index of the next job, after cancelled ones are removed. The call that underruns first is served
/// first, and a call that waits for its first sound counts as out of audio. Equals are served in the order of
/// arrival. Work that is only prepared comes last.
fn most_urgent(waiting: &mut Vec<Job>, now: Duration) -> Option<usize> {
    waiting.retain(|(request, _)| !request.cancel.is_cancelled());
    let urgency =
        |(request, _): &Job| (!request.wanted.is_set(), request.buffered.left(now).unwrap_or_default());
    (0..waiting.len()).min_by_key(|&i| urgency(&waiting[i]))
}

/// Converts speech to the sample rate of the phone. If there is no speech, the error names the text.
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
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::engine::CancelFlag;
    use crate::engine::buffered_playback::BufferedPlayback;
    use crate::engine::wanted::Wanted;

    const NOW: Duration = Duration::from_secs(1);

    fn job(text: &str, wanted: bool, left_ms: Option<u64>) -> Job {
        let request = SpeakRequest {
            text: text.to_owned(),
            first: false,
            wanted: Wanted::default(),
            buffered: BufferedPlayback::default(),
            cancel: CancelFlag::default(),
        };
        if wanted {
            request.wanted.set();
        }
        if let Some(left) = left_ms {
            request.buffered.lasts_until(NOW + Duration::from_millis(left));
        }
        (request, Box::new(|_| {}))
    }

    /// Fault: the sentences of one call were spoken before those of all others, however little the other
    /// callers had left to hear.
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
        let order = std::iter::from_fn(|| {
            let next = most_urgent(&mut waiting, NOW)?;
            Some(waiting.remove(next).0.text)
        });
        let order: Vec<String> = order.collect();
        assert_eq!(order, ["nothing heard yet", "soon", "late", "later", "prepared"]);
    }

    /// A voice that goes from step to step until the transcript is made.
    struct Slow {
        begun: Sender<()>,
        transcribed: Receiver<()>,
    }

    impl Synthesizer for Slow {
        fn synthesize_in_steps(
            &mut self,
            _: &str,
            _: &CancelFlag,
            between: &mut dyn FnMut(),
        ) -> Result<Speech, EngineError> {
            self.begun.send(()).expect("a test");
            for _ in 0..1_000_000 {
                between();
                if self.transcribed.try_recv().is_ok() {
                    return Ok(Speech { samples: vec![1000; 800], rate: 8000, words: Vec::new() });
                }
            }
            Err(EngineError::Failed("no transcript came in between".to_owned()))
        }
    }

    /// Fault: a long sentence of a neural voice held its core for two seconds, even if a transcript waited
    /// for it.
    #[test]
    fn a_transcript_is_made_between_the_steps_of_a_long_sentence() {
        let cores = Cores::new(1, Arc::new(|| NOW));
        let (begun, has_begun) = channel();
        let (is_transcribed, transcribed) = channel();
        let voice = start(Box::new(Slow { begun, transcribed }), &cores).expect("a thread");
        let (done, spoken) = channel();
        let (request, _) = job("A long sentence.", true, None);
        voice.speak(request, Box::new(move |speech| done.send(speech).expect("a test"))).expect("room");
        has_begun.recv().expect("a voice");
        let held = cores.acquire(Work::Transcript, 1);
        is_transcribed.send(()).expect("a voice");
        drop(held);
        assert!(spoken.recv().expect("an outcome").is_ok());
    }

    #[test]
    fn what_is_more_than_can_be_held_is_refused_at_once_and_cancelled_texts_take_no_place() {
        let queue = Queue::default();
        let cancelled = job("cancelled", true, None);
        let cancel = cancelled.0.cancel.clone();
        queue.push(cancelled).expect("room");
        cancel.cancel();
        for _ in 0..QUEUE {
            queue.push(job("waits", true, None)).expect("room");
        }
        assert!(queue.push(job("one too many", true, None)).is_err());
    }
}
