//! `[records]`: what is kept of calls. Must not know how it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::toml_reader::Reader;
use crate::records::Redaction;

/// `[records]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The database; `None` keeps no records.
    pub file: Option<PathBuf>,
    /// Whether words are kept.
    pub transcripts: bool,
    /// What is taken out of them.
    pub redact: Redaction,
    /// How long a call is kept; `None` keeps it for ever.
    pub keep: Option<Duration>,
    /// Events of a batch.
    pub batch: usize,
    /// The longest wait of an event for its batch.
    pub longest_wait: Duration,
    /// The folder for recordings; `None` records no audio.
    pub recordings: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn records(r: &mut Reader, base: &Path) -> Records {
    let redact = r.text("records.redact", "all", |value| {
        (!["all", "cards", "off"].contains(&value)).then(|| "\"all\", \"cards\" or \"off\"".to_owned())
    });
    let day = Duration::from_secs(24 * 60 * 60);
    let days = r.integer("records.keep_days", 90, 0..=36_500);
    let records = Records {
        file: r.file("records.file", base),
        transcripts: r.switch("records.transcripts", true),
        redact: match redact.as_str() {
            "off" => Redaction::Off,
            "cards" => Redaction::Cards,
            _ => Redaction::All,
        },
        keep: (days > 0).then(|| day * u32::try_from(days).unwrap_or(u32::MAX)),
        batch: r.integer("records.batch_events", 50, 1..=10_000) as usize,
        longest_wait: r.millis("records.batch_ms", 60_000, 100..=600_000),
        recordings: r.file("records.recordings", base),
    };
    if records.recordings.is_some() && records.file.is_none() {
        let allowed =
            "the path of a database beside records.recordings: it is how recordings are found and deleted";
        r.refuse("records.file", "\"\"".to_owned(), allowed.to_owned());
    }
    records
}
