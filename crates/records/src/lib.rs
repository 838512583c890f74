//! Records of calls that last: what happened in a call, in a database; what was said, in words and as audio;
//! and personal values taken out before. Must not know how a call works, and prints nothing.
//!
//! Start reading at [`Recorder`], which keeps what calls tell, and at [`Store`], which reads it again.
//! [`Recordings`] keeps the audio, [`Redaction`] says what is not kept.

mod after_calls;
mod backup;
mod caller_code;
mod clock;
mod database;
mod fields;
mod lock;
mod manifest;
mod migrations;
mod options;
mod plain;
mod queries;
mod queue;
mod recorder;
mod recording;
mod redaction;
mod removal;
mod restore;
mod retention;
mod rows;
mod store;
mod told;
mod writer;

pub use backup::{BackupError, backup};
pub use clock::{Clock, Moment};
pub use database::OpenError;
pub use manifest::{Entry, Manifest, ManifestError};
pub use migrations::VERSION;
pub use options::{Counters, Options, Report, Trouble};
pub use queries::asked::Said;
pub use queries::calls::{Call, Drafts, ENDED_WELL, Filter, Tokens};
pub use queries::export::{Export, FORM};
pub use queries::whole::{Event, FullCall, Stages, Turn, Which};
pub use recorder::Recorder;
pub use recording::{
    Recording, RecordingCounters, RecordingError, RecordingOptions, RecordingTrouble, Recordings,
};
pub use redaction::Redaction;
pub use removal::{DeleteError, Deleted};
pub use restore::{RestoreError, Restored, restore};
pub use store::{By, ReadError, RemovalError, Store};
