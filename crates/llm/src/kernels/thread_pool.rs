//! The threads of one model: the calling thread, and helpers that take tasks off it. Must not know what the
//! tasks are.
//!
//! A thread pool for jobs of microseconds. Each thread has a range of the tasks, and takes them one by one
//! and in order, because neighbours often read neighbouring memory. When it has no more, it takes those of
//! the others. So a helper that is late, because something else has its core, costs nothing, and the job
//! waits only for tasks that the helper has begun. Between two products, which are microseconds apart,
//! helpers poll for work, and regularly yield their core to any other thread that wants it. Off duty, they
//! sleep.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::JoinHandle;

/// A task's number in, and nothing out.
type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// A waiting thread polls in a loop, and yields its core once in this many polls.
const LOOKS: u32 = 128;

/// A number with cache lines of its own, because other threads read the fields beside it all the time.
#[repr(align(128))]
struct Alone(AtomicUsize);

struct Shared {
    /// Odd while there is a job; a new number for each job.
    epoch: AtomicU32,
    /// Helpers that have entered and may be reading `job`.
    inside: AtomicUsize,
    /// The job of this epoch. Only a helper that has entered (`inside`) and then seen an odd epoch reads it.
    /// It is written only while the epoch is even and no such helper is left. A helper that enters and sees
    /// an even epoch leaves without reading it.
    job: UnsafeCell<Option<Job>>,
    /// The next task in the range of each thread.
    next: Box<[Alone]>,
    panicked: AtomicBool,
    /// The number of callers that want the helpers awake.
    on_duty: AtomicUsize,
    closing: AtomicBool,
}

#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    tasks: usize,
}

// SAFETY: `job` is the only field that is not `Sync` by itself. A helper that reads it is inside, and has
// seen an odd epoch since it entered. The caller that writes it has seen, after the epoch became even, that
// no helper is inside. A helper that enters later sees the even epoch, and does not read it.
unsafe impl Sync for Shared {}
// SAFETY: as above. The task that `job` points to is `Sync`, so any thread may call it.
unsafe impl Send for Shared {}

/// The pool: the caller's own thread, and its helpers.
pub(in super::super) struct ThreadPool {
    shared: Arc<Shared>,
    /// Held by the caller that the helpers work for.
    helped: Mutex<()>,
    helpers: Vec<JoinHandle<()>>,
}

/// While one of these exists, the helpers poll for work.
pub(in super::super) struct OnDuty<'a>(&'a ThreadPool);

impl ThreadPool {
    /// A pool of `threads` threads, the caller's included. Helpers are left out if the system gives no
    /// threads for them.
    pub(in super::super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicU32::new(0),
            inside: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            next: (0..threads.max(1)).map(|_| Alone(AtomicUsize::new(0))).collect(),
            panicked: AtomicBool::new(false),
            on_duty: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        });
        let helper = |i: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("llm-helper-{i}")).spawn(move || shared.help(i)).ok()
        };
        let helpers: Vec<_> = (1..threads).map_while(helper).collect();
        if helpers.len() + 1 < threads {
            tracing::warn!(
                threads,
                got = helpers.len() + 1,
                "not all threads of the language model could be started"
            );
        }
        Self { shared, helped: Mutex::new(()), helpers }
    }

    /// The number of threads, the caller's included.
    pub(in super::super) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Keeps the helpers awake until the returned guard is dropped.
    pub(in super::super) fn on_duty(&self) -> OnDuty<'_> {
        if self.shared.on_duty.fetch_add(1, SeqCst) == 0 {
            self.helpers.iter().for_each(|helper| helper.thread().unpark());
        }
        OnDuty(self)
    }

    /// Calls `task` with every number below `tasks`, on any of the threads, and returns when all calls are
    /// done. While the helpers work for another caller, this caller does its tasks alone.
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
            // A task panicked, but its job was ended in order.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let shared = &*self.shared;
        // SAFETY: only the lifetime is invented. Helpers call the task only while they are inside an odd
        // epoch. However this function is left, `Closing` ends the epoch and waits until no helper is inside.
        let task_for_all: *const Task<'static> = unsafe { std::mem::transmute::<*const Task<'_>, _>(task) };
        // SAFETY: `helped` is held, so there is no other caller. The last caller's `Closing` saw an even
        // epoch and no helper inside. A helper that entered since saw the even epoch too, and does not read.
        unsafe { *shared.job.get() = Some(Job { task: task_for_all, tasks }) };
        for (thread, next) in shared.next.iter().enumerate() {
            next.0.store(shared.first_of(tasks, thread), SeqCst);
        }
        // The job before may have left it set.
        shared.panicked.store(false, SeqCst);
        shared.epoch.fetch_add(1, SeqCst);
        let closing = Closing(shared);
        shared.work(Job { task: task_for_all, tasks }, 0);
        drop(closing);
        assert!(!shared.panicked.load(SeqCst), "a helper of the language model panicked");
    }
}

/// Ends a job.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let Self(shared) = self;
        // After a panic of this thread, nobody takes the tasks that are left.
        shared.next.iter().for_each(|next| next.0.store(usize::MAX / 2, SeqCst));
        shared.epoch.fetch_add(1, SeqCst);
        let mut looks = 0;
        while shared.inside.load(SeqCst) != 0 {
            pause(&mut looks);
        }
    }
}

impl Shared {
    /// The loop of a helper, which is thread number `thread`; the caller is number 0.
    fn help(&self, thread: usize) {
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
            // The caller ends the epoch before it checks whether a helper is inside.
            if self.epoch.load(SeqCst) == epoch {
                // SAFETY: this helper is inside and the epoch is odd: nothing writes the job before it
                // leaves.
                let job = unsafe { *self.job.get() };
                if let Some(job) = job
                    && catch_unwind(AssertUnwindSafe(|| self.work(job, thread))).is_err()
                {
                    self.panicked.store(true, SeqCst);
                }
            }
            self.inside.fetch_sub(1, SeqCst);
        }
    }

    /// The first task in the range of a thread.
    fn first_of(&self, tasks: usize, thread: usize) -> usize {
        tasks * thread / self.next.len()
    }

    /// Does tasks until none is left: those of this thread's range, then those of the others.
    fn work(&self, job: Job, thread: usize) {
        // SAFETY: the calling thread is inside the job's epoch, or made the job, so the task is still alive.
        let task = unsafe { &*job.task };
        let ranges = self.next.iter().enumerate().cycle().skip(thread).take(self.next.len());
        for (owner, next) in ranges {
            let end = self.first_of(job.tasks, owner + 1);
            loop {
                let number = next.0.fetch_add(1, SeqCst);
                if number >= end {
                    break;
                }
                task(number);
            }
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
