//! Speech that was synthesised before: a voice that remembers what it said. A greeting, a filler or an
//! apology is there at once, for every call. Must not know calls, nor which texts come back.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::{EngineError, Speech};

/// The most bytes of samples that are kept: 17 minutes of speech for the telephone.
const MOST_BYTES: usize = 16 << 20;

/// The most texts that are kept.
const MOST_TEXTS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Longer texts are not kept: hardly any of them comes back word for word.
const LONGEST_TEXT: usize = 200;

/// A voice, with its settings, that remembers its speech. When it remembers too much, it forgets what was not
/// wanted for the longest time. Its clones remember the same.
#[derive(Clone)]
pub struct PhraseCache {
    /// Speaks what is not remembered.
    voice: Arc<dyn Speak>,
    kept: Arc<Kept>,
}

/// How often a text was remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remembered {
    /// Texts that were there at once.
    pub hits: u64,
    /// Texts that the voice had to speak.
    pub misses: u64,
}

/// Speech by its text.
struct Kept {
    phrases: Mutex<Phrases>,
    most_bytes: usize,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Phrases {
    /// Those that were prepared are never forgotten: an apology is rare, but it must not be late.
    prepared: BTreeMap<String, Arc<Speech>>,
    /// Those that are still to be prepared.
    to_prepare: BTreeSet<String>,
    by_text: LruCache<String, Arc<Speech>>,
    bytes: usize,
}

fn bytes_of(speech: &Speech) -> usize {
    size_of_val(speech.samples.as_slice())
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Phrases> {
        // Between two statements it is at worst a count too high: it forgets a little too early.
        self.phrases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, text: &str) -> Option<Arc<Speech>> {
        let mut phrases = self.lock();
        phrases.prepared.get(text).cloned().or_else(|| phrases.by_text.get(text).cloned())
    }

    fn keep(&self, text: String, speech: Speech) {
        let bytes = bytes_of(&speech);
        if bytes > self.most_bytes {
            return;
        }
        let mut phrases = self.lock();
        if phrases.to_prepare.remove(&text) && phrases.prepared.len() < MOST_TEXTS.get() {
            phrases.prepared.insert(text, Arc::new(speech));
            return;
        }
        phrases.bytes += bytes;
        if let Some((_, old)) = phrases.by_text.push(text, Arc::new(speech)) {
            phrases.bytes = phrases.bytes.saturating_sub(bytes_of(&old));
        }
        while phrases.bytes > self.most_bytes
            && let Some((_, oldest)) = phrases.by_text.pop_lru()
        {
            phrases.bytes = phrases.bytes.saturating_sub(bytes_of(&oldest));
        }
    }
}

impl PhraseCache {
    /// Lets `voice` remember.
    #[must_use]
    pub fn new(voice: Arc<dyn Speak>) -> Self {
        Self::around(voice, |voice| voice)
    }

    /// Remembers what `voice` speaks. What is not remembered goes through what `between` makes of the voice,
    /// such as another voice that may stand in, whose speech is not kept.
    #[must_use]
    pub fn around(voice: Arc<dyn Speak>, between: impl FnOnce(Arc<dyn Speak>) -> Arc<dyn Speak>) -> Self {
        Self::of_size(voice, between, MOST_BYTES)
    }

    fn of_size(
        voice: Arc<dyn Speak>,
        between: impl FnOnce(Arc<dyn Speak>) -> Arc<dyn Speak>,
        most_bytes: usize,
    ) -> Self {
        let (prepared, to_prepare) = (BTreeMap::new(), BTreeSet::new());
        let phrases = Phrases { prepared, to_prepare, by_text: LruCache::new(MOST_TEXTS), bytes: 0 };
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        let kept = Arc::new(Kept { phrases: Mutex::new(phrases), most_bytes, hits, misses });
        Self { voice: between(Arc::new(Recorded { voice, kept: kept.clone() })), kept }
    }

    /// Speaks a text to nobody, when no call needs the voice, so that it is there whenever a call wants it.
    ///
    /// # Errors
    /// If the queue is full.
    pub fn prepare(&self, text: &str) -> Result<(), QueueFull> {
        if text.len() > LONGEST_TEXT || self.kept.find(text).is_some() {
            return Ok(());
        }
        self.kept.lock().to_prepare.insert(text.to_owned());
        self.voice.speak(SpeakRequest::prepared(text), Box::new(Nobody))
    }

    /// How often a text was remembered.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Remembered { hits: count(&self.kept.hits), misses: count(&self.kept.misses) }
    }
}

impl Speak for PhraseCache {
    fn speak(&self, request: SpeakRequest, mut sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        if let Some(speech) = self.kept.find(&request.text) {
            self.kept.hits.fetch_add(1, Ordering::Relaxed);
            sink.done(Ok(Speech::clone(&speech)));
            return Ok(());
        }
        self.kept.misses.fetch_add(1, Ordering::Relaxed);
        self.voice.speak(request, sink)
    }
}

/// A voice whose speech is kept.
struct Recorded {
    voice: Arc<dyn Speak>,
    kept: Arc<Kept>,
}

impl Speak for Recorded {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        if request.text.len() > LONGEST_TEXT {
            return self.voice.speak(request, sink);
        }
        let (text, kept, speech) = (request.text.clone(), self.kept.clone(), Speech::default());
        self.voice.speak(request, Box::new(Recorder { text, kept, sink, speech }))
    }
}

/// Remembers the speech that it passes on.
struct Recorder {
    text: String,
    kept: Arc<Kept>,
    sink: Box<dyn SpeakSink>,
    speech: Speech,
}

impl SpeakSink for Recorder {
    fn part(&mut self, part: Speech) {
        self.speech.append(part.clone());
        self.sink.part(part);
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        if let Ok(part) = &outcome {
            self.speech.append(part.clone());
            let (text, speech) = (std::mem::take(&mut self.text), std::mem::take(&mut self.speech));
            self.kept.keep(text, speech);
        }
        self.sink.done(outcome);
    }

    fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }
}

/// Speech that nobody waits for.
struct Nobody;

impl SpeakSink for Nobody {
    fn part(&mut self, _: Speech) {}

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        if let Err(error) = outcome {
            tracing::warn!(%error, "a phrase could not be prepared: it is spoken when it is wanted");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// A voice with 100 samples a letter, in two parts, that counts what it speaks; it cannot say "?".
    #[derive(Default)]
    struct Counts(Mutex<Vec<String>>);

    impl Speak for Counts {
        fn speak(&self, request: SpeakRequest, mut sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
            self.0.lock().expect("a test").push(request.text.clone());
            let half = || Speech { samples: vec![1; 50 * request.text.len()], rate: 8000, words: Vec::new() };
            sink.part(half());
            let fails = request.text.contains('?');
            sink.done(if fails { Err(EngineError::Failed("?".to_owned())) } else { Ok(half()) });
            Ok(())
        }
    }

    struct Samples(Sender<usize>, usize);

    impl SpeakSink for Samples {
        fn part(&mut self, part: Speech) {
            self.1 += part.samples.len();
        }

        fn done(&mut self, outcome: Result<Speech, EngineError>) {
            let last = outcome.map_or(0, |part| part.samples.len());
            self.0.send(self.1 + last).expect("a test");
        }
    }

    fn say(cache: &PhraseCache, text: &str) -> usize {
        let (told, samples) = channel();
        let request = SpeakRequest::prepared(text);
        cache.speak(request, Box::new(Samples(told, 0))).expect("room");
        samples.recv().expect("an outcome")
    }

    fn cache(most_bytes: usize) -> (PhraseCache, Arc<Counts>) {
        let voice = Arc::new(Counts::default());
        (PhraseCache::of_size(voice.clone(), |voice| voice, most_bytes), voice)
    }

    fn spoken(voice: &Counts) -> Vec<String> {
        voice.0.lock().expect("a test").clone()
    }

    #[test]
    fn what_was_said_or_prepared_once_is_there_at_once_and_whole() {
        let (cache, voice) = cache(MOST_BYTES);
        cache.prepare("Hello.").expect("room");
        cache.prepare("Hello.").expect("room");
        assert_eq!([say(&cache, "Hello."), say(&cache, "Bye."), say(&cache, "Bye.")], [600, 400, 400]);
        assert_eq!(spoken(&voice), ["Hello.", "Bye."]);
    }

    #[test]
    fn what_failed_or_is_long_is_not_kept() {
        let (cache, voice) = cache(MOST_BYTES);
        let long = "a".repeat(LONGEST_TEXT + 1);
        for text in ["What?", "What?", &long, &long] {
            say(&cache, text);
        }
        assert_eq!(spoken(&voice).len(), 4);
    }

    #[test]
    fn what_was_not_wanted_for_the_longest_time_is_forgotten_first() {
        // Room for ten letters.
        let (cache, voice) = cache(2000);
        cache.prepare("sorry").expect("room");
        for text in ["aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"] {
            say(&cache, text);
        }
        assert_eq!(spoken(&voice), ["sorry", "aaaa", "bbbb", "cccc", "bbbb"]);
        assert!(cache.kept.lock().bytes <= 2000);
        say(&cache, "too long for all of it");
        assert_eq!(say(&cache, "bbbb"), 400);
        // What was prepared is there for ever.
        say(&cache, "sorry");
        assert_eq!(spoken(&voice).last().map(String::as_str), Some("too long for all of it"));
    }
}
