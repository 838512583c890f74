//! A voice with another one that stands in for it: when the first fails or hangs, the second speaks, so that a
//! caller does not sit in silence. Must not know calls.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cores::Now;
use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::threads::spawn;
use super::{EngineError, Speech};

/// A step of a voice, which takes a tenth of a second, has hung after this time.
const HUNG: Duration = Duration::from_millis(800);

/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(100);

/// After this many failures one after the other, a voice is not asked again.
const MOST_FAILURES: u32 = 3;

/// When a voice began the step that it is in: written by its thread, read by the watch.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// In microseconds on the clock of the cores; 0 between two steps.
    since: AtomicU64,
}

impl Heartbeat {
    /// A step begins.
    pub fn begins(&self, now: Duration) {
        self.since.store(u64::try_from(now.as_micros()).unwrap_or(u64::MAX).max(1), Ordering::SeqCst);
    }

    /// The step is over.
    pub fn ends(&self) {
        self.since.store(0, Ordering::SeqCst);
    }

    fn has_hung(&self, now: Duration) -> bool {
        let since = self.since.load(Ordering::SeqCst);
        since > 0 && now.saturating_sub(Duration::from_micros(since)) > HUNG
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
    /// The first voice is not asked any more.
    given_up: AtomicBool,
    /// The texts that the first voice has, until it is given up.
    asked: Mutex<Vec<Arc<Asked>>>,
    ended: Mutex<bool>,
    ends: Condvar,
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
    /// Lets `stand_in` speak when `voice`, called `name`, fails or hangs.
    ///
    /// # Errors
    /// If the operating system gives no thread for the watch.
    pub fn new(
        name: &str,
        voice: Arc<dyn Speak>,
        heartbeat: Arc<Heartbeat>,
        stand_in: Arc<dyn Speak>,
        now: Now,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            voice,
            stand_in,
            failures: AtomicU32::new(0),
            given_up: AtomicBool::new(false),
            asked: Mutex::default(),
            ended: Mutex::new(false),
            ends: Condvar::new(),
        });
        let watched = shared.clone();
        spawn("tts-watch".into(), move || watched.watch(&heartbeat, &now))?;
        Ok(Self { shared })
    }
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
        if shared.given_up.load(Ordering::SeqCst) {
            return shared.stand_in.speak(request, sink);
        }
        let (sink, begun) = (Mutex::new(Some(sink)), AtomicBool::new(false));
        let asked = Arc::new(Asked { request: request.clone(), sink, begun });
        {
            let mut all = lock(&shared.asked);
            all.retain(|asked| !asked.request.cancel.is_cancelled() && lock(&asked.sink).is_some());
            all.push(asked.clone());
        }
        let watched = Watched { shared: shared.clone(), asked: asked.clone() };
        let begun = shared.voice.speak(request, Box::new(watched));
        if begun.is_err() {
            lock(&asked.sink).take();
        }
        begun
    }
}

impl Shared {
    /// Looks whether the voice hangs, until it is given up or nobody needs it any more.
    fn watch(&self, heartbeat: &Heartbeat, now: &Now) {
        let mut ended = lock(&self.ended);
        while !*ended && !self.given_up.load(Ordering::SeqCst) {
            if heartbeat.has_hung(now()) {
                self.give_up("hangs");
                return;
            }
            ended = self.ends.wait_timeout(ended, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// From now on the other voice speaks, also what the first one was given and has not begun.
    fn give_up(&self, why: &str) {
        if self.given_up.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::error!(voice = self.name, "the voice {why}: the built-in voice speaks until the next start");
        for asked in std::mem::take(&mut *lock(&self.asked)) {
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
        // A full queue drops the sink: the call gives up the wait for this text.
        if let Err(full) = self.stand_in.speak(asked.request.clone(), sink) {
            tracing::error!(%full, "the built-in voice has too much to do");
        }
    }
}

/// The sink of the first voice: what it brings goes on to the call, unless it was given up.
struct Watched {
    shared: Arc<Shared>,
    asked: Arc<Asked>,
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
            Err(error @ EngineError::Failed(_)) => {
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
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::engine::CancelFlag;
    use crate::engine::buffered_playback::BufferedPlayback;
    use crate::engine::wanted::Wanted;

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
        time: Arc<AtomicU64>,
    }

    impl Stage {
        fn new() -> Self {
            let (voice, heartbeat, time) =
                (Arc::<Scripted>::default(), Arc::<Heartbeat>::default(), Arc::new(AtomicU64::new(1)));
            let clock = time.clone();
            let now: Now = Arc::new(move || Duration::from_millis(clock.load(Ordering::SeqCst)));
            let standby = Standby::new("piper:joe", voice.clone(), heartbeat.clone(), Arc::new(BuiltIn), now);
            Self { standby: standby.expect("a thread"), voice, heartbeat, time }
        }

        fn speak(&self, text: &str) -> Receiver<Result<usize, String>> {
            let (told, samples) = channel();
            let (wanted, buffered) = (Wanted::default(), BufferedPlayback::default());
            let cancel = CancelFlag::default();
            let request = SpeakRequest { text: text.to_owned(), first: true, wanted, buffered, cancel };
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
        stage.heartbeat.begins(Duration::from_millis(1));
        stage.time.store(1 + 900, Ordering::SeqCst);
        assert_eq!(hung.recv().expect("an outcome"), Ok(2));
        let parts: Vec<_> = begun.iter().collect();
        assert!(parts[0] == Ok(1) && parts[1].as_ref().is_err_and(|e| e.contains("hangs")), "{parts:?}");
        assert_eq!(stage.said("Hello."), [Ok(2)]);
        // What the voice brings after all is not heard any more.
        for mut sink in lock(&stage.voice.kept).drain(..) {
            sink.done(Ok(speech(9)));
        }
        assert!(hung.recv().is_err());
    }

    #[test]
    fn a_long_wait_between_two_steps_is_no_hang() {
        let stage = Stage::new();
        stage.heartbeat.begins(Duration::from_millis(1));
        stage.heartbeat.ends();
        stage.time.store(60_000, Ordering::SeqCst);
        std::thread::sleep(LOOK * 3);
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }
}
