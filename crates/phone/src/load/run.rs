//! Runs one step of a load: the callers come, call and hang up, all in one task, which also bounds them: no
//! more calls exist than the step has callers. Must not know the gateways' protocols, nor how a result is
//! shown.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::sleep_until;

use super::arrivals::{Arrivals, Pattern};
use super::caller;
use super::measures::{Ended, Measures, Ran, StepResult};
use crate::clock::Clock;
use crate::dial::{Caller, Dialled, Keep};
use crate::script::Line;
use crate::scripted_caller::Patience;
use offhook_core::units::{PHONE_RATE, samples_in};

/// What an answer takes with the wait for it, about: a few seconds. Only the spread of the first calls
/// depends on it.
const ANSWER: Duration = Duration::from_secs(4);

/// The time between two reports of progress.
const PROGRESS: Duration = Duration::from_secs(1);

/// What the callers of a load do.
#[derive(Debug, Clone)]
pub struct Load {
    /// What each of them says.
    pub lines: Arc<[Line]>,
    /// Their patience. `interrupt_after` is for those who cut in.
    pub patience: Patience,
    /// Every how many calls the caller cuts in; `None` if none does.
    pub interrupt_every: Option<NonZeroU32>,
    /// The first calls of a step begin spread evenly over this time, so that the callers do not speak in
    /// unison: best over the time of one turn.
    pub spread: Duration,
}

/// One step of a load.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// How the callers come.
    pub pattern: Pattern,
    /// From then on, nobody calls and nobody begins a line: callers hear the answer to their last line and
    /// hang up.
    pub length: Duration,
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Since the beginning of the step.
    pub elapsed: Duration,
    /// Calls in progress.
    pub in_progress: u32,
    /// Calls that have ended, in whatever way.
    pub ended: u64,
    /// Those among them that were refused, failed, or did not come about.
    pub lost: u64,
    /// Lines that callers have begun.
    pub turns: u64,
}

impl Load {
    /// Callers who say `lines` and never cut in; their calls begin spread over the average turn.
    pub fn new(lines: impl Into<Arc<[Line]>>, patience: Patience) -> Self {
        let lines = lines.into();
        let samples: usize = lines.iter().map(|line| line.samples.len()).sum();
        let average = samples / lines.len().max(1) + patience.gap;
        let spread = Duration::from_secs_f64(average as f64 / f64::from(PHONE_RATE)) + ANSWER;
        Self { lines, patience, interrupt_every: None, spread }
    }

    /// The caller of the call with this number, counted from 1, who begins no line after `left`.
    fn caller(&self, number: u64, left: Duration) -> Caller {
        let cuts_in = self.interrupt_every.is_some_and(|every| number.is_multiple_of(u64::from(every.get())));
        let interrupt_after = self.patience.interrupt_after.filter(|_| cuts_in);
        Caller {
            lines: Arc::clone(&self.lines),
            patience: Patience { interrupt_after, ..self.patience },
            until: samples_in(left, PHONE_RATE),
            keep: Keep::OneTurn { gap: self.patience.gap },
            at_once: false,
        }
    }
}

/// Runs a step to its end, or until `stop` completes: then all callers hang up, and what was measured until
/// then is returned. `progress` is called about once a second.
///
/// All calls run in this one task. If that is too much for one core, the result tells: `caller_late_ms`.
pub async fn run(
    load: &Load,
    dialled: &Dialled<'_>,
    step: Step,
    stop: impl Future<Output = ()>,
    progress: &mut dyn FnMut(Progress),
) -> StepResult {
    let clock = Clock::start();
    let mut arrivals = Arrivals::new(step.pattern, step.length, load.spread);
    let turns = Cell::new(0);
    let (mut measures, mut calls, stop) = (Measures::default(), FuturesUnordered::new(), stop.shared());
    let (mut number, mut stopped, mut tell_at) = (0, false, PROGRESS);
    // The calls in progress, summed over time.
    let (mut busy, mut before) = (Duration::ZERO, Duration::ZERO);
    loop {
        let now = clock.elapsed();
        busy += (now - before) * u32::try_from(calls.len()).unwrap_or(u32::MAX);
        before = now;
        while !stopped && arrivals.caller(now) {
            number += 1;
            let caller = load.caller(number, step.length.saturating_sub(now));
            let turns = &turns;
            calls.push(caller::call(dialled, caller, stop.clone(), move || turns.set(turns.get() + 1)));
        }
        if now >= tell_at {
            tell_at = now + PROGRESS;
            progress(Progress {
                elapsed: now,
                in_progress: u32::try_from(calls.len()).unwrap_or(u32::MAX),
                ended: measures.calls.begun,
                lost: measures.calls.refused + measures.calls.failed,
                turns: turns.get(),
            });
        }
        let next = arrivals.next().filter(|_| !stopped);
        if calls.is_empty() && next.is_none() {
            break;
        }
        tokio::select! {
            // First: the end of the load also ends calls, and nobody may call in their place.
            biased;
            () = stop.clone(), if !stopped => stopped = true,
            Some(call) = calls.next(), if !calls.is_empty() => {
                let well = matches!(call.ended, Ended::Completed | Ended::Stopped);
                arrivals.ended(clock.elapsed(), well);
                measures.add(call);
            }
            () = sleep_until(clock.after(next.unwrap_or(tell_at).min(tell_at))) => {}
        }
    }
    let seconds = before.as_secs_f64();
    let calls_a_minute = match step.pattern {
        Pattern::Together { .. } => None,
        Pattern::Poisson { calls_a_minute, .. } => Some(calls_a_minute),
    };
    measures.result(Ran {
        callers: step.pattern.most_at_once(),
        calls_a_minute,
        seconds,
        stopped,
        mean_at_once: if seconds > 0.0 { busy.as_secs_f64() / seconds } else { 0.0 },
        turned_away: arrivals.turned_away(),
    })
}
