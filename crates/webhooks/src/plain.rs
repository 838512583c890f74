//! Makes the spool and its folder: for their owner alone, and never through a link, which would lead the
//! writing to somewhere else. Must not know what is in them.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

const OWNER: u32 = 0o600;
const OWNERS_FOLDER: u32 = 0o700;

/// Makes a plain file for its owner alone, with its folder, if it is not there.
///
/// # Errors
/// If it cannot be opened to write, or is a link, a pipe, a device or a folder.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(OWNERS_FOLDER).create(folder)?;
    }
    // Opening a pipe would wait for whoever reads it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(OWNER).custom_flags(flags);
    let refused = || io::Error::other("it is a link, a pipe or a folder and not a plain file: remove it");
    let file = match options.open(path) {
        Ok(file) if file.metadata()?.is_file() => file,
        Ok(_) => return Err(refused()),
        Err(_) if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) => {
            return Err(refused());
        }
        Err(error) => return Err(error),
    };
    if file.metadata()?.permissions().mode() & 0o777 != OWNER {
        file.set_permissions(Permissions::from_mode(OWNER))?;
    }
    Ok(())
}
