//! Reads the texts of a folder, within limits. Must not know what they say.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use offhook_files as files;

use crate::passages::Document;

/// The most files of a folder. More are hardly what one agent should know.
const MOST_FILES: usize = 1_000;

/// The longest file, in bytes.
const LONGEST_FILE: u64 = 4 << 20;

/// All files together, in bytes: some ten million words.
const MOST_BYTES: usize = 64 << 20;

/// Folders in folders.
const DEEPEST: usize = 8;

/// The ends of the names of files that are read.
const READ: [&str; 3] = ["md", "markdown", "txt"];

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folder {
    /// Its texts, in the order of their names.
    pub documents: Vec<Document>,
    /// The names of files that are no texts, such as PDF files.
    pub skipped: Vec<String>,
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It is not there, or not to be opened.
    #[error("{} cannot be read: {error}; expected is a folder with files .md or .txt", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file cannot be read.
    #[error("{name} cannot be read: {error}; expected is a text in UTF-8")]
    File {
        /// Its name in the folder.
        name: String,
        /// Why.
        error: std::io::Error,
    },
    /// There is nothing to read.
    #[error("{} has no file .md or .txt with words in it", .0.display())]
    Empty(PathBuf),
    /// There are too many files.
    #[error("{} has more than {MOST_FILES} files", .0.display())]
    ManyFiles(PathBuf),
    /// There is too much text.
    #[error("{} has more than {} MiB of text", .0.display(), MOST_BYTES >> 20)]
    MuchText(PathBuf),
    /// Folders lie too deep in each other.
    #[error("{} has more than {DEEPEST} folders in each other", .0.display())]
    Deep(PathBuf),
}

/// Reads the Markdown files (`.md`) and plain texts (`.txt`) of a folder and of the folders in it. What
/// begins with a dot is left out, and so are links to folders.
///
/// # Errors
/// What cannot be read, or is too much.
pub fn read_folder(path: &Path) -> Result<Folder, FolderError> {
    let mut folder = Folder::default();
    let mut bytes = 0;
    for file in all_files(path)? {
        let name = file.strip_prefix(path).unwrap_or(&file).display().to_string();
        let end = file.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !READ.contains(&end.as_str()) {
            folder.skipped.push(name);
            continue;
        }
        let text = files::text(&file, LONGEST_FILE);
        let text = text.map_err(|error| FolderError::File { name: name.clone(), error })?;
        bytes += text.len();
        if bytes > MOST_BYTES {
            return Err(FolderError::MuchText(path.to_owned()));
        }
        folder.documents.push(Document { name, text });
    }
    let has_words = |document: &Document| document.text.contains(char::is_alphanumeric);
    if folder.documents.iter().any(has_words) { Ok(folder) } else { Err(FolderError::Empty(path.to_owned())) }
}

/// All files in a folder and in its folders, by name.
fn all_files(path: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 1)];
    while let Some((folder, depth)) = folders.pop() {
        if depth > DEEPEST {
            return Err(FolderError::Deep(path.to_owned()));
        }
        for entry in entries(&folder)? {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // A link to a folder may lead back; a link to a file is how volumes of containers show files.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push((entry.path(), depth + 1));
            } else if !entry.path().is_dir() {
                files.push(entry.path());
            }
            if files.len() + folders.len() > MOST_FILES {
                return Err(FolderError::ManyFiles(path.to_owned()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, FolderError> {
    let refused = |error| FolderError::NoFolder { path: folder.to_owned(), error };
    let entries = std::fs::read_dir(folder).map_err(refused)?;
    entries.take(MOST_FILES + 1).collect::<Result<_, _>>().map_err(refused)
}
