//! The progress in a long file, on one line of a terminal that is overwritten. Knows positions in a file, and
//! nothing of its contents.

use std::io::IsTerminal as _;
use std::time::Duration;

use super::printing::clock;
use crate::cli::output::note;

/// Shorter files show no progress, because they are done soon.
const LONG: Duration = Duration::from_secs(60);

/// The audio between two updates of the line.
const STEP: Duration = Duration::from_secs(5);

/// The line of progress; nothing if standard error is not a terminal.
pub(super) struct Progress {
    /// The length of the file, if its header holds it.
    whole: Option<Duration>,
    shown: bool,
    on: bool,
    next: Duration,
}

impl Progress {
    /// Shows progress only if standard error is a terminal and the file is long, or its length is unknown.
    pub(super) fn new(whole: Option<Duration>) -> Self {
        let on = std::io::stderr().is_terminal() && whole.is_none_or(|whole| whole >= LONG);
        Self { whole, shown: false, on, next: STEP }
    }

    /// The file has been read up to `place`.
    pub(super) fn at(&mut self, place: Duration) {
        if self.on && place >= self.next {
            note!("\r\x1b[K{}", line(place, self.whole));
            self.shown = true;
            self.next = place + STEP;
        }
    }

    /// Clears the line, so that others can be printed.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            note!("\r\x1b[K");
        }
    }
}

fn line(place: Duration, whole: Option<Duration>) -> String {
    match whole.filter(|whole| *whole >= place) {
        Some(whole) => {
            let percent = 100.0 * place.as_secs_f64() / whole.as_secs_f64().max(0.001);
            format!("{} of {} ({percent:.0} %)", clock(place), clock(whole))
        }
        None => clock(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_far_of_how_much() {
        let seconds = Duration::from_secs;
        assert_eq!(line(seconds(90), Some(seconds(360))), "01:30 of 06:00 (25 %)");
        assert_eq!(line(seconds(90), None), "01:30");
        assert_eq!(line(seconds(90), Some(seconds(80))), "01:30");
    }

    #[test]
    fn in_a_pipe_nothing_is_shown() {
        // As if standard error were a pipe.
        let mut progress = Progress { on: false, ..Progress::new(None) };
        progress.at(Duration::from_secs(600));
        assert!(!progress.shown);
    }
}
