//! The machine of a measurement: what it is, and how a server is kept to some of its cores. Must not know
//! what is measured.

use std::num::NonZeroUsize;

use anyhow::bail;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::cli::doctor::processor;

/// The cores that this program may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `start`, whose child processes may use the first `count` cores only; all cores without a count.
pub(super) async fn on_cores<T>(
    count: Option<NonZeroUsize>,
    start: impl AsyncFnOnce() -> T,
) -> anyhow::Result<T> {
    let Some(count) = count.map(NonZeroUsize::get) else { return Ok(start().await) };
    let all = sched_getaffinity(None)?;
    let mine: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core)).collect();
    if count > mine.len() {
        bail!("--cores {count}: this program may use {}", mine.len());
    }
    let mut some = CpuSet::new();
    mine.iter().take(count).for_each(|&core| some.set(core));
    // Children inherit the cores of the thread that starts them.
    sched_setaffinity(None, &some)?;
    let started = start().await;
    sched_setaffinity(None, &all)?;
    Ok(started)
}

/// The machine, in a line.
pub(super) fn told(cores: usize) -> String {
    let model = processor().unwrap_or_else(|| "unknown processor".to_owned());
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("{model}, {cores} for the server, the callers on the same machine")
}
