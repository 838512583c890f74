//! The thread of the synthesiser: texts in, speech at the sample rate of the phone out, part by part. Must
//! not know which call a text belongs to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::survive;
use super::threads::{lower_priority, spawn};
use super::to_phone::{Resamplers, ToPhone};
use super::watch::Heartbeat;
use super::{EngineError, Part, Rendering, Speech, Synthesizer};
use crate::units::{PHONE_RATE, duration_of};

/// The number of characters that an error shows of a text that cannot be spoken.
const SHOWN_CHARS: usize = 80;

/// The maximum number of texts that wait or are being spoken. With more, callers would wait for seconds, and
/// an error is better.
const QUEUE: usize = 64;

/// The timeout of one wait for cores: more urgent work may have come by then.
const PATIENCE: Duration = Duration::from_millis(20);

/// With less audio than this left to play, the next part of a chunk is as urgent as the first one.
const SOON: Duration = Duration::from_millis(200);

/// The synthesiser on its own thread, which ends when this handle is dropped.
struct Voice(Arc<Queue>);

/// A text to be spoken.
struct Job {
    /// The order of arrival.
    number: u64,
    request: SpeakRequest,
    sink: Box<dyn SpeakSink>,
    /// `None` before the voice has begun.
    spoken: Option<Spoken>,
}

/// A text that is being spoken.
struct Spoken {
    rendering: Box<dyn Rendering>,
    phone: ToPhone,
    /// When the parts given so far have been played, if the first one was played at once.
    lasts_until: Option<Duration>,
}

/// All texts, in the order of arrival.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// In the order of arrival.
    jobs: Vec<Job>,
    /// The number of jobs that came so far.
    came: u64,
    closed: bool,
}

impl Job {
    fn is_needed(&self) -> bool {
        !self.request.cancel.is_cancelled() && !self.sink.is_closed()
    }

    /// The time that its call has left to play; zero if it waits for its first sound, or has underrun.
    fn left(&self, now: Duration) -> Duration {
        // The call tells only later that it plays a part.
        let given = self.spoken.as_ref().and_then(|spoken| spoken.lasts_until);
        let given = given.map_or(Duration::ZERO, |end| end.saturating_sub(now));
        self.request.buffered.left(now).unwrap_or_default().max(given)
    }

    /// What the next part is to the arbiter of cores.
    fn work(&self, now: Duration) -> Work {
        if !self.request.wanted.is_set() {
            return Work::Speculation;
        }
        let goes_on = self.spoken.as_ref().is_some_and(|spoken| spoken.lasts_until.is_some());
        let urgent = if goes_on { self.left(now) < SOON } else { self.request.first };
        if urgent { Work::FirstSpeech } else { Work::Speech }
    }

    /// The voice speaks the next part. Returns the job if more of it follows.
    fn speak_on(
        mut self,
        synthesizer: &mut dyn Synthesizer,
        resamplers: &mut Resamplers,
        now: Duration,
    ) -> Option<Self> {
        let part = survive("synthesiser", || {
            let spoken = match &mut self.spoken {
                Some(spoken) => spoken,
                begins => {
                    let rendering = synthesizer.begin(&self.request.text, &self.request.cancel)?;
                    begins.insert(Spoken { rendering, phone: ToPhone::default(), lasts_until: None })
                }
            };
            match spoken.rendering.next()? {
                Part::Next(part) => Ok(Part::Next(spoken.phone.convert(part, resamplers, false)?)),
                Part::Last(part) => Ok(Part::Last(spoken.phone.convert(part, resamplers, true)?)),
            }
        });
        match part {
            Ok(Part::Next(part)) => {
                self.give(part, now);
                return Some(self);
            }
            Ok(Part::Last(part)) if self.spoken.as_ref().is_some_and(|spoken| spoken.phone.is_silent()) => {
                debug_assert!(part.samples.is_empty(), "silence has no samples");
                self.sink.done(Err(no_sound(&self.request.text)));
            }
            Ok(Part::Last(_)) if self.request.cancel.is_cancelled() => {
                self.sink.done(Err(EngineError::Cancelled));
            }
            Ok(Part::Last(part)) => self.sink.done(Ok(part)),
            Err(error) => self.sink.done(Err(error)),
        }
        None
    }

    fn give(&mut self, part: Speech, now: Duration) {
        if part.samples.is_empty() && part.words.is_empty() {
            return;
        }
        if let Some(spoken) = &mut self.spoken {
            let from = spoken.lasts_until.map_or(now, |end| end.max(now));
            spoken.lasts_until = Some(from + duration_of(part.samples.len(), PHONE_RATE));
        }
        self.sink.part(part);
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves a list of complete jobs.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        let mut waiting = self.lock();
        waiting.jobs.retain(Job::is_needed);
        if waiting.jobs.len() >= QUEUE {
            return Err(QueueFull("synthesiser"));
        }
        waiting.came += 1;
        let number = waiting.came;
        waiting.jobs.push(Job { number, request, sink, spoken: None });
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job, and returns the urgency of the most urgent one. `None` once the last handle is
    /// dropped.
    fn next_work(&self, now: impl Fn() -> Duration) -> Option<Work> {
        let mut waiting = self.lock();
        loop {
            let at = now();
            if let Some(next) = most_urgent(&mut waiting.jobs, at) {
                return Some(waiting.jobs[next].work(at));
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The most urgent job.
    fn take(&self, now: Duration) -> Option<Job> {
        let jobs = &mut self.lock().jobs;
        most_urgent(jobs, now).map(|next| jobs.remove(next))
    }

    /// Puts a job back in the order of arrival: others may have come and gone since.
    fn put_back(&self, job: Job) {
        let jobs = &mut self.lock().jobs;
        let place = jobs.partition_point(|other| other.number < job.number);
        jobs.insert(place, job);
    }
}

/// Starts the thread of a synthesiser.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(synthesizer: Box<dyn Synthesizer>, cores: &Cores) -> std::io::Result<Arc<dyn Speak>> {
    start_watched("tts", synthesizer, cores, Arc::default())
}

/// As [`start`], with a name for the thread and a heartbeat by which others see that it works.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start_watched(
    thread: &str,
    synthesizer: Box<dyn Synthesizer>,
    cores: &Cores,
    heartbeat: Arc<Heartbeat>,
) -> std::io::Result<Arc<dyn Speak>> {
    let queue = Arc::<Queue>::default();
    let (jobs, cores) = (queue.clone(), cores.clone());
    spawn(thread.into(), move || serve(synthesizer, &jobs, &cores, &heartbeat))?;
    Ok(Arc::new(Voice(queue)))
}

impl Speak for Voice {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        self.0.push(request, sink)
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

/// Jobs in, speech out, part by part, until the last handle is dropped. Between two parts the core is given
/// back, and the next part may be of another call.
fn serve(mut synthesizer: Box<dyn Synthesizer>, queue: &Queue, cores: &Cores, heartbeat: &Heartbeat) {
    lower_priority();
    let mut resamplers = Resamplers::default();
    while let Some(work) = queue.next_work(|| cores.now()) {
        let Some(held) = cores.acquire_within(work, 1, PATIENCE) else { continue };
        let Some(job) = queue.take(cores.now()) else { continue };
        let cpu = job.request.cpu.clone();
        let beat = heartbeat.begins(&held, synthesizer.longest_step());
        let more = job.speak_on(&mut *synthesizer, &mut resamplers, cores.now());
        drop(beat);
        cpu.add(held.cost());
        drop(held);
        if let Some(job) = more {
            queue.put_back(job);
        }
    }
}

/// The index of the next job, after cancelled ones are removed. The call that underruns first is served
/// first, and a call that waits for its first sound counts as out of audio. Equals are served in the order of
/// arrival, and so are the texts of one call. Work that is only prepared comes last.
fn most_urgent(jobs: &mut Vec<Job>, now: Duration) -> Option<usize> {
    jobs.retain(Job::is_needed);
    let is_wanted = |i: usize| jobs[i].request.wanted.is_set();
    let waits_for_another = |i: usize| {
        let of_the_call =
            |before: &usize| jobs[*before].request.buffered.is_of_the_call_of(&jobs[i].request.buffered);
        (0..i).filter(of_the_call).any(|before| is_wanted(before) || !is_wanted(i))
    };
    (0..jobs.len()).filter(|&i| !waits_for_another(i)).min_by_key(|&i| (!is_wanted(i), jobs[i].left(now)))
}

fn no_sound(text: &str) -> EngineError {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    EngineError::BadInput(format!("the voice has no sound for {shown:?}"))
}

#[cfg(test)]
mod tests;
