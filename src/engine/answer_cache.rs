//! A language model that gives an answer again where the question was asked before. Must not know calls, nor
//! which questions mean the same.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::buffered_playback::BufferedPlayback;
use super::cpu_time::CpuTime;
use super::ports::{Think, ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::wanted::Wanted;
use super::{CancelFlag, EngineError, Room, Rooms, Sampling, Task};
use crate::answers::{Answers, Asked, Found, OwnAnswer, Patterns, Statistics};
use crate::dialogue::{CachedBy, Message, Usage};

/// The session of what is asked for the cache.
const SESSION: &str = "cached answers";

/// A model around which answers are kept. A question that stands alone is answered at once if it was asked
/// before, in the same words or in others of the same meaning, of an agent with the same instructions.
///
/// An answer is kept only if nothing but its question was said. Other questions are asked once more, on their
/// own, while no call needs the model, one at a time. What may call tools is neither kept nor given again.
pub struct AnswerCache {
    model: Arc<dyn Think>,
    patterns: Arc<Patterns>,
    kept: Arc<Kept>,
    told: Box<dyn Fn(Option<CachedBy>) + Send + Sync>,
}

struct Kept {
    answers: Mutex<Answers>,
    /// A question is being asked for the cache.
    asks: AtomicBool,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Answers> {
        // Between two statements it is at worst an answer that is not found.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, asked: &Asked, answer: &str, usage: &Usage) {
        if usage.cut {
            return;
        }
        if let Err(reason) = self.lock().keep(asked, answer, usage.generated) {
            tracing::debug!(%reason, "an answer is not kept");
        }
    }
}

impl AnswerCache {
    /// Keeps at most so many answers of `model`. `told` is called for each question that stands alone, with
    /// how its answer was found.
    #[must_use]
    pub fn new(
        model: Arc<dyn Think>,
        patterns: Arc<Patterns>,
        most: NonZeroUsize,
        told: impl Fn(Option<CachedBy>) + Send + Sync + 'static,
    ) -> Self {
        let kept = Kept { answers: Mutex::new(Answers::new(most)), asks: AtomicBool::new(false) };
        Self { model, patterns, kept: Arc::new(kept), told: Box::new(told) }
    }

    /// The answer that was given before to the question at the end of this conversation; `None` if nobody has
    /// asked it.
    ///
    /// # Errors
    /// Why the answer is this caller's own.
    pub fn find(&self, messages: &[Message]) -> Result<Option<Found>, OwnAnswer> {
        let asked = Asked::read(messages, &self.patterns)?;
        Ok(self.kept.lock().peek(&asked))
    }

    /// How often answers were found.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.kept.lock().statistics()
    }

    /// Asks the question on its own, for the next one who asks it.
    fn prepare(&self, messages: &[Message], sampling: &Sampling) {
        let (Some(instructions), Some(question)) = (messages.first(), messages.last()) else { return };
        let messages = vec![instructions.clone(), question.clone()];
        let Ok(asked) = Asked::read(&messages, &self.patterns) else { return };
        if !self.model.rooms().has_room() || self.kept.asks.swap(true, Ordering::AcqRel) {
            return;
        }
        let (model, kept) = (self.model.clone(), self.kept.clone());
        let mut sink = Prepared { model, kept, asked, text: String::new(), room: None };
        sink.room = self.model.rooms().admit().ok();
        // The last room is for a call.
        if sink.room.is_none() || sink.is_closed() {
            return;
        }
        let request = ThinkRequest {
            session: SESSION.to_owned(),
            messages,
            task: Task::Answer,
            // A guide holds the state of one answer.
            sampling: Sampling { guide: None, ..sampling.clone() },
            cancel: CancelFlag::default(),
            wanted: Wanted::default(),
            aside: true,
            buffered: BufferedPlayback::default(),
            cpu: CpuTime::default(),
        };
        if self.model.begin(request, Box::new(sink)).is_err() {
            tracing::debug!("the model has no time for a question of the cache");
        }
    }
}

impl Think for AnswerCache {
    fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        // With tools at hand, the model may do something: that is nobody else's.
        if request.task != Task::Answer || request.aside || request.sampling.guide.is_some() {
            return self.model.begin(request, sink);
        }
        let Ok(asked) = Asked::read(&request.messages, &self.patterns) else {
            return self.model.begin(request, sink);
        };
        let found = self.kept.lock().find(&asked, request.sampling.max_tokens);
        (self.told)(found.as_ref().map(|found| found.by));
        if let Some(found) = found {
            sink.text(found.text);
            sink.done(Ok(Usage { cached: Some(found.by), ..Usage::default() }));
            return Ok(());
        }
        if asked.first {
            let kept = self.kept.clone();
            return self.model.begin(request, Box::new(Keeping { sink, kept, asked, text: String::new() }));
        }
        let (messages, sampling) = (request.messages.clone(), request.sampling.clone());
        self.model.begin(request, sink)?;
        self.prepare(&messages, &sampling);
        Ok(())
    }

    fn end_session(&self, session: &str) {
        self.model.end_session(session);
    }

    fn rooms(&self) -> &Rooms {
        self.model.rooms()
    }
}

/// The sink of a call, whose answer is kept.
struct Keeping {
    sink: Box<dyn ThinkSink>,
    kept: Arc<Kept>,
    asked: Asked,
    text: String,
}

impl ThinkSink for Keeping {
    fn has_room(&self) -> bool {
        self.sink.has_room()
    }

    fn is_closed(&self) -> bool {
        self.sink.is_closed()
    }

    fn text(&mut self, text: String) {
        self.text.push_str(&text);
        self.sink.text(text);
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.sink.end_of_turn(probability);
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        if let Ok(usage) = &outcome {
            self.kept.keep(&self.asked, &self.text, usage);
        }
        self.sink.done(outcome);
    }
}

/// An answer that no call waits for.
struct Prepared {
    model: Arc<dyn Think>,
    kept: Arc<Kept>,
    asked: Asked,
    text: String,
    /// The memory of the session.
    room: Option<Room>,
}

impl ThinkSink for Prepared {
    fn has_room(&self) -> bool {
        true
    }

    /// A call may need the memory.
    fn is_closed(&self) -> bool {
        !self.model.rooms().has_room()
    }

    fn text(&mut self, text: String) {
        self.text.push_str(&text);
    }

    fn end_of_turn(&mut self, _: f32) {}

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        if let Ok(usage) = outcome {
            self.kept.keep(&self.asked, &self.text, &usage);
        }
    }
}

impl Drop for Prepared {
    /// Also if the model has dropped the request.
    fn drop(&mut self) {
        self.model.end_session(SESSION);
        self.kept.asks.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Role;
    use crate::engine::NoRoom;

    /// A model that answers with the number of the request, and keeps what it was asked.
    struct Counting {
        asked: Mutex<Vec<(String, Vec<Message>)>>,
        rooms: Rooms,
    }

    impl Think for Counting {
        fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
            let number = {
                let mut asked = self.asked.lock().unwrap();
                asked.push((request.session, request.messages));
                asked.len()
            };
            sink.text("Answer ".to_owned());
            sink.text(format!("{number}."));
            sink.done(Ok(Usage { generated: 10, cut: request.sampling.max_tokens < 10, ..Usage::default() }));
            Ok(())
        }

        fn end_session(&self, _: &str) {}

        fn rooms(&self) -> &Rooms {
            &self.rooms
        }
    }

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<(String, Option<CachedBy>)>>);

    impl ThinkSink for Told {
        fn has_room(&self) -> bool {
            true
        }

        fn is_closed(&self) -> bool {
            false
        }

        fn text(&mut self, text: String) {
            self.0.lock().unwrap().0.push_str(&text);
        }

        fn end_of_turn(&mut self, _: f32) {}

        fn done(&mut self, outcome: Result<Usage, EngineError>) {
            self.0.lock().unwrap().1 = outcome.unwrap().cached;
        }
    }

    struct Desk {
        model: Arc<Counting>,
        cache: AnswerCache,
        looked_up: Arc<Mutex<Vec<Option<CachedBy>>>>,
    }

    fn desk_with(room: bool) -> Desk {
        let rooms = Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), move || room);
        let model = Arc::new(Counting { asked: Mutex::default(), rooms });
        let looked_up = Arc::<Mutex<Vec<_>>>::default();
        let told = looked_up.clone();
        let patterns = Arc::new(Patterns::english().unwrap());
        let most = NonZeroUsize::new(100).unwrap();
        let cache = AnswerCache::new(model.clone(), patterns, most, move |by| told.lock().unwrap().push(by));
        Desk { model, cache, looked_up }
    }

    impl Desk {
        /// The answer to the last of these lines, of which the first is the caller's.
        fn answer(&self, lines: &[&str], most: usize) -> (String, Option<CachedBy>) {
            let roles = [Role::User, Role::Assistant].into_iter().cycle();
            let line = |(text, role): (&&str, Role)| Message { role, text: (*text).to_owned() };
            let system = Message { role: Role::System, text: "You are a front desk.".to_owned() };
            let request = ThinkRequest {
                session: "a call".to_owned(),
                messages: std::iter::once(system).chain(lines.iter().zip(roles).map(line)).collect(),
                task: Task::Answer,
                sampling: Sampling { max_tokens: most, ..Sampling::default() },
                cancel: CancelFlag::default(),
                wanted: Wanted::default(),
                aside: false,
                buffered: BufferedPlayback::default(),
                cpu: CpuTime::default(),
            };
            let told = Told::default();
            self.cache.begin(request, Box::new(told.clone())).unwrap();
            told.0.lock().unwrap().clone()
        }

        fn asked(&self) -> usize {
            self.model.asked.lock().unwrap().len()
        }
    }

    const OPEN: &str = "When are you open on Monday?";
    const HOURS: &str = "What are your hours on Monday?";

    #[test]
    fn a_question_that_was_asked_before_costs_nothing() {
        let desk = desk_with(true);
        assert_eq!(desk.answer(&[OPEN], 60), ("Answer 1.".to_owned(), None));
        assert_eq!(desk.answer(&[OPEN], 60), ("Answer 1.".to_owned(), Some(CachedBy::Exact)));
        assert_eq!(desk.answer(&[HOURS], 60), ("Answer 1.".to_owned(), Some(CachedBy::Pattern)));
        assert_eq!(desk.answer(&["When are you open on Sunday?"], 60).0, "Answer 2.");
        assert_eq!(desk.asked(), 2);
        let looked_up = desk.looked_up.lock().unwrap().clone();
        assert_eq!(looked_up, [None, Some(CachedBy::Exact), Some(CachedBy::Pattern), None]);
    }

    #[test]
    fn a_question_from_the_middle_of_a_call_is_asked_once_more_on_its_own_for_the_next_caller() {
        let desk = desk_with(true);
        let middle = ["A cleaning is free from now on.", "Okay.", OPEN];
        assert_eq!(desk.answer(&middle, 60), ("Answer 1.".to_owned(), None));
        let alone = desk.model.asked.lock().unwrap()[1].clone();
        assert_eq!((alone.0.as_str(), alone.1.len(), alone.1[1].text.as_str()), (SESSION, 2, OPEN));
        assert_eq!(desk.answer(&[OPEN], 60), ("Answer 2.".to_owned(), Some(CachedBy::Exact)));
    }

    #[test]
    fn the_last_room_of_the_model_is_a_calls() {
        let desk = desk_with(false);
        desk.answer(&["Hello.", "Hello.", OPEN], 60);
        assert_eq!(desk.asked(), 1);
    }

    #[test]
    fn what_is_cut_off_is_not_kept_and_what_is_too_long_is_not_given() {
        let desk = desk_with(true);
        desk.answer(&[OPEN], 5);
        assert_eq!(desk.answer(&[OPEN], 60), ("Answer 2.".to_owned(), None));
        assert_eq!(desk.answer(&[OPEN], 5), ("Answer 3.".to_owned(), None));
        assert_eq!(desk.answer(&[OPEN], 60).1, Some(CachedBy::Exact));
    }

    #[test]
    fn what_is_the_callers_own_goes_to_the_model() {
        let desk = desk_with(true);
        for text in ["Yes.", "Is my appointment on Monday?", "How much is it?", "Are you open now?"] {
            assert_eq!(desk.answer(&[text], 60).1, None);
            assert_eq!(desk.answer(&[text], 60).1, None);
        }
        assert!(desk.asked() == 8 && desk.looked_up.lock().unwrap().is_empty());
    }
}
