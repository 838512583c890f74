//! The faults of the scripted engines: one fault for a while, or another for each job. Must not know what the
//! engines do when they work.

use super::simulation::Simulation;

/// The fault of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Recognizer,
    Generator,
    Synthesizer,
    SilentGenerator,
    SilentRecognizer,
    SilentSynthesizer,
    /// Speaks only what was prepared at the start: the phrases of the configuration.
    SynthesizerOfNewTexts,
    SilentSynthesizerOfNewTexts,
    /// Fails once, then works.
    GeneratorOnce,
    RecognizerOnce,
    /// Fails in the middle of a sentence, once.
    GeneratorMidway,
    /// Stops in the middle of a sentence without an error, once.
    GeneratorStops,
    /// Always ends without a word.
    EmptyGenerator,
    SynthesizerOnce,
}

/// The outcome of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Fails at once.
    Fails,
    /// Never brings anything.
    Hangs,
}

/// The faults of job after job, again and again from the first. Prepared speech has none.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    faults: Vec<Fault>,
    jobs: usize,
}

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { faults, jobs: 0 }
    }

    fn next(&mut self) -> Fault {
        let fault = self.faults.get(self.jobs % self.faults.len().max(1));
        self.jobs += 1;
        fault.copied().unwrap_or(Fault::None)
    }
}

impl Simulation {
    pub(super) fn fault_of_the_recogniser(&mut self) -> Fault {
        if self.broken == Some(Broken::SilentRecognizer) {
            Fault::Hangs
        } else if self.breaks(Broken::RecognizerOnce, Broken::Recognizer) {
            Fault::Fails
        } else {
            self.faults.next()
        }
    }

    pub(super) fn fault_of_the_model(&mut self) -> Fault {
        if self.broken == Some(Broken::SilentGenerator) {
            Fault::Hangs
        } else if self.breaks(Broken::GeneratorOnce, Broken::Generator) {
            Fault::Fails
        } else {
            self.faults.next()
        }
    }

    pub(super) fn fault_of_the_voice(&mut self, text: &str) -> Fault {
        // Like every voice, this one has letters that it does not know.
        let unspeakable = !text.contains(|c: char| c.is_ascii_alphanumeric());
        let prepared = self.prepared.iter().any(|phrase| phrase == text);
        if self.broken == Some(Broken::SilentSynthesizer) {
            Fault::Hangs
        } else if unspeakable || self.breaks(Broken::SynthesizerOnce, Broken::Synthesizer) {
            Fault::Fails
        } else if prepared {
            Fault::None
        } else {
            match self.broken {
                Some(Broken::SynthesizerOfNewTexts) => Fault::Fails,
                Some(Broken::SilentSynthesizerOfNewTexts) => Fault::Hangs,
                _ => self.faults.next(),
            }
        }
    }

    pub(super) fn breaks(&mut self, once: Broken, ever: Broken) -> bool {
        if self.broken == Some(once) {
            self.broken = None;
            return true;
        }
        self.broken == Some(ever)
    }
}
