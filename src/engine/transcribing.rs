//! The threads of the recognisers, and the queue before them. Finals go before partials, and a partial is
//! broken off when a final finds no recogniser free. Must not know what a transcript is used for.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Deliver, Hear, HearRequest};
use super::queue::QueueFull;
use super::survive;
use super::threads::{lower_priority, spawn};
use super::watch::{Heartbeat, Limit};
use super::{CancelFlag, Effort, EngineError, Recognizer, Transcript};
use crate::audio::{phone_to_whisper, resample, to_f32};
use crate::units::{PHONE_RATE, WHISPER_RATE, duration_of};

/// The maximum number of waiting finals. With more, callers would wait for seconds, and an error is better.
const MOST_FINALS: usize = 64;

/// The maximum number of waiting partials: a late partial is worth little.
const MOST_PARTIALS: usize = 8;

/// An utterance to transcribe, and where its words go.
struct Job {
    request: HearRequest,
    done: Deliver<Transcript>,
}

/// The recognisers on their own threads, which end when this handle is dropped.
struct Recognizers(Arc<Queue>);

/// The heartbeats of all threads.
pub type Heartbeats = Vec<Arc<Heartbeat>>;

/// Starts a thread for each recogniser, which uses `threads` threads for a transcription. Each writes a
/// heartbeat.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(
    recognizers: Vec<Box<dyn Recognizer>>,
    threads: usize,
    cores: &Cores,
) -> std::io::Result<(Arc<dyn Hear>, Heartbeats)> {
    let queue = Queue::new();
    let mut heartbeats = Vec::new();
    for (i, recognizer) in recognizers.into_iter().enumerate() {
        let (jobs, cores, heartbeat) = (Arc::clone(&queue), cores.clone(), Arc::<Heartbeat>::default());
        heartbeats.push(heartbeat.clone());
        spawn(format!("stt-{i}"), move || {
            lower_priority();
            serve(recognizer, &jobs, &cores, threads, &heartbeat);
        })?;
    }
    Ok((Arc::new(Recognizers(queue)), heartbeats))
}

impl Hear for Recognizers {
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull> {
        if self.0.push(Job { request, done }) { Ok(()) } else { Err(QueueFull("recogniser")) }
    }
}

impl Drop for Recognizers {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The waiting jobs. The threads end when the queue is closed.
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Finals first, each kind in the order of arrival.
    waiting: BTreeMap<(bool, u64), Job>,
    next: u64,
    idle: usize,
    /// The flags of the partials in progress, by number.
    partials: BTreeMap<u64, CancelFlag>,
    closed: bool,
}

impl Queue {
    fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new() })
    }

    /// False if the queue is full or closed.
    fn push(&self, job: Job) -> bool {
        let mut state = self.lock();
        let finals = state.waiting.keys().filter(|(partial, _)| !partial).count();
        let (waiting, most) = match job.request.partial {
            true => (state.waiting.len() - finals, MOST_PARTIALS),
            false => (finals, MOST_FINALS),
        };
        if state.closed || waiting >= most {
            return false;
        }
        if !job.request.partial
            && state.idle <= finals
            && let Some((_, partial)) = state.partials.pop_last()
        {
            partial.cancel();
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert((job.request.partial, number), job);
        self.changed.notify_one();
        true
    }

    /// Lets the threads end when nothing waits.
    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Sleeps until there is a job; `None` once the queue is closed.
    fn next(&self) -> Option<(u64, Job)> {
        let mut state = self.lock();
        state.idle += 1;
        let job = loop {
            if let Some(((_, number), job)) = state.waiting.pop_first() {
                break Some((number, job));
            }
            if state.closed {
                break None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        state.idle -= 1;
        if let Some((number, job)) = job.as_ref().filter(|(_, job)| job.request.partial) {
            state.partials.insert(*number, job.request.cancel.clone());
        }
        job
    }

    fn done(&self, number: u64) {
        self.lock().partials.remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements: a panic elsewhere does not corrupt it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs on a thread: jobs in, outcomes out, until the queue is closed.
fn serve(
    mut recognizer: Box<dyn Recognizer>,
    queue: &Queue,
    cores: &Cores,
    threads: usize,
    heartbeat: &Heartbeat,
) {
    let mut limit = Limit::default();
    while let Some((number, job)) = queue.next() {
        let Job { request, done } = job;
        let outcome = survive("recogniser", || {
            transcribe(recognizer.as_mut(), &request, cores, threads, (heartbeat, &mut limit))
        });
        queue.done(number);
        done(outcome);
    }
}

fn transcribe(
    recognizer: &mut dyn Recognizer,
    request: &HearRequest,
    cores: &Cores,
    threads: usize,
    (heartbeat, limit): (&Heartbeat, &mut Limit),
) -> Result<Transcript, EngineError> {
    if request.cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let (held, effort) = if request.partial {
        let held = cores.try_acquire(Work::Partial, &request.cancel).ok_or(EngineError::Cancelled)?;
        (held, Effort { threads: 1, second_try: false })
    } else {
        // A final is ready sooner with one core at once than with two that it must wait for.
        let (held, threads) = cores.acquire_up_to(Work::Transcript, threads);
        (held, Effort { threads, second_try: true })
    };
    let audio = to_whisper(&request.samples, request.rate)?;
    let longest = limit.of_the_next().max(2 * duration_of(request.samples.len(), request.rate));
    let began = cores.now();
    let beat = heartbeat.begins(&held, longest);
    let transcript = recognizer.transcribe(&audio, effort, &request.cancel);
    drop(beat);
    let _ = limit.learn(cores.now().saturating_sub(began));
    request.cpu.add(held.cost());
    transcript
}

/// Audio at `rate` as a recogniser takes it: 16 kHz, in -1 to 1.
///
/// # Errors
/// If the rate is not supported.
pub(super) fn to_whisper(samples: &[i16], rate: u32) -> Result<Vec<f32>, EngineError> {
    let audio = match rate {
        WHISPER_RATE => Ok(to_f32(samples)),
        PHONE_RATE => phone_to_whisper(samples),
        rate => resample::resample(&to_f32(samples), rate, WHISPER_RATE),
    };
    audio.map_err(|error| EngineError::BadInput(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu_time::CpuTime;
    use crate::waiting::wait_until;
    use std::sync::mpsc;
    use std::time::Duration;

    /// Takes short audio (a partial) until it is cancelled, long audio at once, and panics at very long
    /// audio.
    struct Slow;

    impl Recognizer for Slow {
        fn transcribe(
            &mut self,
            audio: &[f32],
            _: Effort,
            cancel: &CancelFlag,
        ) -> Result<Transcript, EngineError> {
            if audio.len() < 100 {
                wait_until(|| cancel.is_cancelled());
                return Err(EngineError::Cancelled);
            }
            assert!(audio.len() < 10_000, "broken on purpose");
            Ok(Transcript { text: "final".into(), ..Transcript::default() })
        }
    }

    struct House {
        queue: Arc<Queue>,
        results: mpsc::Sender<(u32, bool)>,
        inbox: mpsc::Receiver<(u32, bool)>,
    }

    impl House {
        fn with_one_recognizer() -> Self {
            let (results, inbox) = mpsc::channel();
            let queue = Queue::new();
            let theirs = Arc::clone(&queue);
            let cores = Cores::new(2, Arc::new(|| Duration::ZERO));
            std::thread::spawn(move || serve(Box::new(Slow), &theirs, &cores, 1, &Heartbeat::default()));
            Self { queue, results, inbox }
        }

        fn ask(&self, pass: u32, partial: bool) -> bool {
            self.ask_about(if partial { 10 } else { 1000 }, pass, partial)
        }

        fn ask_about(&self, samples: usize, pass: u32, partial: bool) -> bool {
            self.push(samples, pass, partial, CancelFlag::default())
        }

        fn push(&self, samples: usize, pass: u32, partial: bool, cancel: CancelFlag) -> bool {
            let results = self.results.clone();
            let done = Box::new(move |outcome: Result<_, _>| {
                // A test that has ended takes nothing.
                let _ = results.send((pass, outcome.is_ok()));
            });
            let request = HearRequest {
                samples: vec![0; samples],
                rate: PHONE_RATE,
                partial,
                cancel,
                cpu: CpuTime::default(),
            };
            self.queue.push(Job { request, done })
        }

        fn result(&self) -> (u32, bool) {
            self.inbox.recv().expect("a result")
        }
    }

    #[test]
    fn a_final_breaks_a_partial_off_and_goes_before_those_that_wait() {
        let house = House::with_one_recognizer();
        assert!(house.ask(1, true));
        wait_until(|| !house.queue.lock().partials.is_empty());
        assert!(house.ask(2, true) && house.ask(3, false));
        assert_eq!(house.result(), (1, false));
        assert_eq!(house.result(), (3, true));
    }

    #[test]
    fn a_recogniser_that_dies_at_a_job_has_failed_at_it_and_serves_the_next() {
        let house = House::with_one_recognizer();
        assert!(house.ask_about(20_000, 1, false) && house.ask(2, false));
        assert_eq!(house.result(), (1, false));
        assert_eq!(house.result(), (2, true));
    }

    #[test]
    fn a_recogniser_that_hangs_ends_when_its_job_is_cancelled() {
        let house = House::with_one_recognizer();
        let flag = CancelFlag::default();
        assert!(house.push(10, 1, false, flag.clone()));
        flag.cancel();
        assert_eq!(house.result(), (1, false));
        assert!(house.ask(2, false));
        assert_eq!(house.result(), (2, true));
    }

    #[test]
    fn a_full_queue_says_so_and_a_closed_one_ends_its_threads() {
        let house = House { queue: Queue::new(), ..House::with_one_recognizer() };
        assert!((0..MOST_PARTIALS as u32).all(|pass| house.ask(pass, true)));
        assert!(!house.ask(98, true));
        assert!((0..MOST_FINALS as u32).all(|pass| house.ask(pass, false)));
        assert!(!house.ask(99, false));
        house.queue.close();
        assert!(!house.ask(100, false));
    }
}
