//! The recognisers' threads, and the queue before them: finals before partials, and a partial makes way
//! when a final finds no recogniser free. Must not know what a transcript is used for.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::OwnedPermit;

use super::arbiter::Work;
use super::cores::Cores;
use super::results::EngineResult;
use super::survive::survive;
use super::{CancelFlag, Effort, EngineError, Recognizer, Transcript};
use crate::ids::UtteranceId;
use crate::units::CallTime;

/// Finals that may wait. More means that callers wait for seconds: better to say so.
const MOST_FINALS: usize = 64;

/// Partials that may wait: they are worth little late.
const MOST_PARTIALS: usize = 8;

/// One utterance to be transcribed.
pub(super) struct Job {
    pub(super) audio: Vec<i16>,
    pub(super) utterance: UtteranceId,
    pub(super) pass: u32,
    /// The moment up to which the caller was heard; comes back with the result.
    pub(super) heard_until: CallTime,
    /// The caller still speaks: the words are wanted now or not at all.
    pub(super) partial: bool,
    pub(super) cancel: CancelFlag,
    pub(super) reply: OwnedPermit<EngineResult>,
}

/// Where jobs wait. The threads end when it is closed.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Finals first, each kind in the order of arrival.
    waiting: BTreeMap<(bool, u64), Job>,
    next: u64,
    idle: usize,
    /// The flags of partials that are being worked on, by their number.
    partials: BTreeMap<u64, CancelFlag>,
    closed: bool,
}

impl Queue {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new() })
    }

    /// False if it is full, or nobody serves it any more.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut state = self.lock();
        let finals = state.waiting.keys().filter(|(partial, _)| !partial).count();
        let (waiting, most) = match job.partial {
            true => (state.waiting.len() - finals, MOST_PARTIALS),
            false => (finals, MOST_FINALS),
        };
        if state.closed || waiting >= most {
            return false;
        }
        if !job.partial
            && state.idle <= finals
            && let Some((_, partial)) = state.partials.pop_last()
        {
            partial.cancel();
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert((job.partial, number), job);
        self.changed.notify_one();
        true
    }

    /// Lets the threads end once nothing waits.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Sleeps until there is a job; `None` once closed.
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
        if let Some((number, job)) = job.as_ref().filter(|(_, job)| job.partial) {
            state.partials.insert(*number, job.cancel.clone());
        }
        job
    }

    fn done(&self, number: u64) {
        self.lock().partials.remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements: a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread: jobs in, results out, until the queue is closed.
pub(super) fn serve(mut recognizer: Box<dyn Recognizer>, queue: &Queue, cores: &Cores, threads: usize) {
    while let Some((number, job)) = queue.next() {
        let result = survive("recogniser", || transcribe(recognizer.as_mut(), &job, cores, threads));
        queue.done(number);
        let Job { utterance, pass, heard_until, reply, .. } = job;
        reply.send(EngineResult::Transcribed { utterance, pass, heard_until, result });
    }
}

fn transcribe(
    recognizer: &mut dyn Recognizer,
    job: &Job,
    cores: &Cores,
    threads: usize,
) -> Result<Transcript, EngineError> {
    if job.cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let (_held, effort) = if job.partial {
        let held = cores.try_acquire(Work::Partial, &job.cancel).ok_or(EngineError::Cancelled)?;
        (held, Effort { threads: 1, second_try: false })
    } else {
        // With one core at once a final is ready sooner than with two that must first be waited for.
        let (held, threads) = cores.acquire_up_to(Work::Transcript, threads);
        (held, Effort { threads, second_try: true })
    };
    let audio = crate::audio::phone_to_whisper(&job.audio)
        .map_err(|error| EngineError::BadInput(error.to_string()))?;
    recognizer.transcribe(&audio, effort, &job.cancel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting::wait_until;
    use std::time::Duration;
    use tokio::sync::mpsc;

    /// Short audio (a partial) takes until it is cancelled, long audio no time, and very long audio
    /// breaks it.
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
        results: mpsc::Sender<EngineResult>,
        inbox: mpsc::Receiver<EngineResult>,
    }

    impl House {
        fn with_one_recognizer() -> Self {
            let (results, inbox) = mpsc::channel(100);
            let queue = Queue::new();
            let theirs = Arc::clone(&queue);
            let cores = Cores::new(2, Arc::new(|| Duration::ZERO));
            std::thread::spawn(move || serve(Box::new(Slow), &theirs, &cores, 1));
            Self { queue, results, inbox }
        }

        fn ask(&self, pass: u32, partial: bool) -> bool {
            self.ask_about(if partial { 10 } else { 1000 }, pass, partial)
        }

        fn ask_about(&self, samples: usize, pass: u32, partial: bool) -> bool {
            let reply = self.results.clone().try_reserve_owned().expect("a place");
            let audio = vec![0; samples];
            let cancel = CancelFlag::default();
            let (utterance, heard_until) = (UtteranceId(1), CallTime::ZERO);
            self.queue.push(Job { audio, utterance, pass, heard_until, partial, cancel, reply })
        }

        fn result(&mut self) -> (u32, bool) {
            match self.inbox.blocking_recv() {
                Some(EngineResult::Transcribed { pass, result, .. }) => (pass, result.is_ok()),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_final_breaks_a_partial_off_and_goes_before_those_that_wait() {
        let mut house = House::with_one_recognizer();
        assert!(house.ask(1, true));
        wait_until(|| !house.queue.lock().partials.is_empty());
        assert!(house.ask(2, true) && house.ask(3, false));
        assert_eq!(house.result(), (1, false));
        assert_eq!(house.result(), (3, true));
    }

    #[test]
    fn a_recogniser_that_dies_at_a_job_has_failed_at_it_and_serves_the_next() {
        let mut house = House::with_one_recognizer();
        assert!(house.ask_about(20_000, 1, false) && house.ask(2, false));
        assert_eq!(house.result(), (1, false));
        assert_eq!(house.result(), (2, true));
    }

    #[test]
    fn a_recogniser_that_hangs_ends_when_its_job_is_cancelled() {
        let mut house = House::with_one_recognizer();
        let reply = house.results.clone().try_reserve_owned().expect("a place");
        let cancel = CancelFlag::default();
        let (utterance, flag) = (UtteranceId(1), cancel.clone());
        let (audio, heard_until) = (vec![0; 10], CallTime::ZERO);
        let job = Job { audio, utterance, pass: 1, heard_until, partial: false, cancel, reply };
        assert!(house.queue.push(job));
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
