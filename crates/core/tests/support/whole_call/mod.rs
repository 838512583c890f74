//! A whole call on a simulated clock, from incoming to outgoing socket messages: a caller who speaks in
//! samples, a gateway with a playback buffer, marks, holes and back-pressure, and scripted engines. Hours
//! pass in milliseconds.

mod beginning;
mod engines;
mod peer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_core::call::{Call, Closing, Ending, Input, Job, JobId, Outcome, Output, Reason, capture};
use offhook_core::dialogue::Message;
use offhook_core::media::ear::EarSettings;
use offhook_core::report::{Happened, Summary, Trouble};
use offhook_core::speakable::Dictionary;
use offhook_core::streams::{Wire, WireOut};
use offhook_core::timeline::{Next, Timeline};
use offhook_core::turns::{Settings, trace};
use offhook_core::units::{CallTime, samples_in};
use serde_json::Value;

use beginning::{Beginning, Kept};
pub use engines::Engines;
pub use peer::Peer;

use super::errors::Errors;
use super::tongue::Tongue;

#[derive(Debug)]
enum Happening {
    /// The next 20 ms of the caller's audio.
    Frame(usize),
    Outcome(JobId, Outcome),
    /// A mark of audio that was sent after this number of clears.
    Mark(u64, String),
    Message(String),
    /// The gateway checks its buffer.
    Buffer,
}

const FRAME: Duration = Duration::from_millis(20);

/// One call.
pub struct WholeCall {
    call: Call,
    pub engines: Engines,
    peer: Peer,
    timeline: Timeline<Happening>,
    pub tongue: Tongue,
    /// The caller's audio since the start of the call, at the peer's rate.
    speech: Vec<i16>,
    /// The agent's voice comes back after this delay, as this share of it.
    pub echo: Option<(Duration, f32)>,
    /// Spans in which frames never arrive.
    pub lost: Vec<(CallTime, CallTime)>,
    /// Spans whose frames all arrive at the end of the span.
    pub held_up: Vec<(CallTime, CallTime)>,
    /// The audio in the caller's ear since the start of the call, at the peer's rate.
    ear: Vec<i16>,
    /// When the gateway will have played its buffer.
    playing_until: CallTime,
    clears: u64,
    full: bool,
    begun: u32,
    running: BTreeMap<JobId, Job>,
    /// The prompts that the models were given.
    pub prompts: Vec<Vec<Message>>,
    /// When audio left, and the number of samples.
    pub sent: Vec<(CallTime, usize)>,
    /// When the gateway's buffer was cleared.
    pub cleared: Vec<CallTime>,
    /// The item that a client of the Realtime API plays, and when its audio began.
    item: Option<(String, CallTime)>,
    /// How much later than it comes such a client plays its audio.
    pub slow_ear: Duration,
    /// All text messages of the server.
    pub told: Vec<(CallTime, String)>,
    /// The gateway sends no marks back.
    pub is_deaf: bool,
    /// The peer answers pings.
    pub is_alive: bool,
    pub happened: Vec<(CallTime, Happened)>,
    pub ended: Option<(CallTime, Ending)>,
    trace: Arc<Mutex<Vec<trace::Line>>>,
    captured: Kept<capture::Line>,
    as_begun: Beginning,
    errors: Errors,
    pub expects_errors: bool,
}

impl WholeCall {
    pub fn new(settings: Settings) -> Self {
        Self::with(settings, Peer::Native(8000), Engines::default())
    }

    pub fn with(settings: Settings, peer: Peer, engines: Engines) -> Self {
        Self::with_dictionary(settings, peer, engines, Dictionary::default())
    }

    pub fn with_dictionary(settings: Settings, peer: Peer, engines: Engines, dictionary: Dictionary) -> Self {
        // The words of these calls are levels, which a filter would take for an offset.
        let ear = EarSettings { dc: false, echo_guard: false, noise_suppression: false, level: false };
        Self::with_all(settings, peer, engines, dictionary, ear)
    }

    pub fn with_ear(settings: Settings, peer: Peer, engines: Engines, ear: EarSettings) -> Self {
        Self::with_all(settings, peer, engines, Dictionary::default(), ear)
    }

    fn with_all(
        settings: Settings,
        peer: Peer,
        engines: Engines,
        dictionary: Dictionary,
        ear: EarSettings,
    ) -> Self {
        let errors = Errors::watch();
        let (trace, captured) = (Arc::<Mutex<Vec<trace::Line>>>::default(), Arc::default());
        let watched = Kept::default();
        let as_begun = Beginning { settings, peer, dictionary, ear, watched };
        let call = as_begun.call(Some(trace.clone()), Some(Arc::clone(&captured)));
        let mut timeline = Timeline::default();
        timeline.at(CallTime::ZERO + FRAME, Happening::Frame(0));
        let mut this = Self {
            call,
            engines,
            peer,
            timeline,
            tongue: Tongue::default(),
            speech: Vec::new(),
            echo: None,
            lost: Vec::new(),
            held_up: Vec::new(),
            ear: Vec::new(),
            playing_until: CallTime::ZERO,
            clears: 0,
            full: false,
            begun: 0,
            running: BTreeMap::new(),
            prompts: Vec::new(),
            sent: Vec::new(),
            cleared: Vec::new(),
            item: None,
            slow_ear: Duration::ZERO,
            told: Vec::new(),
            is_deaf: false,
            is_alive: true,
            happened: Vec::new(),
            ended: None,
            trace,
            captured,
            as_begun,
            errors,
            expects_errors: false,
        };
        this.serve();
        this
    }

    /// The caller says `text` from `from` on. Returns the end of the speech.
    pub fn says(&mut self, from: CallTime, text: &str) -> CallTime {
        let rate = self.peer.rate();
        let (samples, _) = self.tongue.say(text, rate);
        self.makes(from, &samples)
    }

    /// The caller makes a sound without words.
    pub fn coughs(&mut self, from: CallTime, lasting: Duration) {
        let samples = vec![1500; samples_in(lasting, self.peer.rate())];
        self.makes(from, &samples);
    }

    fn makes(&mut self, from: CallTime, samples: &[i16]) -> CallTime {
        let rate = self.peer.rate();
        let (start, end) = {
            let start = samples_in(from - CallTime::ZERO, rate);
            (start, start + samples.len())
        };
        if self.speech.len() < end {
            self.speech.resize(end, 0);
        }
        self.speech[start..end].copy_from_slice(samples);
        from + offhook_core::units::duration_of(samples.len(), rate)
    }

    /// The peer sends a text message.
    pub fn sends(&mut self, at: CallTime, message: &Value) {
        self.sends_text(at, message.to_string());
    }

    /// The peer sends a text message as it is.
    pub fn sends_text(&mut self, at: CallTime, message: String) {
        self.timeline.at(at, Happening::Message(message));
    }

    /// The trace so far.
    pub fn trace(&self) -> Vec<trace::Line> {
        self.trace.lock().unwrap().clone()
    }

    /// What those were told who watched the call, in the form of our own protocol and with lines of tools.
    pub fn watched(&self) -> Vec<String> {
        self.as_begun.watched.lock().unwrap().clone()
    }

    /// The capture so far, and the call as it began.
    pub fn captured(&self) -> (Call, Vec<capture::Line>) {
        (self.as_begun.call(None, None), self.captured.lock().unwrap().clone())
    }

    /// Lets time pass until `until`.
    pub fn run(&mut self, until: CallTime) {
        let mut woken = (CallTime::ZERO, 0);
        while self.ended.is_none() {
            let (deadline, reason) = self.call.poll_timeout();
            let next = self.timeline.next(Some(deadline), until);
            let now = self.timeline.now();
            match next {
                None => break,
                Some(Next::Deadline) => {
                    woken = if woken.0 == now { (now, woken.1 + 1) } else { (now, 1) };
                    assert!(woken.1 < 50, "woken again and again at {now} for {reason:?}");
                    self.call.handle(now, Input::Timeout);
                }
                Some(Next::Happens(happening)) => self.happen(now, happening),
            }
            self.serve();
        }
    }

    /// Something happens that is no message of the peer.
    pub fn gets(&mut self, input: Input<'_>) {
        let now = self.timeline.now();
        self.call.handle(now, input);
        self.serve();
    }

    /// The peer hangs up. Returns the summary of the call.
    pub fn hangs_up(&mut self) -> Summary {
        let now = self.timeline.now();
        if self.ended.is_none() {
            self.call.handle(now, Input::Closed);
            self.serve();
        }
        let summary = self.happened.iter().rev().find_map(|(_, happened)| match happened {
            Happened::Ended(summary) => Some(summary.clone()),
            _ => None,
        });
        summary.expect("a call that ends is summed up")
    }

    /// The codes of all failures.
    pub fn failures(&self) -> Vec<&str> {
        let failures = self.happened.iter().filter_map(|(_, happened)| match happened {
            Happened::Failed(_, failure) => Some(failure.code.as_str()),
            _ => None,
        });
        failures.collect()
    }

    /// The words that have sounded whole in the caller's ear so far, with their starts.
    pub fn heard(&self) -> Vec<(CallTime, String)> {
        let rate = self.peer.rate();
        let ear = &self.ear[..self.ear.len().min(self.now_in_samples())];
        let heard = self.tongue.hear_over_gaps(ear, rate, 0.9);
        heard
            .into_iter()
            .map(|(at, word)| (CallTime::ZERO + offhook_core::units::duration_of(at, rate), word))
            .collect()
    }

    /// The words of [`Self::heard`] as a text.
    pub fn heard_text(&self) -> String {
        self.heard().into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    /// The number of jobs that were begun and neither done nor cancelled.
    pub fn unfinished(&self) -> usize {
        self.running.len()
    }

    fn now_in_samples(&self) -> usize {
        samples_in(self.timeline.now() - CallTime::ZERO, self.peer.rate())
    }

    fn happen(&mut self, now: CallTime, happening: Happening) {
        match happening {
            Happening::Frame(n) => {
                self.timeline.at(now + FRAME, Happening::Frame(n + 1));
                self.frame(now, n);
            }
            Happening::Outcome(job, outcome) => {
                if outcome.is_last() {
                    self.running.remove(&job);
                }
                self.call.handle(now, Input::Outcome(job, outcome));
            }
            Happening::Mark(clears, name) => {
                if clears == self.clears && !self.is_deaf {
                    self.mark_back(now, &name);
                }
            }
            Happening::Message(text) => self.call.handle(now, Input::Message(Wire::Text(&text))),
            Happening::Buffer => self.look_at_the_buffer(now),
        }
    }

    /// Handles all outputs of the call.
    fn serve(&mut self) {
        let mut done = 0;
        while let Some(output) = self.call.poll_output() {
            done += 1;
            assert!(done < 5_000, "outputs do not end: {output:?}");
            let now = self.timeline.now();
            match output {
                Output::Wire(WireOut::Binary(bytes)) => self.plays(now, &bytes),
                Output::Wire(WireOut::Text(text)) => self.is_told(now, &text),
                Output::Ping if self.is_alive => self.call.handle(now, Input::SignOfLife),
                Output::Ping => {}
                Output::Begin(id, job) => self.begin(now, id, job),
                Output::Want(_) => {}
                Output::Cancel(id) => {
                    self.running.remove(&id);
                }
                Output::Measure { ping } => {
                    let (queues, cores) = (BTreeMap::new(), BTreeMap::new());
                    self.call.handle(now, Input::Measured { ping, queues, cores, advice: Vec::new() });
                }
                Output::Happened(happened) => self.happened.push((now, *happened)),
                Output::Ended(ending) => {
                    self.ended = Some((now, ending));
                    self.call.end(now, Closing::default());
                }
            }
        }
        if self.ended.is_some() {
            return;
        }
        let (at, reason) = self.call.poll_timeout();
        assert!(at > CallTime::ZERO || reason == Reason::Ping, "{reason:?} has no time");
    }
}

impl Drop for WholeCall {
    fn drop(&mut self) {
        if self.expects_errors || std::thread::panicking() {
            return;
        }
        let failed = self.happened.iter().filter(|(_, h)| matches!(h, Happened::Failed(Trouble::Engine, _)));
        assert_eq!(failed.count(), 0, "an engine failed, and no test asked for it: {:?}", self.failures());
        assert_eq!(self.errors.seen(), Vec::<String>::new(), "an ERROR was logged, and no test asked for it");
    }
}
