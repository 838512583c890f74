//! Whatever happens in whatever order: whoever stays gets the whole answer, once.

use proptest::prelude::*;

use super::stage::{Listener, Stage, usage};
use super::*;

#[test]
fn who_joins_on_other_threads_misses_nothing_and_hears_nothing_twice() {
    for round in 0..50 {
        let stage = Stage::new();
        stage.asks();
        let (_, mut sink) = stage.generation();
        let ask = || -> Vec<Listener> {
            let asked: Vec<Listener> = (0..20).map(|_| stage.asks()).collect();
            asked.iter().step_by(3).for_each(|listener| listener.cancel.cancel());
            asked
        };
        let mut said = String::new();
        let askers: Vec<Listener> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            for n in 0..100 + round {
                said += &format!("{n} ");
                sink.text(format!("{n} "));
                assert!(!sink.is_closed(), "the first never leaves");
            }
            sink.done(Ok(usage()));
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
        });
        // Those who asked when the answer was over wait for another one.
        if stage.generations() > 0 {
            stage.generation().1.done(Err(EngineError::Failed("nothing".to_owned())));
        }
        assert_eq!((stage.generations(), stage.in_flight()), (0, 0));
        for listener in askers {
            let (text, ends) = (listener.text(), listener.told().ends);
            if listener.cancel.is_cancelled() {
                assert!(said.starts_with(&text) && ends.len() <= 1, "{text}");
            } else {
                assert_eq!(ends.len(), 1);
                assert_eq!(text, if ends[0].is_ok() { said.as_str() } else { "" });
            }
        }
    }
}

#[test]
fn who_comes_as_the_last_one_leaves_is_answered_by_this_generation_or_by_a_new_one() {
    for _ in 0..500 {
        let stage = Stage::new();
        stage.asks().cancel.cancel();
        let (_, mut sink) = stage.generation();
        let both = std::sync::Barrier::new(2);
        let later = std::thread::scope(|scope| {
            let later = scope.spawn(|| {
                both.wait();
                stage.asks()
            });
            both.wait();
            let _ = sink.is_closed();
            later.join().expect("no panic")
        });
        if sink.is_closed() {
            sink = stage.generation().1;
        }
        sink.text("Yes.".to_owned());
        sink.done(Ok(usage()));
        assert!(later.text() == "Yes." && later.is_done());
        assert_eq!((stage.generations(), stage.in_flight()), (0, 0));
    }
}

/// What one of those who asked, or one who comes, does next.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Asks,
    Cancels,
    Closes,
    IsFull,
    HasRoom,
}

/// What one of the generations does next. In any case the model looks who is left.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Speaks,
    Scores,
    Ends,
    IsDropped,
}

#[derive(Debug, Clone, Copy)]
enum Happens {
    Deed(Deed),
    Step(Step),
}

fn happens() -> impl Strategy<Value = (Happens, usize)> {
    use Deed::*;
    use Step::*;
    let deeds = vec![Asks, Asks, Asks, Asks, Cancels, Closes, IsFull, HasRoom, HasRoom];
    let steps = vec![Speaks, Speaks, Speaks, Speaks, Speaks, Speaks, Scores, Ends, IsDropped];
    let deed = prop::sample::select(deeds).prop_map(Happens::Deed);
    let step = prop::sample::select(steps).prop_map(Happens::Step);
    (prop_oneof![deed, step], 0..64_usize)
}

/// A generation as it should be.
struct Generation {
    question: usize,
    sink: Option<Box<dyn ThinkSink>>,
    cancel: CancelFlag,
    said: String,
    /// The first one began it.
    listeners: Vec<Listener>,
}

impl Listener {
    fn stays(&self) -> bool {
        !self.cancel.is_cancelled() && !self.is_closed.load(Ordering::Relaxed)
    }
}

fn asks(stage: &Stage, question: usize, running: &mut Vec<Generation>) -> Listener {
    let listener = Listener::default();
    let request = stage.request(&question.to_string(), &listener);
    stage.sharing.begin(request, Box::new(listener.clone())).expect("room");
    if stage.generations() > 0 {
        let (request, sink) = stage.generation();
        let (sink, cancel, listeners) = (Some(sink), request.cancel, vec![listener.clone()]);
        running.push(Generation { question, sink, cancel, said: String::new(), listeners });
    } else {
        let joined = running.iter_mut().find(|other| other.question == question);
        joined.expect("one to join").listeners.push(listener.clone());
    }
    listener
}

fn does(deed: Deed, at: usize, stage: &Stage, all: &mut Vec<Listener>, running: &mut Vec<Generation>) {
    let one = at.checked_rem(all.len()).map(|at| all[at].clone()).unwrap_or_default();
    match deed {
        Deed::Asks => all.push(asks(stage, at % 2, running)),
        Deed::Cancels => one.cancel.cancel(),
        Deed::Closes => one.is_closed.store(true, Ordering::Relaxed),
        Deed::IsFull => one.is_full.store(true, Ordering::Relaxed),
        Deed::HasRoom => one.is_full.store(false, Ordering::Relaxed),
    }
}

fn goes_on(step: Step, at: usize, n: usize, running: &mut Vec<Generation>) {
    let Some(at) = at.checked_rem(running.len()) else { return };
    let mut generation = running.swap_remove(at);
    let mut sink = generation.sink.take().expect("a generation that goes on");
    match step {
        Step::Speaks if sink.has_room() => {
            generation.said += &format!("{n} ");
            sink.text(format!("{n} "));
        }
        Step::Speaks => {}
        Step::Scores => sink.end_of_turn(0.5),
        Step::Ends => sink.done(Ok(usage())),
        Step::IsDropped => drop(std::mem::replace(&mut sink, Box::new(Listener::default()))),
    }
    if matches!(step, Step::Ends | Step::IsDropped) {
        return check(&generation, step == Step::Ends);
    }
    let stays = generation.listeners.iter().any(Listener::stays);
    assert_eq!((sink.is_closed(), generation.cancel.is_cancelled()), (!stays, !stays));
    if stays {
        generation.sink = Some(sink);
        running.push(generation);
    }
}

/// Checks what all were told of a generation that is over.
fn check(generation: &Generation, is_whole: bool) {
    for (at, listener) in generation.listeners.iter().enumerate() {
        let (text, told) = (listener.text(), listener.told());
        assert!(generation.said.starts_with(&text), "{text:?} of {:?}", generation.said);
        assert!(told.scores.len() <= 1 && told.ends.len() <= 1);
        if listener.stays() && is_whole {
            assert!(text == generation.said && listener.is_done());
        } else if listener.stays() {
            // The first of a request that was dropped is told nothing; the others, that it failed.
            assert_eq!(told.ends.len(), usize::from(at > 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_who_stays_gets_the_whole_answer_once(
        all in prop::collection::vec(happens(), 1..80),
    ) {
        let stage = Stage::new();
        let (mut running, mut listeners) = (Vec::new(), Vec::new());
        for (n, (happens, at)) in all.into_iter().enumerate() {
            match happens {
                Happens::Deed(deed) => does(deed, at, &stage, &mut listeners, &mut running),
                Happens::Step(step) => goes_on(step, at, n, &mut running),
            }
        }
        for mut rest in running {
            rest.sink.iter_mut().for_each(|sink| sink.done(Ok(usage())));
            check(&rest, true);
        }
        assert_eq!(stage.in_flight(), 0);
    }
}
