//! The processor time of one task of the runtime, which moves between threads. Must not know the task.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::engine::cpu_time::CpuTime;

/// A task whose processor time is added up, each time that it runs.
pub(super) struct Metered<F> {
    task: Pin<Box<F>>,
    spent: CpuTime,
}

/// Adds the processor time of `task` to `spent`.
pub(super) fn metered<F: Future>(task: F, spent: CpuTime) -> Metered<F> {
    Metered { task: Box::pin(task), spent }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = of_this_thread();
        let polled = self.task.as_mut().poll(context);
        self.spent.add(of_this_thread().saturating_sub(before));
        polled
    }
}

/// The processor time of the running thread so far.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_counts_and_waiting_does_not() {
        let spent = CpuTime::default();
        let work = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            (0..2_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n))
        };
        metered(work, spent.clone()).await;
        let working = spent.total();
        assert!(working > Duration::ZERO);
        let waited = CpuTime::default();
        metered(tokio::time::sleep(Duration::from_millis(50)), waited.clone()).await;
        assert!(waited.total() < Duration::from_millis(25), "{:?}", waited.total());
    }
}
