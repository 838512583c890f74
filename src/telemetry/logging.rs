//! Log lines on standard error: text for people, or JSON with a call's name on every line. What
//! callers say is logged at DEBUG and below, never above.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::Log;

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

/// Starts logging. A command that prints its own results (`server` is false) logs only warnings,
/// unless `RUST_LOG` says otherwise; `RUST_LOG` wins over the configuration.
pub fn start(log: &Log, server: bool) {
    let level = if server { log.level.as_str() } else { "warn" };
    let asked = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = asked.and_then(|asked| filter(&asked)).or_else(|| filter(level));
    let filter = filter.unwrap_or_else(|| EnvFilter::new("warn"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_span_events(FmtSpan::NONE);
    // A second start (in tests) keeps the first.
    let _ = if log.json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        lines.with_target(false).try_init()
    };
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
