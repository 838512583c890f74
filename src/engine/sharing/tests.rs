//! Tests of shared answers, with a model that says what the test tells it to.

use super::stage::{Listener, Stage, Told, says, usage};
use super::*;
use crate::engine::scripted::ScriptedThink;

#[test]
fn five_who_ask_the_same_at_once_get_one_generation_and_the_same_answer() {
    let stage = Stage::new();
    let five: Vec<Listener> = (0..5).map(|_| stage.asks()).collect();
    assert_eq!((stage.generations(), stage.sharing.shared()), (1, 4));
    let (_, mut sink) = stage.generation();
    sink.end_of_turn(0.75);
    says(&mut *sink, &["We ", "are ", "open."]);
    sink.done(Ok(usage()));
    for listener in &five {
        let Told { texts, scores, ends } = listener.told();
        assert_eq!((texts.concat().as_str(), &scores[..], ends.len()), ("We are open.", &[0.75][..], 1));
    }
    // For those who joined, nothing was computed.
    assert_eq!(five[0].told().ends, [Ok(usage())]);
    let joined = Usage { reused: 50, read_ahead: 0, read_in_vain: 0, ..usage() };
    assert_eq!(five[4].told().ends, [Ok(joined)]);
    assert_eq!(stage.in_flight(), 0);
}

#[test]
fn when_the_first_hangs_up_the_others_get_all() {
    let stage = Stage::new();
    let five: Vec<Listener> = (0..5).map(|_| stage.asks()).collect();
    let (request, mut sink) = stage.generation();
    says(&mut *sink, &["We ", "are "]);
    five[0].cancel.cancel();
    assert!(!sink.is_closed());
    says(&mut *sink, &["open."]);
    sink.done(Ok(usage()));
    assert!(!request.cancel.is_cancelled());
    assert_eq!((five[0].text().as_str(), five[0].told().ends.len()), ("We are ", 0));
    assert!(five[1..].iter().all(|listener| listener.text() == "We are open." && listener.is_done()));
}

#[test]
fn when_all_hang_up_the_generation_is_cancelled_and_cannot_be_joined() {
    let stage = Stage::new();
    let (one, other) = (stage.asks(), stage.asks());
    let (request, mut sink) = stage.generation();
    one.cancel.cancel();
    assert!(!sink.is_closed() && !request.cancel.is_cancelled());
    other.is_closed.store(true, Ordering::Relaxed);
    // A model that looks at the flag only finds it set after the next token.
    says(&mut *sink, &["We "]);
    assert!(request.cancel.is_cancelled() && sink.is_closed());
    assert_eq!(stage.in_flight(), 0);
    stage.asks();
    assert_eq!(stage.generations(), 1);
    // The model was told of nobody's end, and nobody of the model's.
    drop(sink);
    assert!(one.told().ends.is_empty() && other.told().ends.is_empty());
    assert_eq!(stage.in_flight(), 1);
}

#[test]
fn one_who_left_before_the_model_noticed_is_followed_by_one_who_joins() {
    let stage = Stage::new();
    stage.asks().cancel.cancel();
    let later = stage.asks();
    let (_, mut sink) = stage.generation();
    assert!(!sink.is_closed());
    says(&mut *sink, &["Yes."]);
    sink.done(Ok(usage()));
    assert!(later.text() == "Yes." && later.is_done());
}

#[test]
fn one_who_joins_in_the_middle_gets_the_beginning_first() {
    let stage = Stage::new();
    stage.asks();
    let (_, mut sink) = stage.generation();
    sink.end_of_turn(0.25);
    says(&mut *sink, &["We ", "are "]);
    let later = stage.asks();
    let so_far = Told { texts: vec!["We are ".to_owned()], scores: vec![0.25], ends: Vec::new() };
    assert_eq!(later.told(), so_far);
    says(&mut *sink, &["open."]);
    sink.done(Ok(usage()));
    assert_eq!(later.told().texts, ["We are ", "open."]);
    assert!(later.is_done() && later.told().scores.len() == 1);
}

#[test]
fn one_who_has_no_room_holds_nobody_up_and_gets_the_rest_as_one_text() {
    let stage = Stage::new();
    let (quick, slow) = (stage.asks(), stage.asks());
    let (_, mut sink) = stage.generation();
    says(&mut *sink, &["We "]);
    slow.is_full.store(true, Ordering::Relaxed);
    assert!(sink.has_room());
    says(&mut *sink, &["are ", "open "]);
    sink.end_of_turn(0.5);
    slow.is_full.store(false, Ordering::Relaxed);
    says(&mut *sink, &["from "]);
    assert_eq!(slow.told().texts, ["We ", "are open from "]);
    for listener in [&slow, &quick] {
        listener.is_full.store(true, Ordering::Relaxed);
    }
    assert!(!sink.has_room());
    quick.is_full.store(false, Ordering::Relaxed);
    says(&mut *sink, &["nine ", "to five."]);
    sink.done(Ok(usage()));
    assert_eq!(slow.told().texts, ["We ", "are open from ", "nine to five."]);
    assert_eq!(slow.text(), quick.text());
    assert!(slow.is_done() && slow.told().scores == [0.5]);
}

#[test]
fn other_words_other_sampling_and_prompts_that_are_only_read_are_not_shared() {
    let stage = Stage::new();
    let listener = stage.asks();
    let same = || stage.request("Are you open?", &listener);
    let warm = Sampling { temperature: 0.7, ..Sampling::default() };
    for request in [
        stage.request("Are you closed?", &listener),
        ThinkRequest { messages: same().messages[1..].to_vec(), ..same() },
        ThinkRequest { sampling: warm, ..same() },
        ThinkRequest { task: Task::Listen, ..same() },
        ThinkRequest { task: Task::Listen, ..same() },
        ThinkRequest { task: Task::Rebuild, ..same() },
    ] {
        stage.sharing.begin(request, Box::new(listener.clone())).expect("room");
    }
    assert_eq!((stage.generations(), stage.sharing.shared()), (7, 0));
    // Another call asks the same: its session makes no difference.
    let request = ThinkRequest { session: "another call".to_owned(), ..same() };
    stage.sharing.begin(request, Box::new(listener.clone())).expect("room");
    assert_eq!((stage.generations(), stage.sharing.shared()), (7, 1));
}

#[test]
fn a_failure_is_told_to_all_and_who_asks_again_begins_anew() {
    let stage = Stage::new();
    let (one, other) = (stage.asks(), stage.asks());
    let (_, mut sink) = stage.generation();
    says(&mut *sink, &["We "]);
    sink.done(Err(EngineError::Failed("a fault".to_owned())));
    for listener in [&one, &other] {
        assert_eq!(listener.text(), "We ");
        assert_eq!(listener.told().ends, [Err("a fault".to_owned())]);
    }
    stage.asks();
    assert_eq!(stage.generations(), 1);
}

#[test]
fn when_a_request_is_dropped_those_who_joined_are_told_and_nothing_stays() {
    let stage = Stage::new();
    let (first, other) = (stage.asks(), stage.asks());
    drop(stage.generation());
    assert_eq!((first.told().ends.len(), other.told().ends.len()), (0, 1));
    assert!(other.told().ends[0].is_err());
    assert_eq!(stage.in_flight(), 0);
    // A model that refuses a request tells it to the one who asked, and only there.
    stage.model.is_full.store(true, Ordering::Relaxed);
    let refused = Listener::default();
    let request = stage.request("Are you open?", &refused);
    assert!(stage.sharing.begin(request, Box::new(refused.clone())).is_err());
    assert_eq!((refused.told(), stage.in_flight()), (Told::default(), 0));
    // Nobody keeps what nobody needs.
    assert_eq!([&first, &other, &refused].map(|listener| Arc::strong_count(&listener.told)), [1; 3]);
}

#[test]
fn an_answer_is_as_urgent_as_the_one_who_needs_it_most() {
    let stage = Stage::new();
    let (draft, wanted, quiet) = (stage.asks(), stage.asks(), stage.asks());
    let (request, sink) = stage.generation();
    let ms = Duration::from_millis;
    let left = |now| (!sink.is_closed()).then(|| (request.wanted.is_set(), request.buffered.left(ms(now))));
    assert_eq!(left(0), Some((false, None)));
    draft.buffered.lasts_until(ms(100));
    assert_eq!(left(0), Some((false, Some(ms(100)))));
    wanted.wanted.set();
    wanted.buffered.lasts_until(ms(500));
    quiet.wanted.set();
    assert_eq!(left(100), Some((true, Some(ms(400)))));
    quiet.buffered.lasts_until(ms(300));
    assert_eq!(left(100), Some((true, Some(ms(200)))));
    quiet.cancel.cancel();
    assert_eq!(left(100), Some((true, Some(ms(400)))));
    // The last one who is left only prepares.
    wanted.cancel.cancel();
    assert_eq!(left(100), Some((false, Some(ms(0)))));
}

#[test]
fn a_step_costs_those_who_share_it_then_equal_parts() {
    let stage = Stage::new();
    let first = stage.asks();
    let (request, mut sink) = stage.generation();
    let ms = Duration::from_millis;
    request.cpu.add(ms(100));
    let second = stage.asks();
    request.cpu.add(ms(40));
    says(&mut *sink, &["We "]);
    first.cancel.cancel();
    request.cpu.add(ms(20));
    assert!(!sink.is_closed());
    request.cpu.add(ms(50));
    sink.done(Ok(usage()));
    assert_eq!([first.cpu.total(), second.cpu.total()], [ms(130), ms(80)]);
}

#[test]
fn a_model_that_answers_at_once_answers_each() {
    let sharing = Sharing::new(Arc::new(ScriptedThink::new(None)));
    let stage = Stage::new();
    for _ in 0..2 {
        let listener = Listener::default();
        sharing.begin(stage.request("?", &listener), Box::new(listener.clone())).expect("room");
        assert!(listener.is_done() && !listener.text().is_empty());
    }
    assert_eq!(sharing.shared(), 0);
}

/// Somebody who asks the same as soon as this one is told something, or when it is seen that it has left.
struct Follows {
    sharing: Arc<Sharing>,
    follower: Mutex<Option<(ThinkRequest, Listener)>>,
    leaves: bool,
}

impl Follows {
    fn come(&self) {
        let follower = lock(&self.follower).take();
        if let Some((request, listener)) = follower {
            self.sharing.begin(request, Box::new(listener)).expect("room");
        }
    }
}

impl ThinkSink for Follows {
    fn has_room(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        if self.leaves {
            self.come();
        }
        self.leaves
    }

    fn text(&mut self, _: String) {
        self.come();
    }

    fn end_of_turn(&mut self, _: f32) {}

    fn done(&mut self, _: Result<Usage, EngineError>) {
        self.come();
    }
}

/// One who is followed by another, and that other.
fn followed(stage: &Stage, leaves: bool) -> Listener {
    let (one, follower) = (Listener::default(), Listener::default());
    let again = Mutex::new(Some((stage.request("?", &follower), follower.clone())));
    let sink = Follows { sharing: stage.sharing.clone(), follower: again, leaves };
    stage.sharing.begin(stage.request("?", &one), Box::new(sink)).expect("room");
    follower
}

#[test]
fn a_sink_may_ask_while_it_is_told() {
    let stage = Stage::new();
    let follower = followed(&stage, false);
    let (_, mut sink) = stage.generation();
    says(&mut *sink, &["Yes, ", "we are."]);
    sink.done(Ok(usage()));
    assert_eq!((follower.text().as_str(), stage.sharing.shared()), ("Yes, we are.", 1));
    // At the end, it is too late to join.
    followed(&stage, false);
    stage.generation().1.done(Ok(usage()));
    assert_eq!((stage.generations(), stage.sharing.shared()), (1, 1));
}

#[test]
fn one_who_comes_just_as_the_last_one_leaves_is_answered() {
    let stage = Stage::new();
    let follower = followed(&stage, true);
    let (request, mut sink) = stage.generation();
    assert!(!sink.is_closed() && !request.cancel.is_cancelled());
    says(&mut *sink, &["Yes."]);
    sink.done(Ok(usage()));
    assert!(follower.text() == "Yes." && follower.is_done());
    assert_eq!((stage.generations(), stage.in_flight()), (0, 0));
}
