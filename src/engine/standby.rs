//! A voice with another one that stands in for it: when the first fails or hangs, the second speaks, so that
//! a caller does not sit in silence. Must not know calls.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Ticket;
use super::cores::Cores;
use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::threads::spawn;
use super::{EngineError, Speech};

/// How often the watch looks. It counts its looks and reads no clock: a process that was stopped for a while
/// has not hung.
const LOOK: Duration = Duration::from_millis(100);

/// After this many failures one after the other, a voice is not asked again.
const MOST_FAILURES: u32 = 3;

/// The step that a voice is in: written by its thread, read by the watch.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// Odd during a step.
    steps: AtomicU64,
    /// The cores that the step holds.
    holds: Mutex<Option<Ticket>>,
}

impl Heartbeat {
    /// A step begins, which holds these cores.
    pub fn begins(&self, holds: Ticket) {
        *lock(&self.holds) = Some(holds);
        self.steps.fetch_add(1, Ordering::SeqCst);
    }

    /// The step is over.
    pub fn ends(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of the running step, if there is one.
    fn step(&self) -> Option<u64> {
        Some(self.steps.load(Ordering::SeqCst)).filter(|steps| steps % 2 == 1)
    }
}

/// A voice, and the one that stands in.
pub struct Standby {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    voice: Arc<dyn Speak>,
    stand_in: Arc<dyn Speak>,
    failures: AtomicU32,
    texts: Mutex<Texts>,
    ended: Mutex<bool>,
    ends: Condvar,
}

/// The texts that the first voice has.
#[derive(Default)]
struct Texts {
    asked: Vec<Arc<Asked>>,
    /// The first voice is not asked any more.
    given_up: bool,
}

/// A text that the first voice was given.
struct Asked {
    request: SpeakRequest,
    /// Empty once the outcome was told, by whichever voice.
    sink: Mutex<Option<Box<dyn SpeakSink>>>,
    /// Some of the speech was given: another voice cannot begin anew.
    begun: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // All of these hold complete values at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Standby {
    /// Lets `stand_in` speak when `voice`, called `name`, fails, or does not end a step in time. The cores
    /// that a hung step holds are taken back.
    ///
    /// # Errors
    /// If the operating system gives no thread for the watch.
    pub fn new(
        name: &str,
        voice: Arc<dyn Speak>,
        watch: Watch,
        stand_in: Arc<dyn Speak>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            voice,
            stand_in,
            failures: AtomicU32::new(0),
            texts: Mutex::default(),
            ended: Mutex::new(false),
            ends: Condvar::new(),
        });
        let watched = shared.clone();
        spawn("tts-watch".into(), move || watched.watch(&watch))?;
        Ok(Self { shared })
    }
}

/// By what it is seen that a voice has hung.
pub struct Watch {
    /// Written by the thread of the voice.
    pub heartbeat: Arc<Heartbeat>,
    /// How long a step may take.
    pub longest_step: Duration,
    /// The cores that it takes.
    pub cores: Cores,
}

impl Drop for Standby {
    fn drop(&mut self) {
        *lock(&self.shared.ended) = true;
        self.shared.ends.notify_all();
    }
}

impl Speak for Standby {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        let shared = &self.shared;
        let (sink, begun) = (Mutex::new(Some(sink)), AtomicBool::new(false));
        let asked = Arc::new(Asked { request, sink, begun });
        let given_up = {
            let mut texts = lock(&shared.texts);
            texts.asked.retain(|asked| !asked.request.cancel.is_cancelled() && lock(&asked.sink).is_some());
            if !texts.given_up {
                texts.asked.push(asked.clone());
            }
            texts.given_up
        };
        let voice = if given_up { &shared.stand_in } else { &shared.voice };
        let watched = Watched { shared: shared.clone(), asked: asked.clone(), is_the_first: !given_up };
        let begun = voice.speak(asked.request.clone(), Box::new(watched));
        if begun.is_err() {
            lock(&asked.sink).take();
        }
        begun
    }
}

impl Shared {
    /// Looks whether the voice hangs, until it is given up or nobody needs it any more.
    fn watch(&self, watch: &Watch) {
        let (mut step, mut looks) = (None, Duration::ZERO);
        let mut ended = lock(&self.ended);
        while !*ended && !lock(&self.texts).given_up {
            let now = watch.heartbeat.step();
            looks = if now.is_some() && now == step { looks + LOOK } else { Duration::ZERO };
            step = now;
            if looks >= watch.longest_step {
                if let Some(ticket) = lock(&watch.heartbeat.holds).take() {
                    watch.cores.forfeit(ticket);
                }
                return self.give_up("hangs");
            }
            ended = self.ends.wait_timeout(ended, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// From now on the other voice speaks, also what the first one was given and has not begun.
    fn give_up(&self, why: &str) {
        let asked = {
            let mut texts = lock(&self.texts);
            if std::mem::replace(&mut texts.given_up, true) {
                return;
            }
            std::mem::take(&mut texts.asked)
        };
        tracing::error!(voice = self.name, "the voice {why}: the built-in voice speaks until the next start");
        for asked in asked {
            let sink = lock(&asked.sink).take();
            if let Some(sink) = sink.filter(|_| !asked.request.cancel.is_cancelled()) {
                self.stand_in_for(&asked, sink, EngineError::Failed(format!("the voice {why}")));
            }
        }
    }

    /// The other voice speaks a text, or if some of it was heard already, its job ends with `error`.
    fn stand_in_for(&self, asked: &Asked, mut sink: Box<dyn SpeakSink>, error: EngineError) {
        if asked.begun.load(Ordering::SeqCst) {
            return sink.done(Err(error));
        }
        if let Err(full) = self.stand_in.speak(asked.request.clone(), sink) {
            tracing::error!(%full, "the built-in voice has too much to do");
        }
    }
}

/// The sink of a text: what its voice brings goes on to the call, unless another voice took over.
struct Watched {
    shared: Arc<Shared>,
    asked: Arc<Asked>,
    /// It is the sink of the first voice.
    is_the_first: bool,
}

impl SpeakSink for Watched {
    fn part(&mut self, part: Speech) {
        if let Some(sink) = &mut *lock(&self.asked.sink) {
            self.asked.begun.store(true, Ordering::SeqCst);
            sink.part(part);
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        let Some(mut sink) = lock(&self.asked.sink).take() else { return };
        match outcome {
            Err(error @ EngineError::Failed(_)) if self.is_the_first => {
                tracing::warn!(voice = self.shared.name, %error, "the voice failed: the built-in one stands in");
                let failures = self.shared.failures.fetch_add(1, Ordering::SeqCst) + 1;
                self.shared.stand_in_for(&self.asked, sink, error);
                if failures >= MOST_FAILURES {
                    self.shared.give_up("fails again and again");
                }
            }
            outcome => {
                if outcome.is_ok() {
                    self.shared.failures.store(0, Ordering::SeqCst);
                }
                sink.done(outcome);
            }
        }
    }

    fn is_closed(&self) -> bool {
        lock(&self.asked.sink).as_ref().is_none_or(|sink| sink.is_closed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::engine::arbiter::Work;

    /// A voice that does what its script says for each text; its sinks are kept.
    #[derive(Default)]
    struct Scripted {
        kept: Mutex<Vec<Box<dyn SpeakSink>>>,
    }

    fn speech(length: usize) -> Speech {
        Speech { samples: vec![1; length], rate: 8000, words: Vec::new() }
    }

    impl Speak for Scripted {
        fn speak(&self, request: SpeakRequest, mut sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
            match request.text.as_str() {
                "fails" => sink.done(Err(EngineError::Failed("a fault".to_owned()))),
                "unspeakable" => sink.done(Err(EngineError::BadInput("no sound".to_owned()))),
                "begins" => {
                    sink.part(speech(1));
                    lock(&self.kept).push(sink);
                }
                "hangs" => lock(&self.kept).push(sink),
                _ => sink.done(Ok(speech(1))),
            }
            Ok(())
        }
    }

    /// The built-in voice: two samples for everything.
    struct BuiltIn;

    impl Speak for BuiltIn {
        fn speak(&self, _: SpeakRequest, mut sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
            sink.done(Ok(speech(2)));
            Ok(())
        }
    }

    struct Samples(Sender<Result<usize, String>>);

    impl SpeakSink for Samples {
        fn part(&mut self, part: Speech) {
            self.0.send(Ok(part.samples.len())).ok();
        }

        fn done(&mut self, outcome: Result<Speech, EngineError>) {
            self.0.send(outcome.map(|part| part.samples.len()).map_err(|error| error.to_string())).ok();
        }
    }

    struct Stage {
        standby: Standby,
        voice: Arc<Scripted>,
        heartbeat: Arc<Heartbeat>,
        cores: Cores,
    }

    impl Stage {
        fn new() -> Self {
            let (voice, heartbeat) = (Arc::<Scripted>::default(), Arc::<Heartbeat>::default());
            let cores = Cores::new(1, Arc::new(|| Duration::ZERO));
            let longest_step = LOOK * 2;
            let watch = Watch { heartbeat: heartbeat.clone(), longest_step, cores: cores.clone() };
            let standby = Standby::new("piper:joe", voice.clone(), watch, Arc::new(BuiltIn));
            Self { standby: standby.expect("a thread"), voice, heartbeat, cores }
        }

        fn speak(&self, text: &str) -> Receiver<Result<usize, String>> {
            let (told, samples) = channel();
            let request = SpeakRequest::prepared(text);
            self.standby.speak(request, Box::new(Samples(told))).expect("room");
            samples
        }

        /// All that came, of which the last is the outcome.
        fn said(&self, text: &str) -> Vec<Result<usize, String>> {
            self.speak(text).iter().collect()
        }
    }

    #[test]
    fn a_text_on_which_the_voice_fails_is_spoken_by_the_other() {
        let stage = Stage::new();
        assert_eq!(stage.said("fails"), [Ok(2)]);
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }

    #[test]
    fn what_no_voice_can_speak_is_no_fault_of_the_voice() {
        let stage = Stage::new();
        for _ in 0..=MOST_FAILURES {
            assert!(stage.said("unspeakable")[0].is_err());
        }
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }

    #[test]
    fn a_voice_that_fails_again_and_again_is_not_asked_any_more() {
        let stage = Stage::new();
        for _ in 0..MOST_FAILURES {
            stage.said("fails");
        }
        assert_eq!(stage.said("Hello."), [Ok(2)]);
    }

    #[test]
    fn when_a_voice_hangs_the_other_speaks_what_it_had_and_what_comes() {
        let stage = Stage::new();
        let (hung, begun) = (stage.speak("hangs"), stage.speak("begins"));
        let held = stage.cores.acquire(Work::Speech, 1);
        stage.heartbeat.begins(held.ticket());
        assert_eq!(hung.recv().expect("an outcome"), Ok(2));
        let parts: Vec<_> = begun.iter().collect();
        assert!(parts[0] == Ok(1) && parts[1].as_ref().is_err_and(|e| e.contains("hangs")), "{parts:?}");
        assert_eq!(stage.said("Hello."), [Ok(2)]);
        // The core of the hung step is free, although nobody released it.
        drop(stage.cores.acquire(Work::Speech, 1));
        drop(held);
        drop(stage.cores.acquire(Work::Speech, 1));
        // What the voice brings after all is not heard any more, and it need not work on it.
        for mut sink in lock(&stage.voice.kept).drain(..) {
            assert!(sink.is_closed());
            sink.done(Ok(speech(9)));
        }
        assert!(hung.recv().is_err());
    }

    #[test]
    fn many_short_steps_and_long_waits_between_them_are_no_hang() {
        let stage = Stage::new();
        for _ in 0..4 {
            let held = stage.cores.acquire(Work::Speech, 1);
            stage.heartbeat.begins(held.ticket());
            std::thread::sleep(LOOK / 2);
            stage.heartbeat.ends();
        }
        std::thread::sleep(LOOK * 4);
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }
}
