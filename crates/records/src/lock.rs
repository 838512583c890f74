//! The lock of a database: one writer at a time. The kernel drops the lock of a process that is killed; the
//! empty file stays, so that nobody locks a file that another one removed. Must not know what is locked.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::plain;

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is locked as long as it is open")] File);

impl Lock {
    /// Takes the lock of the file at `path`; `None` if somebody else has it.
    ///
    /// # Errors
    /// If the lock's file cannot be made or locked.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = plain::open(&beside(path, ".lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The path with more at its end.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
