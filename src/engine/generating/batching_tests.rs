//! Tests of steps that many calls share. A scripted model takes simulated time for a step, by its rows, and
//! panics at one call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use super::inbox::{end, inbox};
use super::*;
use crate::dialogue::{Message, Role, Usage};
use crate::engine::{Sampling, StopReason};

/// The longest step that these tests allow.
const LONGEST: Duration = Duration::from_millis(40);
/// The fixed time of a step, and the time of each row.
const STEP: Duration = Duration::from_millis(5);
const ROW: Duration = Duration::from_micros(900);

/// The simulated time, and the times of the tokens of each call.
#[derive(Default)]
struct World {
    micros: AtomicU64,
    tokens: Mutex<Vec<(String, Duration)>>,
    /// The rows of prompts and of texts in each step.
    steps: Mutex<Vec<(usize, usize)>>,
}

impl World {
    fn now(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn times_of(&self, call: &str) -> Vec<Duration> {
        let tokens = self.tokens.lock().unwrap();
        tokens.iter().filter(|(name, _)| name == call).map(|(_, at)| *at).collect()
    }
}

/// A model with one token for each word of a prompt.
struct Model(Arc<World>);

struct Talk {
    call: String,
    unread: usize,
    words: usize,
}

impl Generator for Model {
    type Generation = Talk;

    fn begin(&mut self, call: &str, said: &[Message], _: Task, s: &Sampling) -> Result<Talk, EngineError> {
        let unread = said.iter().map(|m| m.text.split_whitespace().count()).sum();
        Ok(Talk { call: call.to_owned(), unread, words: s.max_tokens })
    }

    fn step(&mut self, batch: &mut [Share<'_, Talk>]) -> Vec<Result<Step, EngineError>> {
        assert!(!batch.iter().any(|share| share.generation.call == "broken"), "this model breaks");
        let read = |share: &Share<'_, Talk>| share.most.min(share.generation.unread);
        let reads: usize = batch.iter().map(read).sum();
        let writes = batch.iter().filter(|share| share.generation.unread == 0).count();
        let took = STEP + ROW * (reads + writes) as u32;
        self.0.micros.fetch_add(took.as_micros() as u64, Ordering::SeqCst);
        self.0.steps.lock().unwrap().push((reads, writes));
        batch.iter_mut().map(|share| Ok(self.one(share))).collect()
    }

    fn end_session(&mut self, _: &str) {}

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

impl Model {
    fn one(&self, share: &mut Share<'_, Talk>) -> Step {
        let talk = &mut *share.generation;
        if talk.unread > 0 {
            talk.unread -= share.most.min(talk.unread);
            return Step::Prefilled;
        }
        if talk.words == 0 {
            return Step::Done(StopReason::EndOfText);
        }
        talk.words -= 1;
        self.0.tokens.lock().unwrap().push((talk.call.clone(), self.0.now()));
        Step::Text("word ".into())
    }
}

impl Generation for Talk {
    fn unread(&self) -> usize {
        self.unread
    }

    fn end_of_turn(&mut self) -> Option<f32> {
        None
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

/// A request with a prompt and an answer of these numbers of words.
fn question(call: &str, prompt: usize, words: usize) -> ThinkRequest {
    let wanted = Wanted::default();
    wanted.set();
    ThinkRequest {
        session: call.to_owned(),
        task: Task::Answer,
        messages: vec![Message { role: Role::User, text: "word ".repeat(prompt) }],
        sampling: Sampling { max_tokens: words, ..Sampling::default() },
        cancel: CancelFlag::default(),
        wanted,
        aside: false,
        buffered: BufferedPlayback::default(),
        cpu: CpuTime::default(),
    }
}

/// Serves all questions at the same time, and returns the end of each.
fn served_within(
    longest: Duration,
    world: &Arc<World>,
    questions: Vec<ThinkRequest>,
) -> Vec<Result<Usage, EngineError>> {
    let (jobs, queue) = sync_channel(questions.len());
    let mut inboxes = Vec::new();
    for question in questions {
        let (sink, heard) = inbox(4096);
        assert!(jobs.send(Job::Begin(question, sink)).is_ok());
        inboxes.push(heard);
    }
    let (model, clock) = (Model(Arc::clone(world)), Arc::clone(world));
    let cores = Cores::new(2, Arc::new(move || clock.now()));
    let steps = Steps { threads: 1, longest };
    std::thread::spawn(move || serve(model, &queue, &cores, steps, &Heartbeat::default()));
    inboxes.into_iter().map(end).collect()
}

fn served(world: &Arc<World>, questions: Vec<ThinkRequest>) -> Vec<Result<Usage, EngineError>> {
    served_within(LONGEST, world, questions)
}

fn longest_wait(times: &[Duration]) -> Duration {
    times.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default()
}

#[test]
fn a_prompt_of_a_thousand_tokens_keeps_no_other_call_waiting_for_longer_than_configured() {
    let world = Arc::new(World::default());
    let names: Vec<String> = (0..7).map(|n| format!("call-{n}")).collect();
    let mut questions: Vec<ThinkRequest> = names.iter().map(|name| question(name, 12, 150)).collect();
    questions.insert(3, question("long", 1000, 20));
    assert!(served(&world, questions).iter().all(Result::is_ok));
    for name in &names {
        let times = world.times_of(name);
        assert_eq!(times.len(), 150);
        assert!(longest_wait(&times) <= LONGEST, "{name} waited {:?}", longest_wait(&times));
    }
    // The long prompt was not put off until the others had ended: both went on in the same steps.
    let both =
        world.steps.lock().unwrap().iter().filter(|(reads, writes)| *reads > 10 && *writes == 7).count();
    assert!(both > 20, "{both}");
    assert_eq!(world.times_of("long").len(), 20);
    assert!(world.times_of("long")[0] < *world.times_of("call-0").last().unwrap());
}

#[test]
fn eight_calls_that_write_take_part_in_every_step() {
    let world = Arc::new(World::default());
    let questions = (0..8).map(|n| question(&format!("call-{n}"), 1, 50)).collect();
    served(&world, questions);
    let steps = world.steps.lock().unwrap();
    let full = steps.iter().filter(|(_, writes)| *writes == 8).count();
    assert!(full >= 40, "{steps:?}");
}

#[test]
fn a_call_whose_voice_runs_out_is_served_before_one_that_has_seconds_left() {
    let world = Arc::new(World::default());
    let (slow, urgent) = (question("slow", 1, 40), question("urgent", 1, 40));
    slow.buffered.lasts_until(Duration::from_secs(900));
    urgent.buffered.lasts_until(Duration::from_millis(1));
    // A step with one row takes 5.9 ms, so there is no room for a second.
    served_within(Duration::from_millis(6), &world, vec![slow, urgent]);
    let (slow, urgent) = (world.times_of("slow"), world.times_of("urgent"));
    let before = slow.iter().filter(|at| *at <= urgent.last().unwrap()).count();
    assert!(before <= 1, "{before}");
    assert_eq!(slow.len(), 40);
}

#[test]
fn a_call_at_which_the_model_breaks_touches_no_other() {
    let world = Arc::new(World::default());
    let questions = ["a", "broken", "b"].map(|name| question(name, 3, 20)).into();
    let ends = served(&world, questions);
    assert!(ends[0].is_ok() && ends[2].is_ok());
    assert!(ends[1].as_ref().unwrap_err().to_string().contains("panicked"));
    assert_eq!((world.times_of("a").len(), world.times_of("b").len()), (20, 20));
}

#[test]
fn what_is_cancelled_takes_part_in_no_further_step() {
    let world = Arc::new(World::default());
    let cancelled = question("gone", 1000, 20);
    cancelled.cancel.cancel();
    let (jobs, queue) = sync_channel(2);
    let (sink, mut heard) = inbox(9);
    assert!(jobs.send(Job::Begin(cancelled, sink)).is_ok());
    let clock = Arc::clone(&world);
    let cores = Cores::new(2, Arc::new(move || clock.now()));
    let model = Model(Arc::clone(&world));
    std::thread::spawn(move || {
        serve(model, &queue, &cores, Steps { threads: 1, longest: LONGEST }, &Heartbeat::default())
    });
    assert!(heard.blocking_recv().is_none());
    assert!(world.times_of("gone").is_empty() && world.steps.lock().unwrap().len() <= 1);
}
