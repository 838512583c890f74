//! Which calls are old, and whether the clock that says so is believed. A clock that jumps ahead makes all
//! calls old, and what is deleted on its word is lost when it is set right. Must not know how calls are
//! deleted.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use crate::clock::{Moment, millis};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a clock has to go on without a jump. Longer than it takes to set a wrong one, and less than a
/// working day: some machines run no longer.
const STEADY: Duration = Duration::from_secs(6 * 60 * 60);

/// The largest change of the clock that is no jump: a machine that sleeps at night wakes up with one of some
/// hours.
const NO_JUMP: Duration = DAY;

/// A difference of so many days is told. Below, it is more often a weekend without calls.
pub(crate) const TOLD_FROM_DAYS: u64 = 7;

/// Watches for how long the clock has gone on without a jump.
#[derive(Debug)]
pub(crate) struct Watch {
    last: Moment,
    /// When it jumped, or was first looked at.
    since: Duration,
}

impl Watch {
    /// Looks at the clock for the first time.
    pub(crate) fn start(now: Moment) -> Self {
        Self { last: now, since: now.elapsed }
    }

    /// Looks at the clock again. Returns whether it has gone on for long enough to be believed.
    pub(crate) fn is_steady(&mut self, now: Moment) -> bool {
        let expected = self.last.time_of_day_at(now.elapsed);
        if now.time_of_day.abs_diff(expected) > millis(NO_JUMP).unsigned_abs() {
            self.since = now.elapsed;
        }
        self.last = now;
        now.elapsed.saturating_sub(self.since) >= STEADY
    }
}

/// What the calls say about a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Witness {
    /// It has gone on for a day: all of the latest calls are of the last two days, and one is a day old.
    Agrees,
    /// The latest call that is not of the last two days began so many days before now, or after.
    Differs { days: u64 },
    /// There are no calls that could tell.
    Unknown,
}

/// What the calls say about a clock that shows `now`. The process may have started a moment ago.
///
/// # Errors
/// If the database cannot be read.
pub(crate) fn witness(from: &Connection, now: i64) -> Result<Witness> {
    let day = millis(DAY);
    let [a_day_ago, two_days_ago] = [day, 2 * day].map(|ago| now.saturating_sub(ago));
    let other: Option<(i64, i64)> = from
        .prepare_cached(
            "SELECT id, started_at FROM calls WHERE started_at NOT BETWEEN ?1 AND ?2
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row([two_days_ago, now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let behind = other.map_or(0, |(id, _)| id);
    let agrees = from
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM calls WHERE started_at BETWEEN ?1 AND ?2 AND id > ?3)")?
        .query_row([two_days_ago, a_day_ago, behind], |row| row.get(0))?;
    Ok(match other {
        _ if agrees => Witness::Agrees,
        Some((_, started_at)) => Witness::Differs { days: now.abs_diff(started_at) / day.unsigned_abs() },
        None => Witness::Unknown,
    })
}

/// The last call that was recorded before `before`, if it is `now`: it and all before it are old. Their
/// numbers tell the order in which calls were recorded, whatever the clock said: an old date behind a younger
/// one is from a clock that was behind, a date that is yet to come before an old one from a clock that was
/// ahead.
///
/// # Errors
/// If the database cannot be read.
pub(crate) fn last_old(from: &Connection, before: i64, now: i64) -> Result<Option<i64>> {
    from.prepare_cached(
        "SELECT max(id) FROM calls WHERE started_at < ?1 AND id < (
             SELECT coalesce(min(id), ?3) FROM calls WHERE started_at BETWEEN ?1 AND ?2)",
    )?
    .query_row([before, now, i64::MAX], |row| row.get(0))
}

/// The first calls that have ended, up to and with the call `last`.
///
/// # Errors
/// If the database cannot be read.
pub(crate) fn ended_up_to(from: &Connection, last: i64, most: usize) -> Result<Vec<i64>> {
    from.prepare_cached("SELECT id FROM calls WHERE id <= ?1 AND ended_at IS NOT NULL ORDER BY id LIMIT ?2")?
        .query_map(params![last, i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?
        .collect()
}

/// Deletes what happened to the server itself before `before`, by the same rule.
///
/// # Errors
/// If the database cannot be written.
pub(crate) fn forget_server_events(from: &Connection, before: i64, now: i64) -> Result<usize> {
    from.execute(
        "DELETE FROM events WHERE call IS NULL AND id <= (
             SELECT max(id) FROM events WHERE call IS NULL AND at < ?1 AND id < (
                 SELECT coalesce(min(id), ?3) FROM events WHERE call IS NULL AND at BETWEEN ?1 AND ?2))",
        [before, now, i64::MAX],
    )
}
