//! Tests of the thread of a language model, with a scripted model on a simulated clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use super::inbox::{end, inbox, words};
use super::*;
use crate::dialogue::{Message, Usage};
use crate::engine::Sampling;
use crate::engine::cores::Now;
use crate::waiting::wait_until;

/// Reads one slice of the prompt for each message, then says five words.
struct Scripted(Arc<std::sync::atomic::AtomicUsize>);

struct Talk {
    slices: usize,
    words: usize,
    read: Arc<std::sync::atomic::AtomicUsize>,
}

impl Generator for Scripted {
    type Generation = Talk;

    fn begin(
        &mut self,
        _: &str,
        messages: &[Message],
        task: Task,
        _: &Sampling,
    ) -> Result<Talk, EngineError> {
        let words = if task == Task::Answer { 5 } else { 0 };
        Ok(Talk { slices: messages.len(), words, read: Arc::clone(&self.0) })
    }

    fn step(&mut self, batch: &mut [Share<'_, Talk>]) -> Vec<Result<Step, EngineError>> {
        batch.iter_mut().map(|share| Ok(share.generation.step())).collect()
    }

    fn end_session(&mut self, _: &str) {}

    fn count_tokens(&self, _: &str) -> usize {
        0
    }
}

impl Talk {
    fn step(&mut self) -> Step {
        if self.slices > 0 {
            self.slices -= 1;
            self.read.fetch_add(1, Ordering::Relaxed);
            return Step::Prefilled;
        }
        if self.words == 0 {
            return Step::Done(crate::engine::StopReason::EndOfText);
        }
        self.words -= 1;
        Step::Text("word ".into())
    }
}

impl Generation for Talk {
    fn unread(&self) -> usize {
        self.slices
    }

    fn end_of_turn(&mut self) -> Option<f32> {
        None
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

fn served() -> (SyncSender<Job>, Arc<std::sync::atomic::AtomicUsize>) {
    served_at(Arc::new(|| Duration::from_secs(10)))
}

fn served_at(now: Now) -> (SyncSender<Job>, Arc<std::sync::atomic::AtomicUsize>) {
    let (jobs, queue) = sync_channel(8);
    let read = Arc::default();
    let generator = Scripted(Arc::clone(&read));
    let cores = Cores::new(2, now);
    std::thread::spawn(move || serve(generator, &queue, &cores, STEPS, &Heartbeat::default()));
    (jobs, read)
}

const STEPS: Steps = Steps { threads: 1, longest: Duration::from_millis(50) };

fn sampling() -> Sampling {
    Sampling { max_tokens: 9, ..Sampling::default() }
}

fn messages(n: usize) -> Vec<Message> {
    vec![Message { role: crate::dialogue::Role::User, text: "Hello?".into() }; n]
}

fn request(session: &str, task: Task, wanted: &Wanted, buffered: &BufferedPlayback) -> ThinkRequest {
    ThinkRequest {
        session: session.to_owned(),
        messages: messages(1),
        task,
        sampling: sampling(),
        cancel: CancelFlag::default(),
        wanted: wanted.clone(),
        aside: false,
        buffered: buffered.clone(),
        cpu: CpuTime::default(),
    }
}

fn question(session: &str, wanted: &Wanted, buffered: &BufferedPlayback) -> ThinkRequest {
    request(session, Task::Answer, wanted, buffered)
}

#[test]
fn an_answer_that_is_only_prepared_waits_while_another_calls_voice_runs_out() {
    let (jobs, _) = served();
    let (urgent, buffered) = (Wanted::default(), BufferedPlayback::default());
    urgent.set();
    buffered.lasts_until(Duration::from_millis(10_100));
    // There is room for two of five results. The reply goes on when they are taken.
    let (results, mut heard) = inbox(4);
    assert!(jobs.send(Job::Begin(question("a", &urgent, &buffered), results)).is_ok());
    wait_until(|| heard.len() == 2);
    let (prepared, mut theirs) = inbox(100);
    let wanted = Wanted::default();
    assert!(jobs.send(Job::Begin(question("b", &wanted, &BufferedPlayback::default()), prepared)).is_ok());
    std::thread::sleep(Duration::from_millis(20));
    assert!(theirs.is_empty());
    wanted.set();
    assert_eq!(words(&mut theirs), 5);
    assert_eq!(words(&mut heard), 5);
}

#[test]
fn a_prompt_that_is_read_ahead_is_read_to_its_end_and_says_nothing() {
    let (jobs, read) = served();
    let (told, heard) = inbox(9);
    let reading = request("a", Task::Rebuild, &Wanted::default(), &BufferedPlayback::default());
    assert!(jobs.send(Job::Begin(ThinkRequest { messages: messages(7), ..reading }, told)).is_ok());
    end(heard).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 7);
    let wanted = Wanted::default();
    wanted.set();
    let (results, mut heard) = inbox(100);
    assert!(jobs.send(Job::Begin(question("a", &wanted, &BufferedPlayback::default()), results)).is_ok());
    assert_eq!(words(&mut heard), 5);
}

#[test]
fn a_reply_that_takes_too_long_ends_with_what_it_has_said_or_fails() {
    let clock = Arc::new(AtomicU64::new(0));
    let (read, limit) = (Arc::clone(&clock), Duration::from_secs(1));
    let (jobs, _) = served_at(Arc::new(move || Duration::from_secs(read.load(Ordering::Relaxed))));
    let wanted = Wanted::default();
    wanted.set();
    let limited = |time_limit| {
        let question = question("a", &wanted, &BufferedPlayback::default());
        ThinkRequest { sampling: Sampling { time_limit, ..sampling() }, ..question }
    };
    // There is room for two of five results. The clock goes on before they are taken.
    let (results, mut heard) = inbox(4);
    assert!(jobs.send(Job::Begin(limited(Some(limit)), results)).is_ok());
    wait_until(|| heard.len() == 2);
    clock.store(5, Ordering::Relaxed);
    assert!((2..4).contains(&words(&mut heard)));
    let (results, heard) = inbox(9);
    assert!(jobs.send(Job::Begin(limited(Some(Duration::ZERO)), results)).is_ok());
    let error = end(heard).unwrap_err();
    assert!(error.to_string().contains("llm.reply_timeout_ms"), "{error}");
}

#[test]
fn a_request_that_nobody_waits_for_any_more_is_not_begun() {
    let (jobs, read) = served();
    let ask = |session| {
        let (told, heard) = inbox(9);
        let reading = request(session, Task::Listen, &Wanted::default(), &BufferedPlayback::default());
        (Job::Begin(reading, told), heard)
    };
    let (gone, heard) = ask("a");
    drop(heard);
    assert!(jobs.send(gone).is_ok());
    let (job, heard) = ask("b");
    assert!(jobs.send(job).is_ok());
    end(heard).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 1);
}
