//! What the load and the losses of a server advise. Must not know how one turn goes.

use super::figures::{Figures, Work};
use super::told::Advice;
use crate::numbers::{counted, megabytes, over, percent, whole};

/// Work for which somebody waits or will soon hear a hole, by the arbiter's names.
const URGENT: [&str; 3] = ["first_speech", "transcript", "urgent_decode"];

/// The fewest jobs whose waits say anything.
const ENOUGH_JOBS: u64 = 20;

/// With less memory left, the system may end the server; with more than the second, some of it can be used.
const SCARCE_MEMORY: u64 = 256_000_000;
const PLENTY_OF_MEMORY: u64 = 1_000_000_000;

/// Answers that begin later than this are late, in milliseconds.
const LATE_MS: f64 = 1500.0;

/// Answers that begin within this are in time.
const IN_TIME_MS: f64 = 1000.0;

/// Whether cores are free most of the time, so that more threads find some.
pub(super) fn has_free_cores(figures: &Figures) -> bool {
    let urgent = urgent(figures);
    let hardly_waits = urgent.jobs < ENOUGH_JOBS || urgent.waited_ms < 0.1 * urgent.held_ms;
    figures.busy > 0.0 && figures.busy < 0.5 && hardly_waits
}

/// Whether work waits for cores.
fn is_strained(figures: &Figures) -> bool {
    figures.busy >= 0.8 || queues(figures)
}

/// Whether urgent work waits for half as long as it works: at peaks, all cores are in use.
fn queues(figures: &Figures) -> bool {
    let urgent = urgent(figures);
    let works = urgent.jobs >= ENOUGH_JOBS && urgent.held_ms > 0.0;
    works && urgent.waited_ms >= 0.5 * urgent.held_ms
}

fn urgent(figures: &Figures) -> Work {
    let kinds = URGENT.iter().filter_map(|&kind| figures.work.get(kind));
    kinds.fold(Work::default(), |sum, work| Work {
        jobs: sum.jobs.saturating_add(work.jobs),
        waited_ms: sum.waited_ms + work.waited_ms,
        held_ms: sum.held_ms + work.held_ms,
        dropped: sum.dropped.saturating_add(work.dropped),
    })
}

/// Records of calls that are lost. What cannot be written fills the queue too, so that larger batches help
/// only where all can be written.
pub(super) fn records(figures: &Figures) -> Option<Advice> {
    let losses = figures.losses;
    if losses.records_lost > 0 {
        return Some(Advice {
            key: "records.file",
            id: "records_lost",
            because: format!(
                "{} of calls could not be written{}",
                counted(losses.records_lost, "event"),
                over(figures.uptime_s)
            ),
            change: "put the records on a disk that can be written and has room".to_owned(),
        });
    }
    (losses.records_dropped > 0).then(|| Advice {
        key: "records.batch_events",
        id: "records_dropped",
        because: format!(
            "{} of calls found no room in the queue of the records{}",
            counted(losses.records_dropped, "event"),
            over(figures.uptime_s)
        ),
        change: "write more of them together, which takes less time for each".to_owned(),
    })
}

/// Lines of the log that are lost.
pub(super) fn log_lines(figures: &Figures) -> Option<Advice> {
    (figures.losses.log_lines > 0).then(|| Advice {
        key: "log.level",
        id: "log_lines",
        because: format!(
            "{} of the log were dropped{}, because they were read too slowly",
            counted(figures.losses.log_lines, "line"),
            over(figures.uptime_s)
        ),
        change: "log less, or read the log faster".to_owned(),
    })
}

/// Calls that are refused although the language model could have more memory, or each call less.
pub(super) fn refused_memory(figures: &Figures) -> Option<Advice> {
    let refused = figures.losses.refused_memory;
    if refused == 0 {
        return None;
    }
    let because = format!(
        "{} found the language model's memory taken{}",
        counted(refused, "call"),
        over(figures.uptime_s)
    );
    let (key, change) = if figures.free_memory >= PLENTY_OF_MEMORY {
        let free = megabytes(figures.free_memory);
        ("llm.cache_mb", format!("give it some of the {free} that are free"))
    } else {
        ("llm.context_tokens", "let each call take less of it, with a shorter conversation".to_owned())
    };
    Some(Advice { key, id: "refused_memory", because, change })
}

/// Calls that are refused although there are cores for them, and those in progress are answered in time.
pub(super) fn refused_full(figures: &Figures) -> Option<Advice> {
    let refused = figures.losses.refused_full;
    let has_room = figures.busy > 0.0 && figures.busy < 0.6 && !is_strained(figures);
    let in_time = figures.p95.v2v_ms <= IN_TIME_MS;
    (refused > 0 && has_room && in_time).then(|| Advice {
        key: "server.max_calls",
        id: "refused_full",
        because: format!(
            "{} found all lines busy{}, with {} of the cores in use",
            counted(refused, "call"),
            over(figures.uptime_s),
            percent(figures.busy)
        ),
        change: "take more calls at once".to_owned(),
    })
}

/// Little memory left.
pub(super) fn memory(figures: &Figures) -> Option<Advice> {
    let free = figures.free_memory;
    (free > 0 && free < SCARCE_MEMORY).then(|| Advice {
        key: "llm.cache_mb",
        id: "memory",
        because: format!(
            "{} of memory are free, and the server takes {}",
            megabytes(free),
            megabytes(figures.resident)
        ),
        change: "let conversations take less of it, before the system ends a program".to_owned(),
    })
}

/// More calls at once than the cores stand.
pub(super) fn overload(figures: &Figures) -> Option<Advice> {
    let p95 = figures.p95;
    let harm = if p95.first_frame_ms >= 60.0 {
        format!(
            "5 of 100 replies left more than {} ms after their first speech was there",
            whole(p95.first_frame_ms)
        )
    } else if p95.v2v_ms >= LATE_MS {
        format!("5 of 100 answers began after more than {} ms", whole(p95.v2v_ms))
    } else {
        return None;
    };
    // A server that is too slow for one call is not helped by fewer.
    if figures.most_calls < 2 || !is_strained(figures) {
        return None;
    }
    let strain = if queues(figures) {
        let urgent = urgent(figures);
        format!(
            "urgent work waited {} as long for cores as it held them",
            percent(urgent.waited_ms / urgent.held_ms)
        )
    } else {
        format!("{} of the cores were in use", percent(figures.busy))
    };
    Some(Advice {
        key: "server.max_calls",
        id: "overload",
        because: format!("{harm}, and {strain}"),
        change: format!("take fewer calls at once than {}", whole(figures.most_calls as f64)),
    })
}

/// Partial transcripts that come to nothing, and take cores from what matters.
pub(super) fn partials(figures: &Figures) -> Option<Advice> {
    let partials = figures.work.get("partial").copied().unwrap_or_default();
    let many = partials.dropped >= ENOUGH_JOBS && partials.dropped >= partials.jobs;
    (many && is_strained(figures)).then(|| Advice {
        key: "stt.partial_ms",
        id: "partials",
        because: format!(
            "partial transcripts got cores {} and came to nothing {}",
            counted(partials.jobs, "time"),
            counted(partials.dropped, "time")
        ),
        change: "ask for them less often".to_owned(),
    })
}
