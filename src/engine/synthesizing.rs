//! The thread of the synthesiser: texts in, speech at the sample rate of the phone out, part by part. Must
//! not know which call a text belongs to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::ports::{Speak, SpeakRequest, SpeakSink};
use super::queue::QueueFull;
use super::standby::Heartbeat;
use super::survive;
use super::threads::{lower_priority, spawn};
use super::{EngineError, Part, Rendering, Speech, Synthesizer};
use crate::audio::live::LiveResampler;
use crate::units::{PHONE_RATE, duration_of, samples_in};

/// The number of characters that an error shows of a text that cannot be spoken.
const SHOWN_CHARS: usize = 80;

/// The maximum number of texts that wait or are being spoken. With more, callers would wait for seconds, and
/// an error is better.
const QUEUE: usize = 64;

/// The timeout of one wait for cores: more urgent work may have come by then.
const PATIENCE: Duration = Duration::from_millis(20);

/// With less audio than this left to play, the next part of a chunk is as urgent as the first one.
const SOON: Duration = Duration::from_millis(200);

/// The synthesiser on its own thread, which ends when this handle is dropped.
struct Voice(Arc<Queue>);

/// A text to be spoken.
struct Job {
    /// The order of arrival.
    number: u64,
    request: SpeakRequest,
    sink: Box<dyn SpeakSink>,
    /// `None` before the voice has begun.
    spoken: Option<Spoken>,
}

/// A text that is being spoken.
struct Spoken {
    rendering: Box<dyn Rendering>,
    phone: ToPhone,
    /// When the parts given so far have been played, if the first one was played at once.
    lasts_until: Option<Duration>,
}

/// All texts, in the order of arrival.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// In the order of arrival.
    jobs: Vec<Job>,
    /// The number of jobs that came so far.
    came: u64,
    closed: bool,
}

impl Job {
    fn is_needed(&self) -> bool {
        !self.request.cancel.is_cancelled() && !self.sink.is_closed()
    }

    /// The time that its call has left to play; zero if it waits for its first sound, or has underrun.
    fn left(&self, now: Duration) -> Duration {
        // The call tells only later that it plays a part.
        let given = self.spoken.as_ref().and_then(|spoken| spoken.lasts_until);
        let given = given.map_or(Duration::ZERO, |end| end.saturating_sub(now));
        self.request.buffered.left(now).unwrap_or_default().max(given)
    }

    /// What the next part is to the arbiter of cores.
    fn work(&self, now: Duration) -> Work {
        if !self.request.wanted.is_set() {
            return Work::Speculation;
        }
        let goes_on = self.spoken.as_ref().is_some_and(|spoken| spoken.lasts_until.is_some());
        let urgent = if goes_on { self.left(now) < SOON } else { self.request.first };
        if urgent { Work::FirstSpeech } else { Work::Speech }
    }

    /// The voice speaks the next part. Returns the job if more of it follows.
    fn speak_on(
        mut self,
        synthesizer: &mut dyn Synthesizer,
        resamplers: &mut Resamplers,
        now: Duration,
    ) -> Option<Self> {
        let part = survive("synthesiser", || {
            let spoken = match &mut self.spoken {
                Some(spoken) => spoken,
                begins => {
                    let rendering = synthesizer.begin(&self.request.text, &self.request.cancel)?;
                    begins.insert(Spoken { rendering, phone: ToPhone::default(), lasts_until: None })
                }
            };
            match spoken.rendering.next()? {
                Part::Next(part) => Ok(Part::Next(spoken.phone.convert(part, resamplers, false)?)),
                Part::Last(part) => Ok(Part::Last(spoken.phone.convert(part, resamplers, true)?)),
            }
        });
        match part {
            Ok(Part::Next(part)) => {
                self.give(part, now);
                return Some(self);
            }
            Ok(Part::Last(part)) if self.spoken.as_ref().is_some_and(|spoken| spoken.phone.is_silent()) => {
                debug_assert!(part.samples.is_empty(), "silence has no samples");
                self.sink.done(Err(no_sound(&self.request.text)));
            }
            Ok(Part::Last(_)) if self.request.cancel.is_cancelled() => {
                self.sink.done(Err(EngineError::Cancelled));
            }
            Ok(Part::Last(part)) => self.sink.done(Ok(part)),
            Err(error) => self.sink.done(Err(error)),
        }
        None
    }

    fn give(&mut self, part: Speech, now: Duration) {
        if part.samples.is_empty() && part.words.is_empty() {
            return;
        }
        if let Some(spoken) = &mut self.spoken {
            let from = spoken.lasts_until.map_or(now, |end| end.max(now));
            spoken.lasts_until = Some(from + duration_of(part.samples.len(), PHONE_RATE));
        }
        self.sink.part(part);
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves a list of complete jobs.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        let mut waiting = self.lock();
        waiting.jobs.retain(Job::is_needed);
        if waiting.jobs.len() >= QUEUE {
            return Err(QueueFull("synthesiser"));
        }
        waiting.came += 1;
        let number = waiting.came;
        waiting.jobs.push(Job { number, request, sink, spoken: None });
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job, and returns the urgency of the most urgent one. `None` once the last handle is
    /// dropped.
    fn next_work(&self, now: impl Fn() -> Duration) -> Option<Work> {
        let mut waiting = self.lock();
        loop {
            let at = now();
            if let Some(next) = most_urgent(&mut waiting.jobs, at) {
                return Some(waiting.jobs[next].work(at));
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The most urgent job.
    fn take(&self, now: Duration) -> Option<Job> {
        let jobs = &mut self.lock().jobs;
        most_urgent(jobs, now).map(|next| jobs.remove(next))
    }

    /// Puts a job back in the order of arrival: others may have come and gone since.
    fn put_back(&self, job: Job) {
        let jobs = &mut self.lock().jobs;
        let place = jobs.partition_point(|other| other.number < job.number);
        jobs.insert(place, job);
    }
}

/// Starts the thread of a synthesiser.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(synthesizer: Box<dyn Synthesizer>, cores: &Cores) -> std::io::Result<Arc<dyn Speak>> {
    start_watched("tts", synthesizer, cores, Arc::default())
}

/// As [`start`], with a name for the thread and a heartbeat by which others see that it works.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start_watched(
    thread: &str,
    synthesizer: Box<dyn Synthesizer>,
    cores: &Cores,
    heartbeat: Arc<Heartbeat>,
) -> std::io::Result<Arc<dyn Speak>> {
    let queue = Arc::<Queue>::default();
    let (jobs, cores) = (queue.clone(), cores.clone());
    spawn(thread.into(), move || serve(synthesizer, &jobs, &cores, &heartbeat))?;
    Ok(Arc::new(Voice(queue)))
}

impl Speak for Voice {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        self.0.push(request, sink)
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

/// Jobs in, speech out, part by part, until the last handle is dropped. Between two parts the core is given
/// back, and the next part may be of another call.
fn serve(mut synthesizer: Box<dyn Synthesizer>, queue: &Queue, cores: &Cores, heartbeat: &Heartbeat) {
    lower_priority();
    let mut resamplers = Resamplers::default();
    while let Some(work) = queue.next_work(|| cores.now()) {
        let Some(held) = cores.acquire_within(work, 1, PATIENCE) else { continue };
        let Some(job) = queue.take(cores.now()) else { continue };
        heartbeat.begins(held.ticket());
        let more = job.speak_on(&mut *synthesizer, &mut resamplers, cores.now());
        heartbeat.ends();
        drop(held);
        if let Some(job) = more {
            queue.put_back(job);
        }
    }
}

/// The index of the next job, after cancelled ones are removed. The call that underruns first is served
/// first, and a call that waits for its first sound counts as out of audio. Equals are served in the order of
/// arrival, and so are the texts of one call. Work that is only prepared comes last.
fn most_urgent(jobs: &mut Vec<Job>, now: Duration) -> Option<usize> {
    jobs.retain(Job::is_needed);
    let is_wanted = |i: usize| jobs[i].request.wanted.is_set();
    let waits_for_another = |i: usize| {
        let of_the_call =
            |before: &usize| jobs[*before].request.buffered.is_of_the_call_of(&jobs[i].request.buffered);
        (0..i).filter(of_the_call).any(|before| is_wanted(before) || !is_wanted(i))
    };
    (0..jobs.len()).filter(|&i| !waits_for_another(i)).min_by_key(|&i| (!is_wanted(i), jobs[i].left(now)))
}

fn no_sound(text: &str) -> EngineError {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    EngineError::BadInput(format!("the voice has no sound for {shown:?}"))
}

/// Resamplers to the rate of the phone: making one takes longer than copying it.
#[derive(Default)]
struct Resamplers(Vec<(u32, LiveResampler)>);

impl Resamplers {
    fn from(&mut self, rate: u32) -> Result<LiveResampler, EngineError> {
        if let Some((_, resampler)) = self.0.iter().find(|(from, _)| *from == rate) {
            return Ok(resampler.clone());
        }
        let resampler =
            LiveResampler::new(rate, PHONE_RATE).map_err(|e| EngineError::Failed(e.to_string()))?;
        self.0.push((rate, resampler.clone()));
        Ok(resampler)
    }
}

/// Converts the speech of one text to the sample rate of the phone.
#[derive(Default)]
struct ToPhone {
    /// `None` before the first samples.
    resampler: Option<LiveResampler>,
    /// Samples of the filter's delay that are still to be left out.
    early: usize,
}

impl ToPhone {
    /// True if nothing has come.
    fn is_silent(&self) -> bool {
        self.resampler.is_none()
    }

    fn convert(
        &mut self,
        part: Speech,
        resamplers: &mut Resamplers,
        is_last: bool,
    ) -> Result<Speech, EngineError> {
        if self.resampler.is_none() && !part.samples.is_empty() {
            self.resampler = Some(resamplers.from(part.rate)?);
            self.early =
                if part.rate == PHONE_RATE { 0 } else { samples_in(LiveResampler::DELAY, PHONE_RATE) };
        }
        let Some(resampler) = &mut self.resampler else {
            return Ok(Speech { samples: Vec::new(), rate: PHONE_RATE, words: part.words });
        };
        let mut samples = resampler.push(&part.samples);
        if is_last && part.rate != PHONE_RATE {
            samples.extend(resampler.push(&vec![0; samples_in(LiveResampler::DELAY, part.rate)]));
        }
        let early = self.early.min(samples.len());
        self.early -= early;
        samples.drain(..early);
        Ok(Speech { samples, rate: PHONE_RATE, words: part.words })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::engine::CancelFlag;
    use crate::engine::buffered_playback::BufferedPlayback;
    use crate::engine::wanted::Wanted;

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
        let request = SpeakRequest {
            text: text.to_owned(),
            first: false,
            wanted: Wanted::default(),
            buffered: BufferedPlayback::default(),
            cancel: CancelFlag::default(),
        };
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

    #[test]
    fn speech_in_parts_comes_to_the_phone_as_whole_speech_does_and_on_time() {
        let samples: Vec<i16> = (0..22_050).map(|n| (8000.0 * (f64::from(n) * 0.2).sin()) as i16).collect();
        let mut resamplers = Resamplers::default();
        let speech = |samples: &[i16]| Speech { samples: samples.to_vec(), rate: 22_050, words: Vec::new() };
        let whole =
            ToPhone::default().convert(speech(&samples), &mut resamplers, true).expect("a rate").samples;
        assert!(whole.len().abs_diff(8000) <= 1, "{}", whole.len());
        let (mut parts, mut phone) = (Vec::new(), ToPhone::default());
        for (i, part) in samples.chunks(9_000).enumerate() {
            parts.extend(phone.convert(speech(part), &mut resamplers, i == 2).expect("a rate").samples);
        }
        assert_eq!(parts, whole);
    }
}
