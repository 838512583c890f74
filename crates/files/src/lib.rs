//! Files that somebody names: regular ones, no longer than they may be, and whether anybody wrote to them meanwhile.
//! Must not know what is in them.

pub mod recordings;
pub mod search_path;

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const NOT_REGULAR: &str = "it is no regular file (a pipe, a device or a folder)";

/// What is wrong with a file that somebody writes to.
pub const CHANGED: &str = "somebody wrote to the file while it was read";

/// What to do about it.
pub const WHEN_CHANGED: &str =
    "wait until it is written and start again; put a new file in the place of an old one by renaming it";

/// Opens a regular file. Others might never end, or never begin.
///
/// # Errors
/// If it is none, or cannot be opened.
pub fn open(path: &Path) -> Result<File> {
    // Before it is opened: that alone waits at a pipe until somebody writes to it.
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(Error::other(NOT_REGULAR)) }
}

/// Reads a regular file of so many bytes at most.
///
/// # Errors
/// If it is none, has more, or cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    read_all(open(path)?, most)
}

fn read_all(file: File, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// The same of a text.
///
/// # Errors
/// As `read`; if it is no text.
pub fn text(path: &Path, most: u64) -> Result<String> {
    as_text(read(path, most)?)
}

/// The same of what may come through a pipe, too.
///
/// # Errors
/// As `text`, but for its kind.
pub fn text_of_any_kind(path: &Path, most: u64) -> Result<String> {
    as_text(read_all(File::open(path)?, most)?)
}

fn as_text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is no text (UTF-8)"))
}

/// What changes when somebody writes to a file, or puts another in its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Look {
    length: u64,
    written: (i64, i64),
    file: (u64, u64),
}

impl Look {
    /// At what has this path now.
    ///
    /// # Errors
    /// If there is nothing.
    pub fn at(path: &Path) -> Result<Self> {
        std::fs::metadata(path).map(Self::from)
    }

    /// Bytes that it had.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl From<Metadata> for Look {
    fn from(file: Metadata) -> Self {
        Self {
            length: file.len(),
            written: (file.mtime(), file.mtime_nsec()),
            file: (file.dev(), file.ino()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_never_ends_or_never_begins_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, folder.path(), Path::new("/dev/zero")] {
            assert_eq!(read(path, 10).unwrap_err().to_string(), NOT_REGULAR, "{}", path.display());
        }
    }

    #[test]
    fn a_file_is_read_up_to_its_longest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(text(&path, 10).unwrap(), "0123456789");
        assert_eq!(read(&path, 9).unwrap_err().to_string(), "it has more than 9 bytes");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(text(&path, 10).unwrap_err().to_string(), "it is no text (UTF-8)");
    }

    #[test]
    fn a_file_that_was_written_to_or_replaced_looks_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&path, "1").unwrap();
        std::fs::write(&other, "1").unwrap();
        let before = Look::at(&path).unwrap();
        assert_eq!(Look::at(&path).unwrap(), before);
        File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let written = Look::at(&path).unwrap();
        assert_ne!(written, before);
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(Look::at(&path).unwrap(), written);
    }
}
