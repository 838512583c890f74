//! Tests of answers that are given again, with a model that counts what it is asked.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::engine::NoRoom;
use crate::engine::sharing::Sharing;

/// Whether another wording is asked for, and by nobody's call.
fn is_for_wording(request: &ThinkRequest) -> bool {
    request.session == SESSION && request.sampling.temperature > 0.5
}

/// A model that answers with the number of the request, and keeps what it was asked.
struct Counting {
    asked: Mutex<Vec<(String, Vec<Message>)>>,
    rooms: Rooms,
}

impl Think for Counting {
    fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        if is_for_wording(&request) {
            return Ok(());
        }
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

/// The request for an answer to the last of these lines, of which the first is the caller's.
fn request(lines: &[&str], most: usize) -> ThinkRequest {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    let line = |(text, role): (&&str, Role)| Message { role, text: (*text).to_owned() };
    let system = Message { role: Role::System, text: "You are a front desk.".to_owned() };
    ThinkRequest {
        session: "a call".to_owned(),
        messages: std::iter::once(system).chain(lines.iter().zip(roles).map(line)).collect(),
        task: Task::Answer,
        sampling: Sampling { max_tokens: most, ..Sampling::default() },
        cancel: CancelFlag::default(),
        wanted: Wanted::default(),
        aside: false,
        buffered: BufferedPlayback::default(),
        cpu: CpuTime::default(),
    }
}

impl Desk {
    /// The answer to the last of these lines, of which the first is the caller's.
    fn answer(&self, lines: &[&str], most: usize) -> (String, Option<CachedBy>) {
        let request = request(lines, most);
        let told = Told::default();
        self.cache.begin(request, Box::new(told.clone())).unwrap();
        told.0.lock().unwrap().clone()
    }

    /// How often a call has asked the model.
    fn asked(&self) -> usize {
        self.model.asked.lock().unwrap().iter().filter(|(session, _)| session != SESSION).count()
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

/// A model that words its answers in turn.
struct Wordy(AtomicUsize, Rooms);

impl Think for Wordy {
    fn begin(&self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        let times = self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(
            is_for_wording(&request),
            times > 0,
            "other wordings are drawn freely, and by nobody's call"
        );
        let wordings =
            ["On Monday we are open from 9.", "We are open on Monday from 9.", "On Monday from 10."];
        sink.text(wordings[times % 3].to_owned());
        sink.done(Ok(Usage { generated: 9, ..Usage::default() }));
        Ok(())
    }

    fn end_session(&self, _: &str) {}

    fn rooms(&self) -> &Rooms {
        &self.1
    }
}

#[test]
fn an_answer_that_is_given_twenty_times_is_never_worded_as_the_time_before() {
    let rooms = Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), || true);
    let model = Arc::new(Wordy(AtomicUsize::new(0), rooms));
    let patterns = Arc::new(Patterns::english().unwrap());
    let cache = AnswerCache::new(model.clone(), patterns, NonZeroUsize::new(100).unwrap(), |_| {});
    let mut ask = || {
        let told = Told::default();
        cache.begin(request(&[OPEN], 60), Box::new(told.clone())).unwrap();
        let (text, _) = told.0.lock().unwrap().clone();
        text
    };
    ask();
    // The model is asked for other wordings behind the first hits.
    let given: Vec<String> = std::iter::repeat_with(&mut ask).skip(1).take(20).collect();
    assert!(given.windows(2).all(|two| two[0] != two[1]), "{given:?}");
    assert!(given.iter().all(|answer| answer.contains("from 9")), "{given:?}");
    assert!(model.0.load(Ordering::Relaxed) < 8, "it is not asked for ever");
}

/// A model that answers when the test says so.
struct Slow {
    waiting: Mutex<Vec<Box<dyn ThinkSink>>>,
    rooms: Rooms,
}

impl Think for Slow {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        if !is_for_wording(&request) {
            self.waiting.lock().unwrap().push(sink);
        }
        Ok(())
    }

    fn end_session(&self, _: &str) {}

    fn rooms(&self) -> &Rooms {
        &self.rooms
    }
}

#[test]
fn five_who_ask_the_same_at_once_cost_one_generation_and_the_sixth_costs_none() {
    let rooms = Rooms::new(|| Ok::<_, NoRoom>(Room::new(())), || true);
    let model = Arc::new(Slow { waiting: Mutex::default(), rooms });
    let patterns = Arc::new(Patterns::english().unwrap());
    let shared = Arc::new(Sharing::new(model.clone()));
    let cache = AnswerCache::new(shared, patterns, NonZeroUsize::new(100).unwrap(), |_| {});
    let ask = || {
        let told = Told::default();
        cache.begin(request(&[OPEN], 60), Box::new(told.clone())).unwrap();
        told
    };
    let five: Vec<Told> = (0..5).map(|_| ask()).collect();
    let mut waiting = std::mem::take(&mut *model.waiting.lock().unwrap());
    assert_eq!(waiting.len(), 1);
    waiting[0].text("From nine to five.".to_owned());
    waiting[0].done(Ok(Usage { generated: 5, ..Usage::default() }));
    let answers = five.iter().map(|told| told.0.lock().unwrap().clone());
    assert!(answers.into_iter().all(|answer| answer == ("From nine to five.".to_owned(), None)));
    let sixth = ask().0.lock().unwrap().clone();
    assert_eq!(sixth, ("From nine to five.".to_owned(), Some(CachedBy::Exact)));
    assert!(model.waiting.lock().unwrap().is_empty());
}
