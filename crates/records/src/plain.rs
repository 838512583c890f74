//! Makes the files and folders of records: for their owner alone, and never through a link, which would lead
//! the writing to somewhere else. Must not know what is in them.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

const OWNER: u32 = 0o600;
const OWNERS_FOLDER: u32 = 0o700;

/// Makes a folder, and those above it, if they are not there.
///
/// # Errors
/// If that is not possible, or a file of this name is there.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(OWNERS_FOLDER).create(path)
}

/// Opens a plain file for reading and writing, for its owner alone, and makes it if it is not there.
///
/// # Errors
/// If it cannot be opened, or is a link, a pipe, a device or a folder.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = opened(path, File::options().create(true).truncate(false))?;
    if file.metadata()?.permissions().mode() & 0o777 != OWNER {
        file.set_permissions(Permissions::from_mode(OWNER))?;
    }
    Ok(file)
}

/// Makes a new file for its owner alone.
///
/// # Errors
/// If something of this name is there, even a link to nowhere, or the file cannot be made.
pub(crate) fn new(path: &Path) -> io::Result<File> {
    opened(path, File::options().create_new(true))
}

/// Removes a file; that it is not there is no error.
///
/// # Errors
/// If it is still there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether a plain file is there, and no link.
pub(crate) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// Makes the names in a folder last.
///
/// # Errors
/// If the disk says so.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn opened(path: &Path, options: &mut std::fs::OpenOptions) -> io::Result<File> {
    // Opening a pipe would wait for whoever reads it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let opened = options.read(true).write(true).mode(OWNER).custom_flags(flags).open(path);
    let refused = || io::Error::other("it is a link, a pipe or a folder and not a plain file: remove it");
    match opened {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(refused()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) => Err(refused()),
        Err(error) => Err(error),
    }
}
