//! A pool does each task once, whatever its helpers do.

use std::sync::atomic::AtomicU64;

use super::*;
use crate::waiting::wait_until;

#[test]
fn every_task_is_done_once_on_and_off_duty() {
    for threads in [1, 2, 5] {
        let workers = ThreadPool::new(threads);
        for round in 0..300_usize {
            let duty = (round % 3 > 0).then(|| workers.on_duty());
            let tasks = round % 37;
            let done: Vec<AtomicU64> = (0..tasks).map(|_| AtomicU64::new(0)).collect();
            workers.share(tasks, &|number| {
                done[number].fetch_add(1, SeqCst);
            });
            assert!(done.iter().all(|done| done.load(SeqCst) == 1), "{threads} threads, {tasks} tasks");
            drop(duty);
        }
    }
}

#[test]
fn helpers_take_tasks_off_whoever_computes() {
    let workers = ThreadPool::new(2);
    let _duty = workers.on_duty();
    let me = std::thread::current().id();
    let (mine, others) = (AtomicBool::new(false), AtomicBool::new(false));
    // Each task waits for the other: the job ends only if two threads work on it.
    workers.share(2, &|_| {
        let (own, other) =
            if std::thread::current().id() == me { (&mine, &others) } else { (&others, &mine) };
        own.store(true, SeqCst);
        wait_until(|| other.load(SeqCst));
    });
    assert!(mine.load(SeqCst) && others.load(SeqCst));
}

/// Neighbouring tasks read neighbouring memory.
#[test]
fn each_thread_begins_with_a_range_of_its_own() {
    let workers = ThreadPool::new(2);
    let _duty = workers.on_duty();
    let me = std::thread::current().id();
    let (mine, others) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(usize::MAX));
    workers.share(9, &|number| {
        let (own, other) =
            if std::thread::current().id() == me { (&mine, &others) } else { (&others, &mine) };
        let _later = own.compare_exchange(usize::MAX, number, SeqCst, SeqCst);
        wait_until(|| other.load(SeqCst) != usize::MAX);
    });
    assert_eq!((mine.load(SeqCst), others.load(SeqCst)), (0, 4));
}

#[test]
fn two_who_compute_at_once_both_get_their_own_done() {
    let workers = ThreadPool::new(3);
    let _duty = workers.on_duty();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let sum = AtomicU64::new(0);
                    workers.share(50, &|number| {
                        sum.fetch_add(number as u64, SeqCst);
                    });
                    assert_eq!(sum.load(SeqCst), 49 * 50 / 2);
                }
            });
        }
    });
}

#[test]
fn two_tasks_that_panic_at_once_fail_one_job() {
    let workers = ThreadPool::new(2);
    let _duty = workers.on_duty();
    let here = AtomicUsize::new(0);
    let failed = catch_unwind(AssertUnwindSafe(|| {
        workers.share(2, &|_| {
            here.fetch_add(1, SeqCst);
            wait_until(|| here.load(SeqCst) == 2);
            panic!("on both threads");
        });
    }));
    assert!(failed.is_err());
    workers.share(20, &|_| {});
}

#[test]
fn a_task_that_panics_fails_its_job_and_no_other() {
    for threads in [1, 3] {
        let workers = ThreadPool::new(threads);
        let _duty = workers.on_duty();
        for bad in 0..20 {
            let failed = catch_unwind(AssertUnwindSafe(|| {
                workers.share(20, &|number| assert_ne!(number, bad));
            }));
            assert!(failed.is_err());
            let count = AtomicU64::new(0);
            workers.share(20, &|_| {
                count.fetch_add(1, SeqCst);
            });
            assert_eq!(count.load(SeqCst), 20);
        }
    }
}
