//! Faults that are injected into engines, for trying out what callers then hear: each engine can be made
//! slow, wrong, hung or dead while the server runs. Must not know what is done against a fault.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{
    CancelFlag, Effort, EngineError, Generator, Part, Recognizer, Rendering, Rooms, Sampling, Share,
};
use super::{Speech, Step, StopReason, Synthesizer, Task, Transcript};
use crate::dialogue::Message;

/// How often a hung engine looks whether its fault was withdrawn.
const LOOK: Duration = Duration::from_millis(10);

/// The longest delay of a slow engine, in milliseconds.
const SLOWEST_MS: u64 = 60_000;

/// What a wrong recogniser hears, whatever is said.
const NONSENSE: &str = "Colourless green ideas.";

/// An engine that can have a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Speech to text.
    Stt,
    /// The language models.
    Llm,
    /// The voice of the configuration.
    Tts,
}

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Each step takes this much longer.
    Slow(Duration),
    /// It brings something else: the recogniser hears nonsense, the model says nothing, the voice is silent.
    Wrong,
    /// It does not come back until the fault is withdrawn.
    Hung,
    /// It panics at every step.
    Dead,
}

/// A text that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no fault: allowed is {ALLOWED}")]
pub struct NoFault(String);

/// What is allowed for a fault.
pub const ALLOWED: &str = "\"slow:MS\" (up to 60000), \"wrong\", \"hung\" or \"dead\"";

impl Target {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Stt, Self::Llm, Self::Tts];

    /// The name of the engine, as in the sections of the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stt => "stt",
            Self::Llm => "llm",
            Self::Tts => "tts",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(by) => write!(f, "slow:{}", by.as_millis()),
            Self::Wrong => f.write_str("wrong"),
            Self::Hung => f.write_str("hung"),
            Self::Dead => f.write_str("dead"),
        }
    }
}

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let wrong = || NoFault(text.chars().take(40).collect());
        match text {
            "wrong" => Ok(Self::Wrong),
            "hung" => Ok(Self::Hung),
            "dead" => Ok(Self::Dead),
            slow => {
                let ms = slow.strip_prefix("slow:").and_then(|ms| ms.parse().ok());
                let ms = ms.filter(|ms| *ms <= SLOWEST_MS).ok_or_else(wrong)?;
                Ok(Self::Slow(Duration::from_millis(ms)))
            }
        }
    }
}

/// The faults of all engines. Its clones are the same faults.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<BTreeMap<Target, Fault>>>);

impl Faults {
    /// Gives an engine this fault, or none.
    pub fn set(&self, target: Target, fault: Option<Fault>) {
        let told = fault.map_or_else(|| "none".to_owned(), |fault| fault.to_string());
        tracing::warn!(engine = target.name(), fault = told, "a fault is injected");
        match fault {
            Some(fault) => drop(self.lock().insert(target, fault)),
            None => drop(self.lock().remove(&target)),
        }
    }

    /// All engines with a fault, as "stt=hung".
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.lock().iter().map(|(target, fault)| format!("{}={fault}", target.name())).collect()
    }

    fn of(&self, target: Target) -> Option<Fault> {
        self.lock().get(&target).copied()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Target, Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step of the engine begins: waits, or panics, as its fault says. True if its outcome is to be wrong.
    fn strike(&self, target: Target) -> bool {
        match self.of(target) {
            None => false,
            Some(Fault::Wrong) => true,
            Some(Fault::Slow(by)) => {
                std::thread::sleep(by);
                false
            }
            Some(Fault::Hung) => {
                while self.of(target) == Some(Fault::Hung) {
                    std::thread::sleep(LOOK);
                }
                false
            }
            Some(Fault::Dead) => panic!("injected: the engine {} is dead", target.name()),
        }
    }
}

/// An engine with the faults that are injected.
pub struct Faulty<E> {
    engine: E,
    faults: Faults,
}

impl<E> Faulty<E> {
    /// Injects `faults` into `engine`.
    #[must_use]
    pub fn new(engine: E, faults: &Faults) -> Self {
        Self { engine, faults: faults.clone() }
    }
}

impl Recognizer for Faulty<Box<dyn Recognizer>> {
    fn transcribe(
        &mut self,
        audio: &[f32],
        effort: Effort,
        cancel: &CancelFlag,
    ) -> Result<Transcript, EngineError> {
        let is_wrong = self.faults.strike(Target::Stt);
        let transcript = self.engine.transcribe(audio, effort, cancel)?;
        let nonsense = || Transcript { text: NONSENSE.to_owned(), ..Transcript::default() };
        Ok(if is_wrong { nonsense() } else { transcript })
    }
}

impl<G: Generator> Generator for Faulty<G> {
    type Generation = G::Generation;

    fn begin(
        &mut self,
        session: &str,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<G::Generation, EngineError> {
        self.engine.begin(session, messages, task, sampling)
    }

    fn step(&mut self, batch: &mut [Share<'_, G::Generation>]) -> Vec<Result<Step, EngineError>> {
        if self.faults.strike(Target::Llm) {
            return batch.iter().map(|_| Ok(Step::Done(StopReason::EndOfText))).collect();
        }
        self.engine.step(batch)
    }

    fn rooms(&self) -> Rooms {
        self.engine.rooms()
    }

    fn end_session(&mut self, session: &str) {
        self.engine.end_session(session);
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.engine.count_tokens(text)
    }
}

impl Synthesizer for Faulty<Box<dyn Synthesizer>> {
    fn begin(&mut self, text: &str, cancel: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        let rendering = self.engine.begin(text, cancel)?;
        Ok(Box::new(Faulty::new(rendering, &self.faults)))
    }

    fn longest_step(&self) -> Duration {
        self.engine.longest_step()
    }
}

impl Rendering for Faulty<Box<dyn Rendering>> {
    fn next(&mut self) -> Result<Part, EngineError> {
        let is_wrong = self.faults.strike(Target::Tts);
        let silent = |speech: Speech| Speech { samples: vec![0; speech.samples.len()], ..speech };
        Ok(match self.engine.next()? {
            Part::Next(part) if is_wrong => Part::Next(silent(part)),
            Part::Last(part) if is_wrong => Part::Last(silent(part)),
            part @ (Part::Next(_) | Part::Last(_)) => part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Whole;

    #[test]
    fn a_fault_is_read_as_it_is_told_and_a_wrong_one_is_named() {
        for text in ["slow:250", "wrong", "hung", "dead"] {
            assert_eq!(text.parse::<Fault>().expect("a fault").to_string(), text);
        }
        for text in ["", "slow", "slow:", "slow:-1", "slow:60001", "Dead", &"x".repeat(1000)] {
            let error = text.parse::<Fault>().expect_err("no fault").to_string();
            assert!(error.contains("slow:MS") && error.len() < 200, "{error}");
        }
    }

    struct Says;

    impl Synthesizer for Says {
        fn begin(&mut self, _: &str, _: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
            Ok(Box::new(Whole(Speech { samples: vec![7; 3], rate: 8000, words: Vec::new() })))
        }
    }

    fn said(voice: &mut Faulty<Box<dyn Synthesizer>>) -> Vec<i16> {
        voice.synthesize("Hello.", &CancelFlag::default()).expect("speech").samples
    }

    #[test]
    fn an_engine_has_the_fault_that_was_set_last_and_none_when_it_is_withdrawn() {
        let faults = Faults::default();
        let mut voice = Faulty::new(Box::new(Says) as Box<dyn Synthesizer>, &faults);
        faults.set(Target::Tts, Some(Fault::Wrong));
        faults.set(Target::Stt, Some(Fault::Dead));
        assert_eq!(faults.told(), ["stt=dead", "tts=wrong"]);
        assert_eq!(said(&mut voice), [0; 3]);
        faults.set(Target::Tts, Some(Fault::Hung));
        let withdraws = std::thread::spawn({
            let faults = faults.clone();
            move || {
                std::thread::sleep(LOOK * 3);
                faults.set(Target::Tts, None);
            }
        });
        assert_eq!(said(&mut voice), [7; 3]);
        withdraws.join().expect("no panic");
    }

    #[test]
    fn a_dead_engine_panics_as_a_broken_one_would() {
        let faults = Faults::default();
        faults.set(Target::Tts, Some(Fault::Dead));
        let mut voice = Faulty::new(Box::new(Says) as Box<dyn Synthesizer>, &faults);
        let outcome =
            crate::engine::survive("synthesiser", || voice.synthesize("Hi.", &CancelFlag::default()));
        assert!(matches!(outcome, Err(EngineError::Failed(_))));
    }
}
