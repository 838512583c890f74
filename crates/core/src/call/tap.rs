//! What others may take of a call while it runs: its audio, for a recording (what the caller said, and what
//! they heard), and its reports, for those who watch it. Counts the audio. Must not know who takes it.

use std::sync::Arc;
use std::time::Duration;

use crate::report::Report;
use crate::units::{CallTime, PHONE_RATE, duration_of};

/// Blocks of the caller's audio whose times differ by less than this from the end of the block before follow
/// it without a seam: the media clock moves a little with every faster message.
const SEAM: Duration = Duration::from_millis(100);

/// A piece of a call's audio, mono at the phone's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tapped<'a> {
    /// The caller said this, beginning at this time.
    Caller(CallTime, &'a [i16]),
    /// The caller hears this of the agent, beginning at this time, if it is not cut off.
    Agent(CallTime, &'a [i16]),
    /// What the caller hears of the agent ends here, although more was sent.
    Cut(CallTime),
}

/// Takes the audio of a call. It runs on the call's task, so it must not wait.
pub type AudioTap = Arc<dyn Fn(Tapped<'_>) + Send + Sync>;

/// Takes the reports of a call. It runs on the call's task, so it must not wait.
pub type ReportTap = Arc<dyn Fn(&Report<'_>) + Send + Sync>;

/// Counts the audio of both sides, and passes it on if somebody takes it.
pub(super) struct Tap {
    to: Option<AudioTap>,
    caller: usize,
    agent: usize,
    /// Where the caller's next block begins, if it follows without a gap.
    next: Option<CallTime>,
}

impl Tap {
    pub(super) fn new(to: Option<AudioTap>) -> Self {
        Self { to, caller: 0, agent: 0, next: None }
    }

    /// Whether somebody takes the audio.
    pub(super) fn is_on(&self) -> bool {
        self.to.is_some()
    }

    /// The caller's samples, of which the last was spoken at `until`.
    pub(super) fn caller(&mut self, until: CallTime, samples: &[i16]) {
        self.caller += samples.len();
        let Some(to) = self.to.as_ref().filter(|_| !samples.is_empty()) else { return };
        let lasting = duration_of(samples.len(), PHONE_RATE);
        let from = until.back(lasting);
        let near = |next: &CallTime| from.since(*next) < SEAM && next.since(from) < SEAM;
        let from = self.next.filter(near).unwrap_or(from);
        self.next = Some(from + lasting);
        to(Tapped::Caller(from, samples));
    }

    /// Samples of the agent that play from `at` on.
    pub(super) fn agent(&mut self, at: CallTime, samples: &[i16]) {
        self.agent += samples.len();
        if let Some(to) = &self.to {
            to(Tapped::Agent(at, samples));
        }
    }

    /// The gateway's buffer is cleared.
    pub(super) fn cut(&self, at: CallTime) {
        if let Some(to) = &self.to {
            to(Tapped::Cut(at));
        }
    }

    /// Audio that came from the caller, in seconds.
    pub(super) fn caller_s(&self) -> f64 {
        duration_of(self.caller, PHONE_RATE).as_secs_f64()
    }

    /// Audio of the agent that was sent, in seconds.
    pub(super) fn agent_s(&self) -> f64 {
        duration_of(self.agent, PHONE_RATE).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_callers_blocks_follow_each_other_unless_audio_is_missing() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        let mut tap = Tap::new(Some(Arc::new(move |tapped: Tapped<'_>| {
            if let Tapped::Caller(at, samples) = tapped {
                kept.lock().unwrap().push((at.as_millis(), samples.len()));
            }
        })));
        // The second block seems 3 ms early: its message was faster. The third comes after a gap.
        for until in [20, 37, 1000] {
            tap.caller(CallTime::from_millis(until), &[0; 160]);
        }
        assert_eq!(*seen.lock().unwrap(), [(0, 160), (20, 160), (980, 160)]);
        assert!((tap.caller_s() - 0.06).abs() < 1e-9);
    }
}
