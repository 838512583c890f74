//! The progress of a pull, for people and for logs. Must not know how a file is fetched.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use crate::cli::output::{note, noteln};
use crate::models::Progress;

/// The progress of a pull: a line that is written over at a terminal, and otherwise a line for every tenth.
#[derive(Default)]
pub(super) struct Shown(RefCell<Last>);

#[derive(Default)]
struct Last {
    file: String,
    tenths: Option<u64>,
    at: Option<Instant>,
}

/// How often the line at a terminal changes.
const PACE: Duration = Duration::from_millis(200);
/// The longest time without a line elsewhere.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

impl Shown {
    /// Shows how far a pull is.
    #[expect(clippy::disallowed_methods, reason = "the pace of a progress line")]
    pub(super) fn show(&self, progress: Progress<'_>) {
        let mut last = self.0.borrow_mut();
        if last.file != progress.file {
            *last = Last { file: progress.file.to_owned(), ..Last::default() };
        }
        if let Some((why, wait)) = progress.waits {
            // What to do is told once, when the pull gives up.
            let why = why.split(';').next().unwrap_or(why);
            let over = if std::io::stderr().is_terminal() { "\r" } else { "" };
            noteln!("{over}{}: {why}; trying again in {} s", progress.file, wait.as_secs());
            return;
        }
        let tenths = progress.total.map(|total| progress.done * 10 / total.max(1));
        if std::io::stderr().is_terminal() {
            if last.at.is_none_or(|at| at.elapsed() >= PACE) {
                last.at = Some(Instant::now());
                note!("\r{:<78}", told(progress));
            }
        } else if tenths != last.tenths || last.at.is_none_or(|at| at.elapsed() >= LONGEST_SILENCE) {
            last.at = Some(Instant::now());
            noteln!("{}", told(progress));
        }
        last.tenths = tenths;
    }

    /// Clears the line.
    pub(super) fn clear(&self) {
        if std::io::stderr().is_terminal() && self.0.borrow().at.is_some() {
            note!("\r{:<78}\r", "");
        }
    }
}

fn told(progress: Progress<'_>) -> String {
    let Progress { file, done, total, bytes_per_s, .. } = progress;
    let speed = format!("{}/s", size(bytes_per_s));
    match total {
        Some(total) => {
            let left = total.saturating_sub(done).checked_div(bytes_per_s);
            let left = left.map_or(String::new(), |left| format!(", {speed}, {left} s left"));
            format!("{file}: {} % of {}{left}", done * 100 / total.max(1), size(total))
        }
        None => format!("{file}: {}, {speed}", size(done)),
    }
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mib = bytes as f64 / MIB;
    if mib >= 1024.0 { format!("{:.1} GiB", mib / 1024.0) } else { format!("{mib:.1} MiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_the_share_the_speed_and_the_time_that_is_left() {
        let progress = Progress {
            file: "a.gguf",
            done: 1 << 20,
            total: Some(4 << 20),
            bytes_per_s: 1 << 20,
            waits: None,
        };
        assert_eq!(told(progress), "a.gguf: 25 % of 4.0 MiB, 1.0 MiB/s, 3 s left");
        assert_eq!(told(Progress { total: None, ..progress }), "a.gguf: 1.0 MiB, 1.0 MiB/s");
    }
}
