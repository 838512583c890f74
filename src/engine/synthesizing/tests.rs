//! Tests of the synthesiser's thread, with a voice that speaks when a test says so.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::engine::CancelFlag;

const NOW: Duration = Duration::from_secs(1);

/// Sends what it takes, with the name of its text.
struct Tells(&'static str, Sender<(&'static str, Result<Part, EngineError>)>);

impl SpeakSink for Tells {
    fn part(&mut self, part: Speech) {
        self.1.send((self.0, Ok(Part::Next(part)))).ok();
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        self.1.send((self.0, outcome.map(Part::Last))).ok();
    }
}

fn request(text: &str, wanted: bool, left_ms: Option<u64>) -> SpeakRequest {
    let request = SpeakRequest::prepared(text);
    if wanted {
        request.wanted.set();
    }
    if let Some(left) = left_ms {
        request.buffered.lasts_until(NOW + Duration::from_millis(left));
    }
    request
}

fn job(text: &'static str, wanted: bool, left_ms: Option<u64>) -> Job {
    let sink = Box::new(Tells(text, channel().0));
    Job { number: 0, request: request(text, wanted, left_ms), sink, spoken: None }
}

fn order(mut waiting: Vec<Job>) -> Vec<String> {
    let next = |waiting: &mut Vec<Job>| {
        let next = most_urgent(waiting, NOW)?;
        Some(waiting.remove(next).request.text)
    };
    std::iter::from_fn(|| next(&mut waiting)).collect()
}

/// Fault: the sentences of one call were spoken before those of all others, however little the other
/// callers had left to hear.
#[test]
fn whose_voice_breaks_off_first_is_served_first_and_what_is_only_prepared_last() {
    let waiting = vec![
        job("prepared", false, None),
        job("late", true, Some(4000)),
        job("later", true, Some(4000)),
        job("soon", true, Some(80)),
        job("nothing heard yet", true, None),
        job("cancelled", true, None),
    ];
    waiting[5].request.cancel.cancel();
    assert_eq!(order(waiting), ["nothing heard yet", "soon", "late", "later", "prepared"]);
}

#[test]
fn the_texts_of_one_call_are_spoken_in_their_order_but_none_waits_for_one_that_is_only_prepared() {
    let mut waiting = vec![
        job("a draft", false, Some(10)),
        job("first", true, Some(900)),
        job("second", true, Some(10)),
        job("of another call", true, Some(500)),
    ];
    let buffered = waiting[1].request.buffered.clone();
    for of_the_call in [0, 2] {
        waiting[of_the_call].request.buffered = buffered.clone();
    }
    assert_eq!(order(waiting), ["of another call", "first", "second", "a draft"]);
}

/// A voice that speaks a part of 100 ms for each letter of a text, whenever the test says so.
#[derive(Clone)]
struct Directed(Arc<Mutex<Receiver<()>>>);

struct Letters(String, Directed);

impl Synthesizer for Directed {
    fn begin(&mut self, text: &str, _: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        Ok(Box::new(Letters(text.to_owned(), self.clone())))
    }
}

impl Rendering for Letters {
    fn next(&mut self) -> Result<Part, EngineError> {
        self.1.0.lock().expect("a test").recv().map_err(|_| EngineError::Cancelled)?;
        let silent = self.0.pop() == Some('-');
        let samples = if silent { Vec::new() } else { vec![1000; 800] };
        let part = Speech { samples, rate: PHONE_RATE, words: Vec::new() };
        Ok(if self.0.is_empty() { Part::Last(part) } else { Part::Next(part) })
    }
}

struct Stage {
    voice: Arc<dyn Speak>,
    go: Sender<()>,
    told: Sender<(&'static str, Result<Part, EngineError>)>,
    heard: Receiver<(&'static str, Result<Part, EngineError>)>,
}

impl Stage {
    fn new(cores: &Cores) -> Self {
        let (go, directions) = channel();
        let (told, heard) = channel();
        let voice = start(Box::new(Directed(Arc::new(Mutex::new(directions)))), cores).expect("a thread");
        Self { voice, go, told, heard }
    }

    fn speak(&self, text: &'static str) -> CancelFlag {
        let request = request(text, true, None);
        let cancel = request.cancel.clone();
        self.voice.speak(request, Box::new(Tells(text, self.told.clone()))).expect("room");
        cancel
    }

    /// Lets the voice speak one part, and returns whose it was.
    fn next(&self) -> (&'static str, Result<Part, EngineError>) {
        self.go.send(()).expect("a voice");
        self.heard.recv().expect("an outcome")
    }
}

fn one_core() -> Cores {
    Cores::new(1, Arc::new(|| NOW))
}

#[test]
fn two_sentences_take_turns_part_by_part() {
    let stage = Stage::new(&one_core());
    stage.speak("aaaa");
    stage.speak("bb");
    let order: Vec<&str> = (0..6).map(|_| stage.next().0).collect();
    assert_eq!(order, ["aaaa", "bb", "aaaa", "bb", "aaaa", "aaaa"]);
}

#[test]
fn a_cancelled_sentence_ends_with_the_part_that_is_being_spoken() {
    let stage = Stage::new(&one_core());
    let cancel = stage.speak("aaaa");
    assert_eq!(stage.next().0, "aaaa");
    cancel.cancel();
    stage.speak("bbb");
    let order: Vec<&str> = (0..3).map(|_| stage.next().0).collect();
    // The second part had begun when the job was cancelled, or not.
    assert_eq!(order[1..], ["bbb", "bbb"], "{order:?}");
}

#[test]
fn a_text_without_sound_is_named() {
    let stage = Stage::new(&one_core());
    stage.speak("-");
    let error = stage.next().1.expect_err("nothing to hear").to_string();
    assert!(error.contains("no sound for \"-\""), "{error}");
}

/// Fault: a long sentence of a neural voice held its core for two seconds, even if a transcript waited
/// for it.
#[test]
fn a_transcript_is_made_between_the_parts_of_a_long_sentence() {
    let cores = one_core();
    let stage = Stage::new(&cores);
    let long: &'static str = "a".repeat(100_000).leak();
    stage.speak(long);
    stage.next().1.expect("a part");
    let transcribed = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(cores.acquire(Work::Transcript, 1));
            transcribed.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !transcribed.load(std::sync::atomic::Ordering::SeqCst) {
            assert!(matches!(stage.next().1, Ok(Part::Next(_))), "no transcript came in between");
        }
    });
}

#[test]
fn what_is_more_than_can_be_held_is_refused_at_once_and_cancelled_texts_take_no_place() {
    let queue = Queue::default();
    let push = |job: Job| queue.push(job.request, job.sink);
    let cancelled = job("cancelled", true, None);
    let cancel = cancelled.request.cancel.clone();
    push(cancelled).expect("room");
    cancel.cancel();
    for _ in 0..QUEUE {
        push(job("waits", true, None)).expect("room");
    }
    assert!(push(job("one too many", true, None)).is_err());
}

/// Fault: a text whose part was being spoken came back behind the next text of its call, because others
/// had been cancelled meanwhile.
#[test]
fn a_text_comes_back_in_front_of_those_that_came_later_whatever_was_cancelled_meanwhile() {
    let queue = Queue::default();
    let push = |job: Job| queue.push(job.request, job.sink).expect("room");
    let earlier = job("earlier", true, Some(900));
    let cancel = earlier.request.cancel.clone();
    push(earlier);
    let (first, mut second) = (job("first", true, Some(10)), job("second", true, Some(10)));
    second.request.buffered = first.request.buffered.clone();
    push(first);
    push(second);
    let taken = queue.take(NOW).expect("a job");
    assert_eq!(taken.request.text, "first");
    cancel.cancel();
    push(job("of another call", true, Some(500)));
    queue.put_back(taken);
    assert_eq!(order(std::mem::take(&mut queue.lock().jobs)), ["first", "second", "of another call"]);
}

/// Fault: a draft took cores before the prompts and partial transcripts of callers.
#[test]
fn speech_that_is_only_prepared_takes_cores_last() {
    assert_eq!(job("prepared", false, None).work(NOW), Work::Speculation);
    assert_eq!(job("wanted", true, Some(900)).work(NOW), Work::Speech);
}
