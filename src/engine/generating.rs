//! The language model's thread: one step of each reply in turn, so that none waits for the end of
//! another; what nobody waits for yet steps aside. Must not know what a reply is used for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::runway::Runway;
use super::workers::{EngineResult, Results, lower_priority, survive};
use super::{CancelFlag, Generation, Generator, Message, Sampling, Step};
use crate::ids::{CallId, TurnId};

/// Whether a reply is wanted, or only prepared because it may be: set by the call, read by the threads
/// that work on it.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// From now on somebody waits for it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody waits for it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the language model is asked.
#[derive(Debug)]
pub struct Question {
    /// Whose history the answer continues.
    pub call: CallId,
    /// The turn that is answered.
    pub turn: TurnId,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// How the answer is chosen.
    pub sampling: Sampling,
    /// Ends it early.
    pub cancel: CancelFlag,
    /// Whether the answer is wanted for certain.
    pub wanted: Wanted,
    /// How long the call's voice can go on: short ones are served first.
    pub runway: Runway,
}

/// Work for the language model.
pub(super) enum Job {
    /// Answer.
    Begin(Question, Results),
    /// Read what a call's next prompt begins with.
    Prefill { call: CallId, messages: Vec<Message>, sampling: Sampling, cancel: CancelFlag },
    /// Forget a call.
    End(CallId),
}

/// With less than this left to play in one call, nothing is prepared for others.
const PREPARE_ONLY_ABOVE: Duration = Duration::from_millis(300);

/// A reply in the making, or a prompt that is read ahead.
struct Active {
    turn: TurnId,
    generation: Box<dyn Generation>,
    prefilling: bool,
    cancel: CancelFlag,
    wanted: Wanted,
    runway: Runway,
    /// `None` if only the prompt is read.
    results: Option<Results>,
}

impl Active {
    fn is_ended(&self) -> bool {
        self.cancel.is_cancelled() || self.results.as_ref().is_some_and(Results::is_closed)
    }

    /// Two places: for what a step brings, and for the end.
    fn has_room(&self) -> bool {
        self.results.as_ref().is_none_or(|results| results.capacity() >= 2)
    }

    fn work(&self, cores: &Cores) -> Work {
        match self.results {
            None => Work::Idle,
            Some(_) if !self.wanted.is_set() => Work::Speculation,
            Some(_) if self.prefilling => Work::Prefill,
            Some(_) => Work::decode(self.runway.left(cores.now())),
        }
    }

    fn is_pressed(&self, now: Duration) -> bool {
        self.wanted.is_set() && self.runway.left(now).is_some_and(|left| left < PREPARE_ONLY_ABOVE)
    }
}

/// Serves until the queue is closed.
pub(super) fn serve(mut generator: Box<dyn Generator>, jobs: &Receiver<Job>, cores: &Cores, threads: usize) {
    lower_priority();
    let mut active: Vec<Active> = Vec::new();
    loop {
        let job = next_job(jobs, active.is_empty());
        // What these have computed is given back to their calls before the next question begins.
        active.retain(|reply| !reply.is_ended());
        match job {
            Err(()) => return,
            Ok(Some(Job::End(call))) => generator.end_session(call.as_str()),
            Ok(Some(Job::Begin(question, results))) => {
                active.extend(begin(generator.as_mut(), question, results));
            }
            Ok(Some(Job::Prefill { call, messages, sampling, cancel })) => {
                active.extend(begin_reading(generator.as_mut(), &call, &messages, &sampling, cancel));
            }
            Ok(None) => {}
        }
        let before = active.len();
        let now = cores.now();
        let pressed = active.iter().any(|reply| reply.is_pressed(now));
        let mut waiting = 0;
        active.retain_mut(|reply| {
            if reply.is_ended() {
                return false;
            }
            if !reply.has_room() || (pressed && !reply.wanted.is_set()) {
                waiting += 1;
                return true;
            }
            step(reply, cores, threads)
        });
        if waiting > 0 && waiting == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn next_job(jobs: &Receiver<Job>, wait: bool) -> Result<Option<Job>, ()> {
    if wait {
        return jobs.recv().map(Some).map_err(drop);
    }
    match jobs.try_recv() {
        Ok(job) => Ok(Some(job)),
        Err(TryRecvError::Empty) => Ok(None),
        Err(TryRecvError::Disconnected) => Err(()),
    }
}

fn begin(generator: &mut dyn Generator, question: Question, results: Results) -> Option<Active> {
    let Question { call, turn, messages, sampling, cancel, wanted, runway } = question;
    match survive("language model", || generator.begin(call.as_str(), &messages, &sampling)) {
        Ok(generation) => {
            let results = Some(results);
            Some(Active { turn, generation, prefilling: true, cancel, wanted, runway, results })
        }
        Err(error) => {
            tell(&results, EngineResult::Generated { turn, result: Err(error) });
            None
        }
    }
}

/// What a prompt begins with is read into the call's cache; there is nobody to tell if it fails, the
/// next answer only takes longer.
fn begin_reading(
    generator: &mut dyn Generator,
    call: &CallId,
    messages: &[Message],
    sampling: &Sampling,
    cancel: CancelFlag,
) -> Option<Active> {
    let begun = survive("language model", || generator.begin(call.as_str(), messages, sampling));
    let generation = begun.map_err(|error| tracing::debug!(%error, "nothing was read ahead")).ok()?;
    let (wanted, runway) = (Wanted::default(), Runway::default());
    Some(Active { turn: TurnId(0), generation, prefilling: true, cancel, wanted, runway, results: None })
}

/// Does one step; false when the reply is over.
fn step(reply: &mut Active, cores: &Cores, threads: usize) -> bool {
    let turn = reply.turn;
    let result = {
        let _held = cores.acquire(reply.work(cores), threads);
        survive("language model", || reply.generation.step())
    };
    let Some(results) = &reply.results else { return matches!(result, Ok(Step::Prefilled)) };
    let end = match result {
        Ok(Step::Prefilled) => return true,
        Ok(Step::Text(text)) => {
            reply.prefilling = false;
            if !text.is_empty() {
                tell(results, EngineResult::Token { turn, text });
            }
            return true;
        }
        Ok(Step::Done(_)) => Ok(reply.generation.usage()),
        Err(error) => Err(error),
    };
    tell(results, EngineResult::Generated { turn, result: end });
    false
}

/// The place was seen to be free before the step, and only this thread and the call's own reserved
/// jobs fill it; a call that has ended takes nothing.
fn tell(results: &Results, result: EngineResult) {
    if results.try_send(result).is_err() {
        tracing::debug!("a result came for a call that takes none");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};

    use tokio::sync::mpsc;

    use super::*;
    use crate::engine::{EngineError, Usage};

    /// Reads its prompt in as many slices as it has messages, then says five words.
    struct Scripted(Arc<std::sync::atomic::AtomicUsize>);

    struct Talk {
        slices: usize,
        words: usize,
        read: Arc<std::sync::atomic::AtomicUsize>,
    }

    impl Generator for Scripted {
        fn begin(
            &mut self,
            _: &str,
            messages: &[Message],
            _: &Sampling,
        ) -> Result<Box<dyn Generation>, EngineError> {
            Ok(Box::new(Talk { slices: messages.len(), words: 5, read: Arc::clone(&self.0) }))
        }

        fn end_session(&mut self, _: &str) {}

        fn count_tokens(&self, _: &str) -> usize {
            0
        }
    }

    impl Generation for Talk {
        fn step(&mut self) -> Result<Step, EngineError> {
            if self.slices > 0 {
                self.slices -= 1;
                self.read.fetch_add(1, Ordering::Relaxed);
                return Ok(Step::Prefilled);
            }
            if self.words == 0 {
                return Ok(Step::Done(crate::engine::StopReason::EndOfText));
            }
            self.words -= 1;
            Ok(Step::Text("word ".into()))
        }

        fn usage(&self) -> Usage {
            Usage::default()
        }
    }

    fn served() -> (SyncSender<Job>, Arc<std::sync::atomic::AtomicUsize>) {
        let (jobs, queue) = sync_channel(8);
        let read = Arc::default();
        let generator = Scripted(Arc::clone(&read));
        let cores = Cores::new(2, Arc::new(|| Duration::from_secs(10)));
        std::thread::spawn(move || serve(Box::new(generator), &queue, &cores, 1));
        (jobs, read)
    }

    fn sampling() -> Sampling {
        Sampling {
            max_tokens: 9,
            temperature: 0.0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            seed: 0,
            stop: Vec::new(),
        }
    }

    fn messages(n: usize) -> Vec<Message> {
        vec![Message { role: crate::engine::Role::User, text: "Hello?".into() }; n]
    }

    fn question(call: &str, wanted: &Wanted, runway: &Runway) -> Question {
        Question {
            call: CallId::new(call),
            turn: TurnId(1),
            messages: messages(1),
            sampling: sampling(),
            cancel: CancelFlag::default(),
            wanted: wanted.clone(),
            runway: runway.clone(),
        }
    }

    fn words(inbox: &mut mpsc::Receiver<EngineResult>) -> usize {
        let mut words = 0;
        while let Some(EngineResult::Token { .. }) = inbox.blocking_recv() {
            words += 1;
        }
        words
    }

    #[test]
    fn an_answer_that_is_only_prepared_waits_while_another_calls_voice_runs_out() {
        let (jobs, _) = served();
        let (urgent, runway) = (Wanted::default(), Runway::default());
        urgent.set();
        runway.lasts_until(Duration::from_millis(10_100));
        // There is room for two results of five: this reply goes on when they are taken.
        let (results, mut inbox) = mpsc::channel(3);
        assert!(jobs.send(Job::Begin(question("a", &urgent, &runway), results)).is_ok());
        while inbox.len() < 2 {
            std::thread::yield_now();
        }
        let (prepared, mut theirs) = mpsc::channel(100);
        let wanted = Wanted::default();
        assert!(jobs.send(Job::Begin(question("b", &wanted, &Runway::default()), prepared)).is_ok());
        std::thread::sleep(Duration::from_millis(20));
        assert!(theirs.is_empty());
        wanted.set();
        assert_eq!(words(&mut theirs), 5);
        assert_eq!(words(&mut inbox), 5);
    }

    #[test]
    fn a_prompt_that_is_read_ahead_is_read_to_its_end_and_says_nothing() {
        let (jobs, read) = served();
        let (call, cancel) = (CallId::new("a"), CancelFlag::default());
        assert!(
            jobs.send(Job::Prefill { call, messages: messages(7), sampling: sampling(), cancel }).is_ok()
        );
        while read.load(Ordering::Relaxed) < 7 {
            std::thread::yield_now();
        }
        let wanted = Wanted::default();
        wanted.set();
        let (results, mut inbox) = mpsc::channel(100);
        assert!(jobs.send(Job::Begin(question("a", &wanted, &Runway::default()), results)).is_ok());
        assert_eq!(words(&mut inbox), 5);
    }
}
