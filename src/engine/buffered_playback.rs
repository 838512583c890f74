//! The audio that a call has left to play: written by the call, read by the threads that make more. Knows no
//! audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shared by a call and the jobs of its reply.
#[derive(Debug, Clone, Default)]
pub struct BufferedPlayback {
    /// The end of playback in microseconds on the clock of the cores; 0 before any of a reply has played.
    ends_at: Arc<AtomicU64>,
}

impl BufferedPlayback {
    /// Sets the end of playback, on the clock of the cores.
    pub fn lasts_until(&self, end: Duration) {
        self.ends_at.store(u64::try_from(end.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A reply begins: it cannot underrun yet.
    pub fn begin_anew(&self) {
        self.ends_at.store(0, Ordering::Relaxed);
    }

    /// Becomes the one of these that runs out first. Those that do not play yet do not count.
    pub fn follow_first<'a>(&self, others: impl Iterator<Item = &'a Self>) {
        let ends = others.map(|other| other.ends_at.load(Ordering::Relaxed)).filter(|&end| end > 0);
        self.ends_at.store(ends.min().unwrap_or_default(), Ordering::Relaxed);
    }

    /// True if both are of the same call.
    #[must_use]
    pub fn is_of_the_call_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ends_at, &other.ends_at)
    }

    /// The time left at `now`; zero after an underrun, `None` before the reply plays.
    #[must_use]
    pub fn left(&self, now: Duration) -> Option<Duration> {
        let end = self.ends_at.load(Ordering::Relaxed);
        (end > 0).then(|| Duration::from_micros(end).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runway_runs_out_and_begins_anew_with_a_reply() {
        let (buffered, ms) = (BufferedPlayback::default(), Duration::from_millis);
        assert_eq!(buffered.left(ms(5)), None);
        buffered.clone().lasts_until(ms(300));
        assert_eq!(buffered.left(ms(100)), Some(ms(200)));
        assert_eq!(buffered.left(ms(400)), Some(ms(0)));
        buffered.begin_anew();
        assert_eq!(buffered.left(ms(400)), None);
    }
}
