//! Makes the grammars that answers are held to, for all who want one: those that a call waits for on one
//! thread, the others on another, which waits until calls leave a core free. Each ends when none is wanted.
//! Must not know what is done with a grammar.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::{Cores, Held};
use super::llm::{Form, FormError, Guide, Guides};
use super::queue::QueueFull;
use super::threads::{lower_priority, spawn};
use super::{CancelFlag, survive};

/// The most that wait of either kind.
const MOST_WAITING: usize = 32;

/// The timeout of one wait for a core: what waits may be unwanted by then.
const PATIENCE: Duration = Duration::from_millis(20);

/// A grammar that is wanted.
pub trait Wanted: Send {
    /// True once nobody wants it any more.
    fn is_unwanted(&self) -> bool;

    /// Makes it and hands it out.
    fn make(self: Box<Self>);
}

/// Who waits for a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// A call, whose caller hears nothing meanwhile.
    ACall,
    /// No call.
    NoCall,
}

/// The maker of all grammars. Cheap to clone.
#[derive(Clone)]
pub struct Grammars {
    state: Arc<Mutex<State>>,
    cores: Cores,
}

#[derive(Default)]
struct State {
    for_calls: Line,
    others: Line,
}

/// Those that wait, one after the other.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Box<dyn Wanted>>,
    /// There is a thread, which looks again before it ends.
    works: bool,
}

impl State {
    const fn line(&mut self, waits: Waits) -> &mut Line {
        match waits {
            Waits::ACall => &mut self.for_calls,
            Waits::NoCall => &mut self.others,
        }
    }
}

impl Grammars {
    /// A maker that computes with these cores.
    #[must_use]
    pub fn new(cores: Cores) -> Self {
        Self { state: Arc::default(), cores }
    }

    /// Has a grammar made.
    ///
    /// # Errors
    /// If too many wait, or the operating system gives no thread.
    pub fn order(&self, waits: Waits, wanted: Box<dyn Wanted>) -> Result<(), QueueFull> {
        const FULL: QueueFull = QueueFull("grammars");
        let mut state = self.lock();
        let line = state.line(waits);
        if !line.works {
            let maker = self.clone();
            spawn("grammars".to_owned(), move || maker.work(waits)).map_err(|_| FULL)?;
            line.works = true;
        }
        if line.waiting.len() >= MOST_WAITING {
            return Err(FULL);
        }
        line.waiting.push_back(wanted);
        Ok(())
    }

    /// Makes a grammar for which no call waits, and waits for it.
    ///
    /// # Errors
    /// If too many wait, or the maker failed.
    pub fn made(&self, guides: &Guides, form: Form) -> Result<Result<Guide, FormError>, QueueFull> {
        let (tell, told) = channel();
        self.order(Waits::NoCall, Box::new(Awaited { guides: guides.clone(), form, tell }))?;
        told.recv().map_err(|_| QueueFull("maker of grammars, which failed"))
    }

    fn work(&self, waits: Waits) {
        lower_priority();
        while let Some((wanted, _core)) = self.next(waits) {
            if !wanted.is_unwanted() {
                // What breaks here is not made: who waits for it sees that nobody will bring it.
                let made = survive("maker of grammars", || {
                    wanted.make();
                    Ok(())
                });
                if let Err(error) = made {
                    tracing::error!(%error, "a grammar was not made");
                }
            }
        }
    }

    /// The next grammar, with the core that it needs if no call waits for it; `None` if none is wanted.
    fn next(&self, waits: Waits) -> Option<(Box<dyn Wanted>, Option<Held<'_>>)> {
        loop {
            let mut state = self.lock();
            let line = state.line(waits);
            line.waiting.retain(|wanted| !wanted.is_unwanted());
            if line.waiting.is_empty() {
                line.works = false;
                return None;
            }
            if waits == Waits::ACall {
                return line.waiting.pop_front().map(|wanted| (wanted, None));
            }
            drop(state);
            let core = self.cores.acquire_giving_way(Work::Request, &CancelFlag::default(), PATIENCE);
            if core.is_some()
                && let Some(wanted) = self.lock().others.waiting.pop_front()
            {
                return Some((wanted, core));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A grammar for which a thread waits.
struct Awaited {
    guides: Guides,
    form: Form,
    tell: Sender<Result<Guide, FormError>>,
}

impl Wanted for Awaited {
    fn is_unwanted(&self) -> bool {
        false
    }

    fn make(self: Box<Self>) {
        let _ = self.tell.send(self.guides.make(&self.form));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;

    use super::*;

    /// Says its name when it is made, once it may begin.
    struct Named {
        name: &'static str,
        begins: Option<Receiver<()>>,
        unwanted: bool,
        said: Sender<&'static str>,
    }

    impl Wanted for Named {
        fn is_unwanted(&self) -> bool {
            self.unwanted
        }

        fn make(self: Box<Self>) {
            if let Some(begins) = self.begins {
                let _ = begins.recv();
            }
            assert_ne!(self.name, "broken", "as it was asked to");
            self.said.send(self.name).unwrap();
        }
    }

    fn maker() -> Grammars {
        Grammars::new(Cores::new(1, Arc::new(|| Duration::ZERO)))
    }

    fn named(name: &'static str, said: &Sender<&'static str>) -> Box<Named> {
        Box::new(Named { name, begins: None, unwanted: false, said: said.clone() })
    }

    #[test]
    fn what_a_call_waits_for_waits_for_no_client_and_what_nobody_wants_is_not_made() {
        let (maker, (said, names)) = (maker(), channel());
        let (begin, begins) = channel();
        let first = Named { name: "first", begins: Some(begins), unwanted: false, said: said.clone() };
        maker.order(Waits::NoCall, Box::new(first)).unwrap();
        maker.order(Waits::NoCall, named("a client's", &said)).unwrap();
        let gone = Named { name: "gone", begins: None, unwanted: true, said: said.clone() };
        maker.order(Waits::NoCall, Box::new(gone)).unwrap();
        maker.order(Waits::ACall, named("a call's", &said)).unwrap();
        maker.order(Waits::ACall, named("broken", &said)).unwrap();
        maker.order(Waits::ACall, named("another call's", &said)).unwrap();
        // A client's is under way meanwhile, however long it takes.
        let calls: Vec<&str> = (0..2).map(|_| names.recv().unwrap()).collect();
        assert_eq!(calls, ["a call's", "another call's"]);
        begin.send(()).unwrap();
        let others: Vec<&str> = (0..2).map(|_| names.recv().unwrap()).collect();
        assert_eq!(others, ["first", "a client's"]);
        drop(said);
        assert!(names.recv().is_err(), "there is no other");
    }

    #[test]
    fn too_many_are_refused_and_the_thread_comes_again() {
        let (maker, (said, names)) = (maker(), channel());
        for _ in 0..2 {
            let (begin, begins) = channel();
            let first = Named { name: "first", begins: Some(begins), unwanted: false, said: said.clone() };
            maker.order(Waits::ACall, Box::new(first)).unwrap();
            let orders = (0..2 * MOST_WAITING).map(|_| maker.order(Waits::ACall, named("next", &said)));
            let taken = orders.filter(Result::is_ok).count();
            assert!((MOST_WAITING - 1..=MOST_WAITING).contains(&taken), "{taken}");
            begin.send(()).unwrap();
            for _ in 0..=taken {
                assert!(names.recv().is_ok());
            }
            while maker.lock().for_calls.works {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn while_calls_need_all_cores_only_they_get_grammars() {
        let cores = Cores::new(1, Arc::new(|| Duration::ZERO));
        let (maker, (said, names)) = (Grammars::new(cores.clone()), channel());
        let busy = cores.acquire(Work::Prefill, 1);
        maker.order(Waits::NoCall, named("a client's", &said)).unwrap();
        maker.order(Waits::ACall, named("a call's", &said)).unwrap();
        assert_eq!(names.recv().unwrap(), "a call's");
        assert!(names.recv_timeout(3 * PATIENCE).is_err());
        drop(busy);
        assert_eq!(names.recv().unwrap(), "a client's");
    }
}
