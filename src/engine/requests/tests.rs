//! What clients of the HTTP interface ask for, and what calls take back: scripted engines, cores on a clock
//! that stands still.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use super::*;
use crate::engine::cpu_time::CpuTime;
use crate::engine::{Rendering, Whole};
use crate::waiting::wait_until;

/// A sample at 24 kHz.
const PAUSE: Duration = Duration::from_micros(42);

/// Works until it is told to give way, so many times; then it is done at once. Panics at empty audio.
struct Interrupted {
    times: u32,
    tries: Arc<AtomicU32>,
}

impl Recognizer for Interrupted {
    fn transcribe(
        &mut self,
        audio: &[f32],
        _: Effort,
        cancel: &CancelFlag,
    ) -> Result<Transcript, EngineError> {
        assert!(!audio.is_empty(), "broken on purpose");
        if self.tries.fetch_add(1, Ordering::SeqCst) < self.times {
            wait_until(|| cancel.is_cancelled());
            return Err(EngineError::Cancelled);
        }
        Ok(Transcript { text: "done".into(), ..Transcript::default() })
    }
}

/// Says each word as a part of one sample, at 24 kHz.
struct Words;

struct Saying(Vec<String>);

impl Synthesizer for Words {
    fn begin(&mut self, text: &str, _: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        assert!(text != "panic", "broken on purpose");
        Ok(Box::new(Saying(text.split(' ').rev().map(str::to_owned).collect())))
    }
}

impl Rendering for Saying {
    fn next(&mut self) -> Result<Part, EngineError> {
        let samples = self.0.pop().map_or(Vec::new(), |word| vec![word.len() as i16]);
        let part = Speech { samples, rate: 24_000, words: Vec::new() };
        Ok(if self.0.is_empty() { Part::Last(part) } else { Part::Next(part) })
    }
}

/// Keeps what it gets.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Speech>>>, Arc<Mutex<Option<Result<Speech, EngineError>>>>);

impl SpeakSink for Kept {
    fn part(&mut self, part: Speech) {
        self.0.lock().unwrap().push(part);
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        *self.1.lock().unwrap() = Some(outcome);
    }
}

impl Kept {
    fn outcome(&self) -> Result<Vec<i16>, EngineError> {
        wait_until(|| self.1.lock().unwrap().is_some());
        let outcome = self.1.lock().unwrap().take().unwrap();
        outcome.map(|_| self.0.lock().unwrap().drain(..).flat_map(|part| part.samples).collect())
    }
}

fn house(times: u32, cores: &Cores) -> (Requests, Arc<AtomicU32>) {
    let tries = Arc::<AtomicU32>::default();
    let theirs = tries.clone();
    let make = move || -> Result<Box<dyn Recognizer>, EngineError> {
        Ok(Box::new(Interrupted { times, tries: theirs.clone() }))
    };
    let open = |voice: &str, _: f32| -> Result<Box<dyn Synthesizer>, EngineError> {
        match voice {
            "words" => Ok(Box::new(Words)),
            "silence" => Ok(Box::new(Silence)),
            other => Err(EngineError::BadInput(format!("no voice {other}"))),
        }
    };
    (start(Box::new(make), Box::new(open), cores).unwrap().0, tries)
}

struct Silence;

impl Synthesizer for Silence {
    fn begin(&mut self, _: &str, _: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        Ok(Box::new(Whole(Speech::default())))
    }
}

fn cores(count: usize) -> Cores {
    Cores::new(count, Arc::new(|| Duration::ZERO))
}

fn hear(requests: &Requests, samples: usize, cancel: &CancelFlag) -> mpsc::Receiver<Result<String, String>> {
    let (tell, told) = mpsc::channel();
    let done = Box::new(move |outcome: Result<Transcript, EngineError>| {
        let _ = tell.send(outcome.map(|heard| heard.text).map_err(|error| error.to_string()));
    });
    let (samples, cancel) = (vec![1; samples], cancel.clone());
    let request = HearRequest { samples, rate: 16_000, partial: false, cancel, cpu: CpuTime::default() };
    requests.hear.hear(request, done).unwrap();
    told
}

fn say(requests: &Requests, voice: &str, texts: &[&str]) -> Kept {
    let kept = Kept::default();
    let texts = texts.iter().map(|text| ((*text).to_owned(), PAUSE)).collect();
    let script = Script { texts, voice: voice.into(), speed: 1.0, pitch: Pitch::OWN };
    requests.speak(script, CancelFlag::default(), Box::new(kept.clone())).unwrap();
    kept
}

#[test]
fn a_transcription_gives_its_core_to_a_call_and_is_begun_again() {
    let cores = cores(1);
    let (requests, tries) = house(2, &cores);
    let told = hear(&requests, 100, &CancelFlag::default());
    for begun in 1..=2 {
        wait_until(|| tries.load(Ordering::SeqCst) == begun);
        // A call asks for the only core, and gets it.
        drop(cores.acquire(Work::Transcript, 1));
    }
    assert_eq!(told.recv().unwrap(), Ok("done".to_owned()));
    assert_eq!(cores.meters()[&Work::Request].dropped, 2);
}

#[test]
fn on_a_busy_server_a_transcription_is_not_broken_off_for_ever() {
    let cores = cores(1);
    let (requests, tries) = house(MOST_TRIES - 1, &cores);
    let told = hear(&requests, 100, &CancelFlag::default());
    while tries.load(Ordering::SeqCst) < MOST_TRIES {
        drop(cores.acquire(Work::Transcript, 1));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(told.recv().unwrap(), Ok("done".to_owned()));
}

#[test]
fn while_calls_keep_all_cores_nothing_begins_and_a_client_may_leave() {
    let cores = cores(2);
    let (requests, tries) = house(0, &cores);
    let call = cores.acquire(Work::Decode, 1);
    let cancel = CancelFlag::default();
    let told = hear(&requests, 100, &cancel);
    // One core of two is free, and is kept for what else a call may want.
    std::thread::sleep(3 * PATIENCE);
    assert_eq!(tries.load(Ordering::SeqCst), 0);
    cancel.cancel();
    assert!(told.recv().unwrap().is_err());
    drop(call);
    assert_eq!(hear(&requests, 100, &CancelFlag::default()).recv().unwrap(), Ok("done".to_owned()));
}

#[test]
fn speech_comes_in_parts_at_the_rate_of_its_voice() {
    let (requests, _) = house(0, &cores(2));
    let kept = say(&requests, "words", &["one three", "a"]);
    wait_until(|| kept.1.lock().unwrap().is_some());
    let parts = kept.0.lock().unwrap().clone();
    assert!(parts.iter().all(|part| part.rate == 24_000));
    // Between two texts there is the pause that was asked for: a sample.
    assert_eq!(kept.outcome().unwrap(), [3, 5, 0, 1]);
}

#[test]
fn a_voice_that_is_unknown_or_dies_fails_alone() {
    let (requests, _) = house(0, &cores(2));
    assert_eq!(
        say(&requests, "nobody", &["a"]).outcome().unwrap_err().to_string(),
        EngineError::BadInput("no voice nobody".into()).to_string()
    );
    assert!(say(&requests, "words", &["panic"]).outcome().is_err());
    assert_eq!(say(&requests, "words", &["ab"]).outcome().unwrap(), [2]);
    assert!(say(&requests, "silence", &["ab"]).outcome().unwrap().is_empty());
    let told = hear(&requests, 0, &CancelFlag::default());
    assert!(told.recv().unwrap().unwrap_err().contains("panicked"));
    assert!(hear(&requests, 1, &CancelFlag::default()).recv().unwrap().is_ok());
}

#[test]
fn a_client_too_many_is_told_so() {
    let cores = cores(1);
    let (requests, _) = house(0, &cores);
    let _call = cores.acquire(Work::Decode, 1);
    let script = Script { texts: Vec::new(), voice: "words".into(), speed: 1.0, pitch: Pitch::OWN };
    let ask = |n: usize| {
        let one = Script { texts: vec![(n.to_string(), PAUSE)], ..script.clone() };
        requests.speak(one, CancelFlag::default(), Box::new(Kept::default())).is_ok()
    };
    let taken = (0..2 * QUEUE).take_while(|&n| ask(n)).count();
    assert!((QUEUE..=QUEUE + 1).contains(&taken), "{taken}");
}
