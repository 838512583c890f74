//! Log lines on standard error: text for people, or JSON with the name of the call on every line. The words
//! of callers are logged at DEBUG and below, never above.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::escape::{EscapedFields, json_line};
use super::queue::{Queue, Report};

/// How long the end of the process waits for the last lines to be written.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The filter for a `log.level`; `None` if it is invalid. Field values in a filter are compared as text: as a
/// regular expression, a short one could take minutes and gigabytes to prepare. Only ASCII is accepted: the
/// parser cuts between bytes, and panics in the middle of a longer character (tracing-subscriber 0.3.23). A
/// single word must be a level: the parser takes any other word for the name of a module of some program, and
/// the whole log is gone.
///
/// Readers of audio complain of every damaged packet, and clients of tools of every lost server; what matters
/// of it is told to whoever sent the file, and in our own words.
#[must_use]
pub fn filter(level: &str) -> Option<EnvFilter> {
    let is_word = |part: &str| !part.is_empty() && !part.contains(['=', ':', '[']);
    let wrong = |part: &str| is_word(part) && part.parse::<LevelFilter>().is_err();
    if level.split(',').map(str::trim).any(wrong) {
        return None;
    }
    let parser = EnvFilter::builder().with_regex(false).with_default_directive(LevelFilter::ERROR.into());
    if level.is_ascii() { parser.parse(format!("{OTHERS},{level}")).ok() } else { None }
}

/// What other people's code is not to say in any case.
const OTHERS: &str = "symphonia=off,rmcp=off";

/// The log of this process, once it runs: there is one, like the standard error that it writes to.
static RUNNING: OnceLock<Running> = OnceLock::new();

struct Running {
    queue: Queue,
    /// The filter in use, as it was written.
    level: Mutex<String>,
    change: Box<dyn Fn(EnvFilter) -> bool + Send + Sync>,
}

/// Why the level of the log was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// The text is no filter.
    #[error(
        "expected off, error, warn, info, debug, trace, or a filter such as \"info,offhook::runtime=debug\""
    )]
    Invalid,
    /// This process writes no log.
    #[error("there is no log whose level could be changed")]
    NoLog,
}

/// The filter of the log in use; empty if there is no log.
#[must_use]
pub fn level() -> String {
    let level = |running: &Running| running.level.lock().unwrap_or_else(PoisonError::into_inner).clone();
    RUNNING.get().map(level).unwrap_or_default()
}

/// Changes the filter of the running log, for some modules or for all.
///
/// # Errors
/// If the filter is invalid, or if there is no log.
pub fn set_level(level: &str) -> Result<(), LevelError> {
    let filter = filter(level).ok_or(LevelError::Invalid)?;
    let running = RUNNING.get().ok_or(LevelError::NoLog)?;
    if !(running.change)(filter) {
        return Err(LevelError::NoLog);
    }
    level.clone_into(&mut running.level.lock().unwrap_or_else(PoisonError::into_inner));
    tracing::info!(level, "the level of the log was changed");
    Ok(())
}

/// The number of lines that were dropped because the output did not take them.
#[must_use]
pub fn dropped_lines() -> u64 {
    RUNNING.get().map_or(0, |running| running.queue.left_out_in_all())
}

/// The running log. When it is dropped, waiting lines are written, as far as the output takes them at once.
#[derive(Debug)]
#[must_use]
pub struct Logging(Option<Queue>);

impl Logging {
    /// Writes a line that is not an event, for the people who started the server: why it ends. It does not
    /// wait for the output either.
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
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|asked| filter(asked).is_some());
    let level = asked.as_deref().unwrap_or(level);
    let filter = filter(level).unwrap_or_else(|| EnvFilter::new("warn"));
    let failed = if server { say_it_elsewhere } else { |_: &io::Error| () };
    // Not through `io::stderr()`: a thread that is stuck in a write there blocks all others.
    let output = own(io::stderr()).and_then(|output| Queue::start(output, Report { left_out, failed }));
    let Ok(queue) = output else { return Logging(None) };
    // The code that logs must not see errors of the log: tracing-subscriber would print them, and panic if it
    // cannot.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false).with_ansi(false);
    // A second start (in tests) keeps the first.
    let (_, change) = if json {
        let lines = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
        let lines = lines.with_writer(JsonLines(queue.clone())).with_filter_reloading();
        let filter = lines.reload_handle();
        (lines.try_init(), changing(move |new| filter.reload(new).is_ok()))
    } else {
        let lines = lines.with_target(false).with_ansi(io::stderr().is_terminal());
        let lines = lines.fmt_fields(EscapedFields).with_writer(queue.clone()).with_filter_reloading();
        let filter = lines.reload_handle();
        (lines.try_init(), changing(move |new| filter.reload(new).is_ok()))
    };
    let _ = RUNNING.set(Running { queue: queue.clone(), level: Mutex::new(level.to_owned()), change });
    if server {
        std::panic::set_hook(Box::new(log_panic));
    }
    Logging(Some(queue))
}

fn changing(
    change: impl Fn(EnvFilter) -> bool + Send + Sync + 'static,
) -> Box<dyn Fn(EnvFilter) -> bool + Send + Sync> {
    Box::new(change)
}

/// Our own handle on an output, without the lock of the process.
fn own(output: impl AsFd) -> io::Result<File> {
    Ok(File::from(output.as_fd().try_clone_to_owned()?))
}

fn left_out(lines: u64) {
    tracing::warn!(lines, "log lines were dropped: the output of the log did not keep up, or gave errors");
}

/// Tries once to report that the log cannot be written.
fn say_it_elsewhere(error: &io::Error) {
    if let Ok(mut output) = own(io::stdout()) {
        let _ = writeln!(output, "the log cannot be written ({error}): its lines are dropped and counted");
    }
}

/// Logs a panic. The standard hook would print it directly, and wait for the reader of the output.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let what = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        tracing::error!(place, thread, %backtrace, "panic: {what}");
    } else {
        tracing::error!(place, thread, "panic: {what}");
    }
}

/// The queue for lines of JSON, which escapes them as JSON.
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

    /// Fault: `log.level = "loud"` was accepted, and nothing was logged at all: a word that is not a level is
    /// taken for a target.
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
