//! Records of calls that last: the database and the recordings, as followers of calls. Trouble with them
//! costs records and never a call. Must not know how they are written.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::clock::millis_since_1970 as now;
use super::followers::Follower;
use crate::call::tap::{AudioTap, Tapped};
use crate::config::Records as Settings;
use crate::ids::CallId;
use crate::records::{
    Counters, OpenError, Options, Recorder, RecordingCounters, RecordingError, RecordingOptions, Recordings,
    Trouble,
};
use crate::report::Happened;
use crate::units::CallTime;

/// Why no records can be kept.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The database cannot be used.
    #[error("records.file")]
    Database(#[from] OpenError),
    /// The folder of recordings cannot be used.
    #[error("records.recordings")]
    Recordings(#[from] RecordingError),
}

/// The records of this server.
#[derive(Debug)]
pub struct Records {
    recorder: Recorder,
    recordings: Option<Recordings>,
}

impl Records {
    /// Opens the database that the configuration names; `None` if it names none.
    ///
    /// # Errors
    /// If the database or the folder of recordings cannot be used.
    pub fn open(settings: &Settings) -> Result<Option<Self>, RecordsError> {
        let Some(file) = &settings.file else { return Ok(None) };
        let options = Options {
            batch: settings.batch,
            longest_wait: settings.longest_wait,
            transcripts: settings.transcripts,
            redact: settings.redact,
            keep: settings.keep,
            report: Arc::new(|trouble: &Trouble| tracing::warn!("{trouble}")),
            ..Options::of(file)
        };
        let recorder = Recorder::open(options, now())?;
        if recorder.left() > 0 {
            tracing::warn!(
                calls = recorder.left(),
                "calls had no end in the records: the server was killed in them"
            );
        }
        let open = |folder: &std::path::PathBuf| {
            let report = Arc::new(|trouble: &crate::records::RecordingTrouble| tracing::warn!("{trouble}"));
            Recordings::open(&RecordingOptions { report, ..RecordingOptions::of(folder) })
        };
        let recordings = settings.recordings.as_ref().map(open).transpose()?;
        Ok(Some(Self { recorder, recordings }))
    }

    /// Begins the recording of a call, if calls are recorded. It waits for the disk.
    #[must_use]
    pub fn record(&self, call: &CallId) -> Option<AudioTap> {
        let recording = match self.recordings.as_ref()?.begin(call, now()) {
            Ok(recording) => recording,
            Err(error) => {
                tracing::error!(%error, "the call is not recorded");
                return None;
            }
        };
        self.recorder.files(now(), call, Some(recording.path()), None);
        let since_start = |at: CallTime| at.since(CallTime::ZERO);
        Some(Arc::new(move |tapped: Tapped<'_>| match tapped {
            Tapped::Caller(at, samples) => recording.caller(since_start(at), samples),
            Tapped::Agent(at, samples) => recording.agent(since_start(at), samples),
            Tapped::Cut(at) => recording.cut(since_start(at)),
        }))
    }

    /// The call has a trace in this file.
    pub fn traced(&self, call: &CallId, trace: &Path) {
        self.recorder.files(now(), call, None, trace.canonicalize().ok().as_deref());
    }

    /// Writes down a note of a tool, and waits until it is in the file; false if it may not be there.
    #[must_use]
    pub fn note(&self, call: &CallId, tool: &str, text: &str, within: Duration) -> bool {
        self.recorder.note(now(), call, tool, text, within)
    }

    /// Something was left out under load, or is no longer: a word for programs and a sentence.
    pub fn quality(&self, code: &str, sentence: &str) {
        self.recorder.server(now(), "quality", code, sentence);
    }

    /// What was written and what was lost.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.recorder.counters()
    }

    /// What was recorded and what was lost, if calls are recorded.
    #[must_use]
    pub fn recorded(&self) -> Option<RecordingCounters> {
        self.recordings.as_ref().map(Recordings::counters)
    }

    /// Writes all that waits, at the end of the server.
    pub fn close(&self, within: Duration) {
        let whole = self.recordings.as_ref().is_none_or(|recordings| recordings.close(within));
        if !self.recorder.close(within) || !whole {
            tracing::error!(
                waiting = self.counters().waiting,
                "records are not complete: they could not be written in time"
            );
        }
    }
}

impl Follower for Records {
    fn told(&self, call: &CallId, happened: &Happened) {
        self.recorder.tell(now(), call, happened);
    }
}
