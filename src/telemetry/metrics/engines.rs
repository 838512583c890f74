//! What the engines do, counted around their ports, under names that other servers of speech use, too. Must
//! not know calls.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::cached_answers::CachedAnswers;
use crate::dialogue::Usage;
use crate::engine::cores::Now;
use crate::engine::ports::{
    Deliver, Hear, HearRequest, Speak, SpeakRequest, SpeakSink, Think, ThinkRequest, ThinkSink,
};
use crate::engine::queue::QueueFull;
use crate::engine::sharing::Sharing;
use crate::engine::{EngineError, Rooms, Speech, Task, Transcript};
use crate::units::duration_of;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Model {
    model: String,
    task: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The metrics of the engines.
#[derive(Debug, Clone)]
pub struct EngineMetrics {
    hears: Family<Kind, Counter>,
    hear_errors: Family<Kind, Counter>,
    hear_duration: Histograms<Kind>,
    heard: Histograms<Kind>,
    speaks: Counter,
    speak_errors: Counter,
    speak_duration: Histogram,
    first_audio: Histogram,
    spoken: Counter<f64, AtomicU64>,
    text: Histogram,
    thinks: Family<Model, Counter>,
    think_errors: Family<Model, Counter>,
    think_duration: Histograms<Model>,
    first_token: Histograms<Model>,
    input_tokens: Histograms<Model>,
    reused_tokens: Family<Model, Counter>,
    output_tokens: Histograms<Model>,
    shared: Family<OfModel, Counter>,
    cached: CachedAnswers,
    /// The sum of them.
    shared_in_all: Counter,
}

impl EngineMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            hears: Family::default(),
            hear_errors: Family::default(),
            hear_duration: Family::new_with_constructor(super::works),
            heard: Family::new_with_constructor(super::lengths),
            speaks: Counter::default(),
            speak_errors: Counter::default(),
            speak_duration: super::works(),
            first_audio: super::works(),
            spoken: Counter::default(),
            text: super::doublings(10),
            thinks: Family::default(),
            think_errors: Family::default(),
            think_duration: Family::new_with_constructor(super::works),
            first_token: Family::new_with_constructor(super::works),
            input_tokens: Family::new_with_constructor(tokens),
            reused_tokens: Family::default(),
            output_tokens: Family::new_with_constructor(tokens),
            shared: Family::default(),
            cached: CachedAnswers::new(registry),
            shared_in_all: Counter::default(),
        };
        // Series that begin at zero: a rate over their first event would be nothing otherwise.
        for kind in ["final", "partial"] {
            let kind = Kind { kind };
            drop(metrics.hears.get_or_create(&kind));
            drop(metrics.hear_errors.get_or_create(&kind));
            drop(metrics.hear_duration.get_or_create(&kind));
            drop(metrics.heard.get_or_create(&kind));
        }
        let m = metrics.clone();
        registry.register("stt_transcription_requests", "Utterances given to the recogniser", m.hears);
        registry.register("stt_transcription_errors", "Transcriptions that failed", m.hear_errors);
        registry.register(
            "stt_transcription_duration_seconds",
            "From the request to the transcript, the wait for a core included",
            m.hear_duration,
        );
        registry.register("stt_audio_duration_seconds", "Audio of an utterance to transcribe", m.heard);
        registry.register("tts_synthesis_requests", "Texts given to the voice", m.speaks);
        registry.register("tts_synthesis_errors", "Texts whose synthesis failed", m.speak_errors);
        registry.register(
            "tts_synthesis_duration_seconds",
            "From the request to the end of the speech, the wait for a core included",
            m.speak_duration,
        );
        registry.register(
            "tts_first_audio_seconds",
            "From the request to the first part of the speech",
            m.first_audio,
        );
        registry.register("tts_audio_seconds", "Speech that was synthesised", m.spoken);
        registry.register("tts_text_length_chars", "Characters of a text for the voice", m.text);
        registry.register("llm_generation_requests", "Requests to a language model", m.thinks);
        registry.register("llm_generation_errors", "Requests that failed", m.think_errors);
        registry.register(
            "llm_generation_duration_seconds",
            "From the request to its last token, the wait for cores and for room in the call included",
            m.think_duration,
        );
        registry.register(
            "llm_first_token_seconds",
            "From the request to the first token of an answer",
            m.first_token,
        );
        registry.register("llm_input_tokens", "Tokens of prompts", m.input_tokens);
        registry.register(
            "llm_reused_tokens",
            "Tokens of prompts that were known from before",
            m.reused_tokens,
        );
        registry.register("llm_output_tokens", "Generated tokens", m.output_tokens);
        registry.register(
            "llm_shared_generations",
            "Requests that got the answer to another one, which asked the same at the same time",
            m.shared,
        );
        metrics
    }

    /// `inner`, with its work counted.
    #[must_use]
    pub fn hear(&self, inner: Arc<dyn Hear>, now: &Now) -> Arc<dyn Hear> {
        Arc::new(Metered { inner, metrics: self.clone(), now: now.clone() })
    }

    /// `inner`, with its work counted.
    #[must_use]
    pub fn speak(&self, inner: Arc<dyn Speak>, now: &Now) -> Arc<dyn Speak> {
        Arc::new(Metered { inner, metrics: self.clone(), now: now.clone() })
    }

    /// Requests that got the answer to another one.
    #[must_use]
    pub fn shared(&self) -> u64 {
        self.shared_in_all.get()
    }

    /// `inner`, which is called `name`, with its answers shared, and those who share them counted.
    #[must_use]
    pub fn share(&self, name: &str, inner: Arc<dyn Think>) -> Arc<dyn Think> {
        let joined = self.shared.get_or_create_owned(&OfModel { model: name.to_owned() });
        let in_all = self.shared_in_all.clone();
        Arc::new(Sharing::new(inner).telling(move || {
            joined.inc();
            in_all.inc();
        }))
    }

    /// What is counted of answers that are given again.
    #[must_use]
    pub fn cached_answers(&self) -> &CachedAnswers {
        &self.cached
    }

    /// `inner`, which is called `name`, with its work counted.
    #[must_use]
    pub fn think(&self, name: &str, inner: Arc<dyn Think>, now: &Now) -> Arc<dyn Think> {
        for task in [Task::Answer, Task::Listen, Task::Rebuild] {
            let labels = Model { model: name.to_owned(), task: word(task) };
            drop(self.thinks.get_or_create(&labels));
            drop(self.think_errors.get_or_create(&labels));
            drop(self.reused_tokens.get_or_create(&labels));
            for family in [&self.think_duration, &self.first_token, &self.input_tokens, &self.output_tokens] {
                drop(family.get_or_create(&labels));
            }
        }
        let inner = Named { name: name.to_owned(), model: inner };
        Arc::new(Metered { inner, metrics: self.clone(), now: now.clone() })
    }
}

/// An engine whose work is counted.
struct Metered<E> {
    inner: E,
    metrics: EngineMetrics,
    now: Now,
}

struct Named {
    name: String,
    model: Arc<dyn Think>,
}

/// A task in a word.
const fn word(task: Task) -> &'static str {
    match task {
        Task::Answer => "answer",
        Task::Listen => "prefill",
        Task::Rebuild => "rebuild",
    }
}

fn tokens() -> Histogram {
    super::doublings(14)
}

/// Cancelled work has not failed.
fn failed<T>(outcome: &Result<T, EngineError>) -> bool {
    matches!(outcome, Err(EngineError::Failed(_) | EngineError::BadInput(_)))
}

impl Hear for Metered<Arc<dyn Hear>> {
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull> {
        let kind = Kind { kind: if request.partial { "partial" } else { "final" } };
        let audio = duration_of(request.samples.len(), request.rate);
        self.metrics.hears.get_or_create(&kind).inc();
        self.metrics.heard.get_or_create(&kind).observe(audio.as_secs_f64());
        let (metrics, now, began, of) = (self.metrics.clone(), self.now.clone(), (self.now)(), kind.clone());
        let counted = move |outcome: Result<Transcript, EngineError>| {
            if failed(&outcome) {
                metrics.hear_errors.get_or_create(&of).inc();
            } else if outcome.is_ok() {
                let took = now().saturating_sub(began).as_secs_f64();
                metrics.hear_duration.get_or_create(&of).observe(took);
            }
            done(outcome);
        };
        let partial = request.partial;
        self.inner.hear(request, Box::new(counted)).inspect_err(|_| {
            // Under load, partials are skipped; that is no error.
            if !partial {
                self.metrics.hear_errors.get_or_create(&kind).inc();
            }
        })
    }
}

impl Speak for Metered<Arc<dyn Speak>> {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        self.metrics.speaks.inc();
        self.metrics.text.observe(request.text.chars().count() as f64);
        let clock = Stopwatch { now: self.now.clone(), began: (self.now)() };
        let sink = CountedSpeech { sink, metrics: self.metrics.clone(), clock, began: false };
        self.inner.speak(request, Box::new(sink)).inspect_err(|_| {
            self.metrics.speak_errors.inc();
        })
    }
}

struct Stopwatch {
    now: Now,
    began: Duration,
}

impl Stopwatch {
    fn seconds(&self) -> f64 {
        (self.now)().saturating_sub(self.began).as_secs_f64()
    }
}

struct CountedSpeech {
    sink: Box<dyn SpeakSink>,
    metrics: EngineMetrics,
    clock: Stopwatch,
    began: bool,
}

impl CountedSpeech {
    fn count(&mut self, part: &Speech) {
        if part.samples.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.began, true) {
            self.metrics.first_audio.observe(self.clock.seconds());
        }
        self.metrics.spoken.inc_by(duration_of(part.samples.len(), part.rate).as_secs_f64());
    }
}

impl SpeakSink for CountedSpeech {
    fn part(&mut self, part: Speech) {
        self.count(&part);
        self.sink.part(part);
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        if let Ok(part) = &outcome {
            self.count(part);
            self.metrics.speak_duration.observe(self.clock.seconds());
        }
        self.metrics.speak_errors.inc_by(u64::from(failed(&outcome)));
        self.sink.done(outcome);
    }

    fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }
}

impl Think for Metered<Named> {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        let labels = Model { model: self.inner.name.clone(), task: word(request.task) };
        self.metrics.thinks.get_or_create(&labels).inc();
        let clock = Stopwatch { now: self.now.clone(), began: (self.now)() };
        let metrics = self.metrics.clone();
        let sink = CountedThought { sink, metrics, clock, labels: labels.clone(), began: false };
        let answers = request.task == Task::Answer;
        self.inner.model.begin(request, Box::new(sink)).inspect_err(|_| {
            // Under load, prompts are not read ahead; that is no error.
            if answers {
                self.metrics.think_errors.get_or_create(&labels).inc();
            }
        })
    }

    fn end_session(&self, session: &str) {
        self.inner.model.end_session(session);
    }

    fn rooms(&self) -> &Rooms {
        self.inner.model.rooms()
    }
}

struct CountedThought {
    sink: Box<dyn ThinkSink>,
    metrics: EngineMetrics,
    clock: Stopwatch,
    labels: Model,
    began: bool,
}

impl ThinkSink for CountedThought {
    fn has_room(&self) -> bool {
        self.sink.has_room()
    }

    fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }

    fn text(&mut self, text: String) {
        if !std::mem::replace(&mut self.began, true) {
            self.metrics.first_token.get_or_create(&self.labels).observe(self.clock.seconds());
        }
        self.sink.text(text);
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.sink.end_of_turn(probability);
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        let (metrics, labels) = (&self.metrics, &self.labels);
        if let Ok(used) = &outcome {
            metrics.think_duration.get_or_create(labels).observe(self.clock.seconds());
            metrics.input_tokens.get_or_create(labels).observe(used.prompt as f64);
            metrics.reused_tokens.get_or_create(labels).inc_by(used.reused as u64);
            metrics.output_tokens.get_or_create(labels).observe(used.generated as f64);
        } else if failed(&outcome) {
            metrics.think_errors.get_or_create(labels).inc();
        }
        self.sink.done(outcome);
    }
}
