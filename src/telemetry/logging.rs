//! Log lines on standard error: text for people, or JSON with a call's name on every line. What
//! callers say is logged at DEBUG and below, never above.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::escape::{EscapedFields, json_line};
use super::queue::{Queue, Report};

/// The end of the process waits so long for the last lines to be written.
const LAST_LINES: Duration = Duration::from_millis(500);

/// What `log.level` lets through; `None` if it is no filter. A value of a field in it is compared as a text:
/// as an expression, a short one could take minutes and gigabytes to prepare. It is ASCII: the parser
/// cuts between bytes and panics where these are one letter (tracing-subscriber 0.3.23).
/// A word alone is a level: the parser takes any other for the name of a part of some program, and all of the
/// log is gone.
#[must_use]
pub fn filter(level: &str) -> Option<EnvFilter> {
    let is_word = |part: &str| !part.is_empty() && !part.contains(['=', ':', '[']);
    let wrong = |part: &str| is_word(part) && part.parse::<LevelFilter>().is_err();
    if level.split(',').map(str::trim).any(wrong) {
        return None;
    }
    let parser = EnvFilter::builder().with_regex(false).with_default_directive(LevelFilter::ERROR.into());
    if level.is_ascii() { parser.parse(level).ok() } else { None }
}

/// The log while it runs. When it is dropped, what waits is written, as far as the output takes it at once.
#[derive(Debug)]
#[must_use]
pub struct Logging(Option<Queue>);

impl Logging {
    /// A line that is no event, for the people who have started the server: why it ends. It waits for
    /// nobody either.
    pub fn line(&self, text: &str) {
        if let Some(queue) = &self.0 {
            queue.push(format!("{text}\n").as_bytes());
        }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.flush(LAST_LINES);
        }
    }
}

/// Starts logging. A command that prints its own results (`server` is false) logs only warnings,
/// unless `RUST_LOG` says otherwise; `RUST_LOG` wins over the configuration.
pub fn start(level: &str, json: bool, server: bool) -> Logging {
    let level = if server { level } else { "warn" };
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = asked.and_then(|asked| filter(&asked)).or_else(|| filter(level));
    let filter = filter.unwrap_or_else(|| EnvFilter::new("warn"));
    let failed = if server { say_it_elsewhere } else { |_: &io::Error| () };
    // Not through `io::stderr()`: whoever is stuck in a write there keeps everybody else out.
    let output = own(io::stderr()).and_then(|output| Queue::start(output, Report { left_out, failed }));
    let Ok(queue) = output else { return Logging(None) };
    // Errors of the log are no business of whoever logs: tracing-subscriber would print them, and panic
    // where that cannot be done.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false).with_ansi(false);
    // A second start (in tests) keeps the first.
    let _ = if json {
        let lines = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
        lines.with_writer(JsonLines(queue.clone())).try_init()
    } else {
        let lines = lines.with_target(false).with_ansi(io::stderr().is_terminal());
        lines.fmt_fields(EscapedFields).with_writer(queue.clone()).try_init()
    };
    if server {
        std::panic::set_hook(Box::new(log_panic));
    }
    Logging(Some(queue))
}

/// A handle of our own on an output, without the lock of the process's.
fn own(output: impl AsFd) -> io::Result<File> {
    Ok(File::from(output.as_fd().try_clone_to_owned()?))
}

fn left_out(lines: u64) {
    tracing::warn!(lines, "log lines were left out: their output did not keep up, or gave errors");
}

/// The one attempt to say that the log cannot be written.
fn say_it_elsewhere(error: &io::Error) {
    if let Ok(mut output) = own(io::stdout()) {
        let _ = writeln!(output, "the log cannot be written ({error}): its lines are left out and counted");
    }
}

/// A panic of a task is a line of the log: the usual way prints it itself, and waits for whoever reads.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let what = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        tracing::error!(place, thread, %backtrace, "panic: {what}");
    } else {
        tracing::error!(place, thread, "panic: {what}");
    }
}

/// The queue for lines of JSON, which are escaped as such.
struct JsonLines(Queue);

impl<'a> MakeWriter<'a> for JsonLines {
    type Writer = JsonLine<'a>;

    fn make_writer(&'a self) -> JsonLine<'a> {
        JsonLine(&self.0)
    }
}

struct JsonLine<'a>(&'a Queue);

impl Write for JsonLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(json_line(&String::from_utf8_lossy(line)).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fault: `log.level = "loud"` was right, and there was no log at all: a word that is no level is taken for a
    /// target.
    #[test]
    fn a_word_alone_is_a_level() {
        for level in [
            "info",
            "off",
            "WARN",
            "3",
            "",
            "info,offhook=debug",
            "offhook::runtime=trace",
            "[call{name=x}]=info",
        ] {
            assert!(filter(level).is_some(), "{level}");
        }
        for level in ["loud", "debug,loud", "offhook", "warm"] {
            assert!(filter(level).is_none(), "{level}");
        }
    }
}
