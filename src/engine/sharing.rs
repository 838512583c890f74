//! A language model whose answers are shared: a conversation that is asked while the same one is being
//! answered gets that answer. Must not know calls, nor which conversations come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::buffered_playback::BufferedPlayback;
use super::cpu_time::CpuTime;
use super::ports::{Think, ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::wanted::Wanted;
use super::{CancelFlag, EngineError, Rooms, Sampling, Task};
use crate::dialogue::{Message, Usage};

/// A model that generates one answer for all who ask the same at the same time: the same messages, with the
/// same sampling. Prompts that are only read are not shared.
///
/// The first who asks begins the generation. Who joins it gets the text so far at once, and then the rest.
/// Each may leave at any time; when all have left, the generation is cancelled. It is as urgent as the one
/// who needs it most. If it fails, it fails for all, and whoever asks again begins anew.
///
/// - A step of the model costs those who share the answer at that moment equal parts.
/// - What the model computes is kept for the session of the first. The next prompt of one who joined is read
///   as if it had been answered elsewhere.
/// - The random numbers of a sampled answer are the same for all, too, and so is the time limit, which begins
///   with the first who certainly wants the answer.
pub struct Sharing {
    model: Arc<dyn Think>,
    in_flight: Arc<InFlight>,
    shared: AtomicU64,
    told: Box<dyn Fn() + Send + Sync>,
}

impl Sharing {
    /// Lets those who ask `model` share its answers.
    #[must_use]
    pub fn new(model: Arc<dyn Think>) -> Self {
        Self { model, in_flight: Arc::default(), shared: AtomicU64::new(0), told: Box::new(|| ()) }
    }

    /// The same, and `told` is called for each request that joins another one.
    #[must_use]
    pub fn telling(self, told: impl Fn() + Send + Sync + 'static) -> Self {
        Self { told: Box::new(told), ..self }
    }

    /// The number of requests so far that joined another one.
    #[must_use]
    pub fn shared(&self) -> u64 {
        self.shared.load(Ordering::Relaxed)
    }
}

impl Think for Sharing {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        if request.task != Task::Answer {
            return self.model.begin(request, sink);
        }
        let ThinkRequest { session, messages, task, sampling, cancel, wanted, aside, buffered, cpu } =
            request;
        let inbox = Mutex::new(Inbox { sink, read: 0, scored: false, over: false });
        let asker = Asker { cancel, wanted, buffered, cpu, inbox, joined: false };
        let mut answers = lock(&self.in_flight.0);
        if let Some(answer) = answers.iter().find(|answer| answer.is_to(&messages, &sampling, aside)).cloned()
        {
            let asker = Arc::new(Asker { joined: true, ..asker });
            answer.lock().joined_by(asker.clone(), &answer.cpu);
            drop(answers);
            self.shared.fetch_add(1, Ordering::Relaxed);
            (self.told)();
            asker.tell(&answer);
            return Ok(());
        }
        let answer = Arc::new(Answer::new((messages.clone(), sampling.clone(), aside), asker));
        answers.push(answer.clone());
        drop(answers);
        let request = ThinkRequest {
            session,
            messages,
            task,
            sampling,
            cancel: answer.cancel.clone(),
            wanted: answer.wanted.clone(),
            aside,
            buffered: answer.buffered.clone(),
            cpu: answer.cpu.clone(),
        };
        let sink = Shared { answer, in_flight: self.in_flight.clone(), over: false };
        self.model.begin(request, Box::new(sink))
    }

    fn end_session(&self, session: &str) {
        self.model.end_session(session);
    }

    fn rooms(&self) -> &Rooms {
        self.model.rooms()
    }
}

/// The order in which locks are taken: this one or an inbox first, then the progress of an answer. No sink is
/// called under this lock or that of the progress, so a sink may ask, and a model may answer at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // All of these hold complete values at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answers that can be joined. There are as many as calls at most, and conversations differ in their last
/// words, so looking through them takes no time.
#[derive(Default)]
struct InFlight(Mutex<Vec<Arc<Answer>>>);

impl InFlight {
    fn forget(&self, answer: &Arc<Answer>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, answer));
    }

    /// Forgets an answer that nobody waits for; false if somebody has joined it.
    fn forget_unless_joined(&self, answer: &Arc<Answer>) -> bool {
        let mut answers = lock(&self.0);
        let nobody = answer.lock().askers.is_empty();
        if nobody {
            answers.retain(|other| !Arc::ptr_eq(other, answer));
        }
        nobody
    }
}

/// An answer that is being generated.
struct Answer {
    messages: Vec<Message>,
    sampling: Sampling,
    /// It waits while calls are answered.
    aside: bool,
    // What the model sees of all who ask.
    cancel: CancelFlag,
    wanted: Wanted,
    buffered: BufferedPlayback,
    cpu: CpuTime,
    progress: Mutex<Progress>,
}

/// An answer so far.
struct Progress {
    text: String,
    end_of_turn: Option<f32>,
    outcome: Option<Result<Usage, EngineError>>,
    /// Those who have not left.
    askers: Vec<Arc<Asker>>,
    /// The part of the cost that was shared out.
    shared_out: Duration,
}

impl Answer {
    fn new((messages, sampling, aside): (Vec<Message>, Sampling, bool), first: Asker) -> Self {
        let progress = Progress {
            text: String::new(),
            end_of_turn: None,
            outcome: None,
            askers: vec![Arc::new(first)],
            shared_out: Duration::ZERO,
        };
        let answer = Self {
            messages,
            sampling,
            aside,
            cancel: CancelFlag::default(),
            wanted: Wanted::default(),
            buffered: BufferedPlayback::default(),
            cpu: CpuTime::default(),
            progress: Mutex::new(progress),
        };
        answer.follow(&answer.lock().askers);
        answer
    }

    /// No call joins what waits while calls are answered.
    fn is_to(&self, messages: &[Message], sampling: &Sampling, aside: bool) -> bool {
        // All conversations begin alike.
        self.aside == aside
            && self.messages.iter().rev().eq(messages.iter().rev())
            && self.sampling == *sampling
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }

    /// Becomes as urgent as the one of these who needs the answer most: of those who certainly want it, the
    /// one whose voice runs out first. Who has not begun to speak is not behind them: it has all the text
    /// that the others speak already.
    fn follow(&self, askers: &[Arc<Asker>]) {
        self.wanted.follow_any(askers.iter().map(|asker| &asker.wanted));
        let all = !self.wanted.is_set();
        let urgent = askers.iter().filter(|asker| all || asker.wanted.is_set());
        self.buffered.follow_first(urgent.map(|asker| &asker.buffered));
    }

    /// Changes the progress, shares out what it cost, and tells it to all.
    fn progresses(&self, change: impl FnOnce(&mut Progress)) {
        let askers = {
            let mut progress = self.lock();
            change(&mut progress);
            progress.share_out(&self.cpu);
            progress.askers.clone()
        };
        askers.iter().for_each(|asker| asker.tell(self));
    }
}

impl Progress {
    /// Who joins does not pay for what was computed before.
    fn joined_by(&mut self, asker: Arc<Asker>, cpu: &CpuTime) {
        self.share_out(cpu);
        self.askers.push(asker);
    }

    fn share_out(&mut self, cpu: &CpuTime) {
        let new = cpu.total().saturating_sub(self.shared_out);
        self.shared_out += new;
        let share = new / u32::try_from(self.askers.len()).unwrap_or(u32::MAX).max(1);
        self.askers.iter().for_each(|asker| asker.cpu.add(share));
    }
}

/// One who waits for an answer.
struct Asker {
    cancel: CancelFlag,
    wanted: Wanted,
    buffered: BufferedPlayback,
    cpu: CpuTime,
    /// Its question was asked before.
    joined: bool,
    inbox: Mutex<Inbox>,
}

/// What was told to one.
struct Inbox {
    sink: Box<dyn ThinkSink>,
    /// Bytes of the text.
    read: usize,
    scored: bool,
    over: bool,
}

impl Asker {
    fn has_left(&self) -> bool {
        self.cancel.is_cancelled() || lock(&self.inbox).sink.is_closed()
    }

    fn has_room(&self) -> bool {
        !self.cancel.is_cancelled() && lock(&self.inbox).sink.has_room()
    }

    /// Tells it all that it does not know yet, the text as one, if it has room or the answer is over. Who
    /// joins and the model may both tell it at the same time: the lock of the inbox keeps the order.
    fn tell(&self, answer: &Answer) {
        let mut inbox = lock(&self.inbox);
        if inbox.over || self.cancel.is_cancelled() {
            return;
        }
        let has_room = inbox.sink.has_room();
        let (end_of_turn, text, outcome) = {
            let progress = answer.lock();
            if !has_room && progress.outcome.is_none() {
                return;
            }
            let text = progress.text.get(inbox.read..).unwrap_or_default().to_owned();
            (progress.end_of_turn.filter(|_| !inbox.scored), text, progress.outcome.clone())
        };
        if let Some(probability) = end_of_turn {
            inbox.scored = true;
            inbox.sink.end_of_turn(probability);
        }
        if !text.is_empty() {
            inbox.read += text.len();
            inbox.sink.text(text);
        }
        if let Some(outcome) = outcome {
            inbox.over = true;
            inbox.sink.done(outcome.map(|usage| self.used(usage)));
        }
    }

    /// For one who joined, nothing was computed.
    fn used(&self, usage: Usage) -> Usage {
        if self.joined {
            Usage { reused: usage.prompt, read_ahead: 0, read_in_vain: 0, ..usage }
        } else {
            usage
        }
    }
}

/// The sink of an answer. The model looks at it before each step: that is when it is seen who has left, and
/// how urgent the others are.
struct Shared {
    answer: Arc<Answer>,
    in_flight: Arc<InFlight>,
    over: bool,
}

impl Shared {
    /// False once nobody is left.
    fn look(&self) -> bool {
        let askers = {
            let mut progress = self.answer.lock();
            // Who leaves pays for the last step.
            progress.share_out(&self.answer.cpu);
            progress.askers.clone()
        };
        let (left, stay): (Vec<_>, Vec<_>) = askers.into_iter().partition(|asker| asker.has_left());
        let is_gone = |asker: &Arc<Asker>| left.iter().any(|gone| Arc::ptr_eq(gone, asker));
        self.answer.lock().askers.retain(|asker| !is_gone(asker));
        if stay.is_empty() && self.in_flight.forget_unless_joined(&self.answer) {
            self.answer.cancel.cancel();
            return false;
        }
        self.answer.follow(&stay);
        true
    }
}

impl ThinkSink for Shared {
    /// One is enough: for the others, the text waits.
    fn has_room(&self) -> bool {
        let askers = self.answer.lock().askers.clone();
        askers.iter().any(|asker| asker.has_room())
    }

    fn is_closed(&self) -> bool {
        !self.look()
    }

    fn text(&mut self, text: String) {
        self.answer.progresses(|progress| progress.text.push_str(&text));
        // For a model that looks at the flag only.
        self.look();
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.answer.progresses(|progress| progress.end_of_turn = Some(probability));
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        self.over = true;
        self.in_flight.forget(&self.answer);
        self.answer.progresses(|progress| progress.outcome = Some(outcome));
    }
}

impl Drop for Shared {
    /// A request that the model refuses, or drops without an outcome. The first who asked is told nothing, as
    /// if it had asked the model itself. Those who joined were promised an answer.
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.in_flight.forget(&self.answer);
        let askers = std::mem::take(&mut self.answer.lock().askers);
        let (joined, _first): (Vec<_>, Vec<_>) = askers.into_iter().partition(|asker| asker.joined);
        let why = EngineError::Failed("the request that this one had joined was dropped".to_owned());
        self.answer.progresses(|progress| {
            progress.askers = joined;
            progress.outcome = Some(Err(why));
        });
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tests;
