//! Bytes from a reader into a part, within limits: of length, of time without any, of speed. Must not know
//! whether the reader is a network or a disk.

use std::io::{self, Read};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contents::{Form, HEAD};
use crate::options::{PullOptions, Reporter};
use crate::part::Part;

/// How much is read at a time. A pull that is killed loses at most this much.
const CHUNK: usize = 1 << 16;

/// What a transfer must keep to.
pub(crate) struct Limits {
    /// The most bytes that the whole file may have.
    pub(crate) most: u64,
    /// Its length, if it is known.
    pub(crate) total: Option<u64>,
    /// What it must be.
    pub(crate) form: Form,
    /// The time over which speed is judged.
    pub(crate) window: Duration,
    /// The fewest bytes a second.
    pub(crate) least_bytes_per_s: u64,
}

impl Limits {
    pub(crate) fn new(most: u64, total: Option<u64>, form: Form, options: &PullOptions) -> Self {
        Self { most, total, form, window: options.stall, least_bytes_per_s: options.least_bytes_per_s }
    }
}

/// Why a transfer stopped before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// There is more than there may be.
    TooLong,
    /// It is no model of its kind.
    Form(&'static str),
    /// It is too slow.
    Slow,
}

/// Copies until the reader ends.
///
/// # Errors
/// If it stopped before.
pub(crate) fn run(
    from: &mut impl Read,
    part: &mut Part,
    limits: &Limits,
    reporter: &Reporter<'_>,
) -> Result<(), Stop> {
    let mut buffer = vec![0; CHUNK];
    let mut watch = Stopwatch::start();
    // What was there before was looked at before.
    let mut is_looked_at = part.head().len() >= HEAD;
    reporter.came(part.length(), limits.total, 0);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Read(error)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        if part.length() + count as u64 > limits.most {
            return Err(Stop::TooLong);
        }
        part.write(bytes).map_err(Stop::Write)?;
        // A file that ends too early is cut, whatever it is.
        let is_at_end = count == 0 && limits.total.is_none_or(|total| part.length() >= total);
        if !is_looked_at && (is_at_end || part.head().len() >= HEAD) {
            is_looked_at = true;
            if let Some(what) = limits.form.problem(part.head()) {
                return Err(Stop::Form(what));
            }
        }
        if count == 0 {
            reporter.came(part.length(), limits.total, watch.bytes_per_s());
            return Ok(());
        }
        if watch.came(count) {
            reporter.came(part.length(), limits.total, watch.bytes_per_s());
        }
        if watch.is_too_slow(limits.window, limits.least_bytes_per_s) {
            return Err(Stop::Slow);
        }
    }
}
