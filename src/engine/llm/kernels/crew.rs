//! The threads of one model: whoever computes, and helpers that take tasks off it. Must not know what the tasks
//! are.
//!
//! Tasks are taken one by one from a counter. So a helper that is late, because something else has its core, costs
//! nothing: the others take its tasks, and only a task that it has begun is waited for. Between two products, which
//! are microseconds apart, helpers look again and again, and give their core away each time if someone wants it;
//! off duty they sleep.
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

struct Shared {
    /// Odd while there is a job; another number for each.
    epoch: AtomicU32,
    /// Helpers that may be at the job.
    inside: AtomicUsize,
    /// Valid while `epoch` is odd. Written only while it is even and nobody is inside.
    job: UnsafeCell<Option<Job>>,
    /// The next task of the job.
    next: AtomicUsize,
    panicked: AtomicBool,
    on_duty: AtomicBool,
    closing: AtomicBool,
}

#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    tasks: usize,
}

// SAFETY: `job` is the one field that is not `Sync` by itself. Whoever reads it is inside and has seen an odd epoch
// since, and whoever writes it has seen that nobody is inside since the epoch became even.
unsafe impl Sync for Shared {}
// SAFETY: as above; the task it points to is `Sync`, so that it may be called from any thread.
unsafe impl Send for Shared {}

/// Helpers of whoever computes.
pub(in super::super) struct Crew {
    shared: Arc<Shared>,
    /// Held by the one whom they help.
    helped: Mutex<()>,
    helpers: Vec<JoinHandle<()>>,
}

/// Helpers look for work while there is one of these.
pub(in super::super) struct OnDuty<'a>(&'a Crew);

impl Crew {
    /// A crew of `threads`, the caller included. Helpers that the system gives no thread for are left out.
    pub(in super::super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicU32::new(0),
            inside: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            on_duty: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        });
        let helper = |i: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("llm-helper-{i}")).spawn(move || shared.help()).ok()
        };
        let helpers = (1..threads).map_while(helper).collect();
        Self { shared, helped: Mutex::new(()), helpers }
    }

    /// Threads, the caller's included.
    pub(in super::super) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Wakes the helpers until the end of what is given back.
    pub(in super::super) fn on_duty(&self) -> OnDuty<'_> {
        if !self.shared.on_duty.swap(true, SeqCst) {
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
        let _helped = match self.helped.try_lock() {
            _ if self.helpers.is_empty() || tasks < 2 => return (0..tasks).for_each(task),
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
        shared.next.store(0, SeqCst);
        shared.epoch.fetch_add(1, SeqCst);
        let closing = Closing(shared);
        shared.work(Job { task: task_for_all, tasks });
        drop(closing);
        assert!(!shared.panicked.swap(false, SeqCst), "a helper of the language model panicked");
    }
}

/// Ends a job.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let Self(shared) = self;
        // After a panic here, what is left of the job is nobody's.
        shared.next.store(usize::MAX / 2, SeqCst);
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
                if self.on_duty.load(SeqCst) {
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
            let number = self.next.fetch_add(1, SeqCst);
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
        self.0.shared.on_duty.store(false, SeqCst);
    }
}

impl Drop for Crew {
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
#[path = "crew_tests.rs"]
mod tests;
