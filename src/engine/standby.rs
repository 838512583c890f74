//! A voice with another one that stands in for it: when the first fails, hangs, or is too much for the
//! machine, the second speaks, so that a caller does not sit in silence. Must not know calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::health::{EngineHealth, JobInProgress};
use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::{EngineError, Speech};

/// A voice, and the one that stands in. Its clones are the same voice.
#[derive(Clone)]
pub struct Standby(Arc<Shared>);

struct Shared {
    name: String,
    voice: Arc<dyn Speak>,
    stand_in: Arc<dyn Speak>,
    health: EngineHealth,
    /// The stand-in speaks all new texts, although the first voice works.
    relieved: AtomicBool,
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
    /// Lets `stand_in` speak when `voice`, called `name`, fails, does not come back, or is left alone for
    /// that.
    #[must_use]
    pub fn new(name: &str, voice: Arc<dyn Speak>, health: EngineHealth, stand_in: Arc<dyn Speak>) -> Self {
        let relieved = AtomicBool::new(false);
        Self(Arc::new(Shared { name: name.to_owned(), voice, stand_in, health, relieved }))
    }

    /// Lets the stand-in speak, or the first voice again: it needs less of the machine.
    pub fn relieve(&self, relieved: bool) {
        self.0.relieved.store(relieved, Ordering::Relaxed);
    }
}

impl Speak for Standby {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        let shared = &self.0;
        if shared.relieved.load(Ordering::Relaxed) {
            return shared.stand_in.speak(request, sink);
        }
        let (sink, begun) = (Mutex::new(Some(sink)), AtomicBool::new(false));
        let asked = Arc::new(Asked { request: request.clone(), sink, begun });
        let failing = (shared.clone(), asked.clone());
        // Unlike another engine, a voice has one that stands in: also for work that is done ahead.
        let job = shared
            .health
            .begin(request.wanted.is_set(), move |error| failing.0.stand_in_for(&failing.1, error));
        let spoken = match job {
            Ok(job) => {
                let sink = Watched { shared: shared.clone(), asked: asked.clone(), job: Some(job) };
                shared.voice.speak(request, Box::new(sink))
            }
            Err(_) => match lock(&asked.sink).take() {
                Some(sink) => return shared.stand_in.speak(request, sink),
                None => Ok(()),
            },
        };
        if spoken.is_err() {
            lock(&asked.sink).take();
        }
        spoken
    }
}

impl Shared {
    /// The other voice speaks a text, or if some of it was heard already, its job ends with `error`.
    fn stand_in_for(&self, asked: &Asked, error: EngineError) {
        let sink = lock(&asked.sink).take();
        let Some(mut sink) = sink.filter(|_| !asked.request.cancel.is_cancelled()) else { return };
        if asked.begun.load(Ordering::SeqCst) {
            return sink.done(Err(error));
        }
        tracing::warn!(voice = self.name, %error, "the voice failed: the built-in one stands in");
        if let Err(full) = self.stand_in.speak(asked.request.clone(), sink) {
            tracing::error!(%full, "the built-in voice has too much to do");
        }
    }
}

/// The sink of the first voice: what it brings goes on to the call, unless the other one took over.
struct Watched {
    shared: Arc<Shared>,
    asked: Arc<Asked>,
    job: Option<JobInProgress>,
}

impl SpeakSink for Watched {
    fn part(&mut self, part: Speech) {
        if let Some(sink) = &mut *lock(&self.asked.sink) {
            self.asked.begun.store(true, Ordering::SeqCst);
            sink.part(part);
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        if let Some(job) = self.job.take() {
            job.ended(&outcome);
        }
        match outcome {
            Err(error @ EngineError::Failed(_)) => self.shared.stand_in_for(&self.asked, error),
            outcome => {
                let sink = lock(&self.asked.sink).take();
                if let Some(mut sink) = sink {
                    sink.done(outcome);
                }
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

    use crate::quality::breaker::BreakerSettings;

    use super::*;

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
        health: EngineHealth,
    }

    impl Stage {
        fn new() -> Self {
            let now: crate::engine::cores::Now = Arc::new(|| std::time::Duration::ZERO);
            let (voice, settings) = (Arc::<Scripted>::default(), BreakerSettings::default());
            let health = EngineHealth::new("tts", 1, settings, now);
            let standby = Standby::new("piper:joe", voice.clone(), health.clone(), Arc::new(BuiltIn));
            Self { standby, voice, health }
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
        for _ in 0..5 {
            assert!(stage.said("unspeakable")[0].is_err());
        }
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }

    #[test]
    fn a_voice_that_fails_again_and_again_is_left_alone() {
        let stage = Stage::new();
        for _ in 0..3 {
            stage.said("fails");
        }
        assert_eq!(stage.said("Hello."), [Ok(2)]);
    }

    #[test]
    fn when_a_voice_hangs_the_other_speaks_what_it_had_and_what_comes() {
        let stage = Stage::new();
        let (hung, begun) = (stage.speak("hangs"), stage.speak("begins"));
        stage.health.hangs();
        assert_eq!(hung.recv().expect("an outcome"), Ok(2));
        let parts: Vec<_> = begun.iter().collect();
        let told = parts[1].as_ref().is_err_and(|error| error.contains("does not come back"));
        assert!(parts[0] == Ok(1) && told, "{parts:?}");
        assert_eq!(stage.said("Hello."), [Ok(2)]);
        // What the voice brings after all is not heard any more, and it need not work on it.
        for mut sink in lock(&stage.voice.kept).drain(..) {
            assert!(sink.is_closed());
            sink.done(Ok(speech(9)));
        }
        assert!(hung.recv().is_err());
    }

    #[test]
    fn a_voice_that_is_too_much_for_the_machine_rests_until_it_is_wanted_again() {
        let stage = Stage::new();
        stage.standby.relieve(true);
        assert_eq!(stage.said("Hello."), [Ok(2)]);
        stage.standby.relieve(false);
        assert_eq!(stage.said("Hello."), [Ok(1)]);
    }
}
