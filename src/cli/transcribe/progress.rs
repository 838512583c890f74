//! How far a long file is, on one line of a terminal that is written over. Knows places in a file; nothing of
//! what is in it.

use std::io::IsTerminal as _;
use std::time::Duration;

use super::printing::clock;
use crate::cli::output::note;

/// A file that is shorter is done before anybody asks.
const LONG: Duration = Duration::from_secs(60);

/// The line is written again after so much audio.
const STEP: Duration = Duration::from_secs(5);

/// The line, or nothing where nobody reads along.
pub(super) struct Progress {
    /// The length of the file, if its header tells.
    whole: Option<Duration>,
    shown: bool,
    on: bool,
    next: Duration,
}

impl Progress {
    /// Shows something only if standard error is a terminal, and the file is long or may be.
    pub(super) fn new(whole: Option<Duration>) -> Self {
        let on = std::io::stderr().is_terminal() && whole.is_none_or(|whole| whole >= LONG);
        Self { whole, shown: false, on, next: STEP }
    }

    /// The file was read up to here.
    pub(super) fn at(&mut self, place: Duration) {
        if self.on && place >= self.next {
            note!("\r\x1b[K{}", line(place, self.whole));
            self.shown = true;
            self.next = place + STEP;
        }
    }

    /// Makes room for other lines on the terminal.
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
        // Standard error of tests is one.
        let mut progress = Progress { on: false, ..Progress::new(None) };
        progress.at(Duration::from_secs(600));
        assert!(!progress.shown);
    }
}
