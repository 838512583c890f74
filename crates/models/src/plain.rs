//! The files that offhook keeps beside a model's: opened for writing only where they are plain files, because
//! a link would lead the writing to somewhere else. Must not know what is in them.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a plain file for reading and writing, and makes it if it is not there.
///
/// # Errors
/// If it cannot be opened, or is a link, a pipe, a device or a folder.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for whoever reads it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    let opened = options.open(path);
    let refused = || io::Error::other("it is a link, a pipe or a folder and not a plain file: remove it");
    if opened.is_err() && std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(refused());
    }
    let file = opened?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused()) }
}

/// Replaces what is in a plain file.
///
/// # Errors
/// As for `open`, and if writing fails.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file, or a link itself; one that is not there is a success.
///
/// # Errors
/// If it is still there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
