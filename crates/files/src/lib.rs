//! Reads files that the user names: regular files only, up to a size limit, with a check for changes in the
//! meantime. Must not know what the files contain.

pub mod recordings;
pub mod search_path;

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const NOT_REGULAR: &str = "it is not a regular file (but a pipe, a device or a folder)";

/// The problem of a file that changes while it is read.
pub const CHANGED: &str = "the file changed while it was being read";

/// The remedy for [`CHANGED`].
pub const WHEN_CHANGED: &str =
    "wait until the file is complete and start again; to replace a file, rename the new one over the old one";

/// A text that quotes a file, for a person at a terminal: at most `most` characters, and none that control
/// the terminal.
#[must_use]
pub fn readable(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    let mut readable: String = text.chars().map(plain).take(most).collect();
    if text.chars().nth(most).is_some() {
        readable.push_str("...");
    }
    readable
}

/// Opens a regular file. Files of other kinds might never end, or never begin.
///
/// # Errors
/// If the file is not regular, or cannot be opened.
pub fn open(path: &Path) -> Result<File> {
    // Checked before the file is opened: opening a pipe waits until somebody writes to it.
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(Error::other(NOT_REGULAR)) }
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// If the file is not regular, is larger, or cannot be read.
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

/// Reads a regular file of at most `most` bytes as UTF-8 text.
///
/// # Errors
/// As for `read`, and if the file is not UTF-8 text.
pub fn text(path: &Path, most: u64) -> Result<String> {
    as_text(read(path, most)?)
}

/// Reads a file of at most `most` bytes as UTF-8 text. It may also be a pipe.
///
/// # Errors
/// As for `text`, except that the file need not be regular.
pub fn text_of_any_kind(path: &Path, most: u64) -> Result<String> {
    as_text(read_all(File::open(path)?, most)?)
}

fn as_text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not text (UTF-8)"))
}

/// Metadata of a file that changes when the file is written to or replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Look {
    length: u64,
    written: (i64, i64),
    file: (u64, u64),
}

impl Look {
    /// The metadata of the file that is at `path` now.
    ///
    /// # Errors
    /// If there is no file.
    pub fn at(path: &Path) -> Result<Self> {
        std::fs::metadata(path).map(Self::from)
    }

    /// The length of the file, in bytes.
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
        assert_eq!(text(&path, 10).unwrap_err().to_string(), "it is not text (UTF-8)");
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
