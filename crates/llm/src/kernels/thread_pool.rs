//! The threads of one model: whoever computes, and helpers that take tasks off it. Must not know what the tasks
//! are.
//!
//! It is a thread pool for jobs of microseconds. Tasks are taken one by one from a counter. So a helper that is
//! late, because something else has its core, costs nothing: the others take its tasks, and only a task that it has
//! begun is waited for. Between two products, which are microseconds apart, helpers look again and again, and give
//! their core away each time if someone wants it; off duty they sleep.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::JoinHandle;

/// A task's number in, and nothing out.
type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// Looks for work in a loop, this often before it lets others have the core at each look.
const LOOKS: u32 = 128;

/// A number with cache lines of its own: others look at what is beside it all the time.
#[repr(align(128))]
struct Alone(AtomicUsize);

struct Shared {
    /// Odd while there is a job; another number for each.
    epoch: AtomicU32,
    /// Helpers that have entered and may be reading `job`.
    inside: AtomicUsize,
    /// The job of this epoch. Read only by a helper that has entered (`inside`) and then seen an odd epoch; written only
    /// while the epoch is even and no such helper is left. A helper that enters and sees an even epoch leaves unread.
    job: UnsafeCell<Option<Job>>,
    /// The next task of the job.
    next: Alone,
    panicked: AtomicBool,
    /// Callers that want the helpers awake.
    on_duty: AtomicUsize,
    closing: AtomicBool,
}

#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    tasks: usize,
}

// SAFETY: `job` is the one field that is not `Sync` by itself. Whoever reads it is inside and has seen an odd epoch
// since, and whoever writes it has seen, after the epoch became even, that nobody is inside: who came later sees
// that it is even, and does not read.
unsafe impl Sync for Shared {}
// SAFETY: as above; the task it points to is `Sync`, so that it may be called from any thread.
unsafe impl Send for Shared {}

/// The pool: the caller's own thread, and its helpers.
pub(in super::super) struct ThreadPool {
    shared: Arc<Shared>,
    /// Held by the one whom they help.
    helped: Mutex<()>,
    helpers: Vec<JoinHandle<()>>,
}

/// Helpers look for work while there is one of these.
pub(in super::super) struct OnDuty<'a>(&'a ThreadPool);

impl ThreadPool {
    /// A pool of `threads`, the caller included. Helpers that the system gives no thread for are left out.
    pub(in super::super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicU32::new(0),
            inside: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            next: Alone(AtomicUsize::new(0)),
            panicked: AtomicBool::new(false),
            on_duty: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        });
        let helper = |i: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("llm-helper-{i}")).spawn(move || shared.help()).ok()
        };
        let helpers: Vec<_> = (1..threads).map_while(helper).collect();
        if helpers.len() + 1 < threads {
            tracing::warn!(
                threads,
                got = helpers.len() + 1,
                "the system gives no more threads for the language model"
            );
        }
        Self { shared, helped: Mutex::new(()), helpers }
    }

    /// Threads, the caller's included.
    pub(in super::super) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Keeps the helpers awake until the end of what is given back.
    pub(in super::super) fn on_duty(&self) -> OnDuty<'_> {
        if self.shared.on_duty.fetch_add(1, SeqCst) == 0 {
            self.helpers.iter().for_each(|helper| helper.thread().unpark());
        }
        OnDuty(self)
    }

    /// Calls `task` with every number below `tasks`, on any of the threads, and returns when all are done. While
    /// the helpers help someone else, the caller does it alone.
    ///
    /// # Panics
    /// If a task does.
    pub(in super::super) fn share(&self, tasks: usize, task: &Task<'_>) {
        if self.helpers.is_empty() || tasks < 2 {
            return (0..tasks).for_each(task);
        }
        let _helped = match self.helped.try_lock() {
            Err(TryLockError::WouldBlock) => return (0..tasks).for_each(task),
            Ok(helped) => helped,
            // A task panicked; its job was ended in order.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let shared = &*self.shared;
        // SAFETY: only the lifetime is made up. Helpers call it while they are inside an odd epoch; `Closing`
        // ends the epoch and waits until none is inside before this function is left, by whatever way.
        let task_for_all: *const Task<'static> = unsafe { std::mem::transmute::<*const Task<'_>, _>(task) };
        // SAFETY: `helped` is held: no other caller. The last caller's `Closing` saw an even epoch and nobody inside;
        // whoever came since saw the even epoch too, and does not read.
        unsafe { *shared.job.get() = Some(Job { task: task_for_all, tasks }) };
        shared.next.0.store(0, SeqCst);
        // A job in which the caller panicked too has not taken it back.
        shared.panicked.store(false, SeqCst);
        shared.epoch.fetch_add(1, SeqCst);
        let closing = Closing(shared);
        shared.work(Job { task: task_for_all, tasks });
        drop(closing);
        assert!(!shared.panicked.load(SeqCst), "a helper of the language model panicked");
    }
}

/// Ends a job.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let Self(shared) = self;
        // After a panic here, what is left of the job is nobody's.
        shared.next.0.store(usize::MAX / 2, SeqCst);
        shared.epoch.fetch_add(1, SeqCst);
        let mut looks = 0;
        while shared.inside.load(SeqCst) != 0 {
            pause(&mut looks);
        }
    }
}

impl Shared {
    /// A helper's life.
    fn help(&self) {
        let (mut seen, mut looks) = (0, 0);
        while !self.closing.load(SeqCst) {
            let epoch = self.epoch.load(SeqCst);
            if epoch.is_multiple_of(2) || epoch == seen {
                if self.on_duty.load(SeqCst) > 0 {
                    pause(&mut looks);
                } else {
                    std::thread::park();
                }
                continue;
            }
            (seen, looks) = (epoch, 0);
            self.inside.fetch_add(1, SeqCst);
            // Whoever ends the job does so before it looks whether someone is inside.
            if self.epoch.load(SeqCst) == epoch {
                // SAFETY: inside, and the epoch is odd: nobody writes the job before this helper has left.
                let job = unsafe { *self.job.get() };
                if let Some(job) = job
                    && catch_unwind(AssertUnwindSafe(|| self.work(job))).is_err()
                {
                    self.panicked.store(true, SeqCst);
                }
            }
            self.inside.fetch_sub(1, SeqCst);
        }
    }

    fn work(&self, job: Job) {
        // SAFETY: the caller is inside the job's epoch, or is who made it: the task lives.
        let task = unsafe { &*job.task };
        loop {
            let number = self.next.0.fetch_add(1, SeqCst);
            if number >= job.tasks {
                return;
            }
            task(number);
        }
    }
}

fn pause(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(LOOKS) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

impl Drop for OnDuty<'_> {
    fn drop(&mut self) {
        self.0.shared.on_duty.fetch_sub(1, SeqCst);
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.closing.store(true, SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            if helper.join().is_err() {
                tracing::debug!("a helper of the language model had panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
