//! The file of the configuration: read with its version, and replaced as a whole, so that nobody ever reads
//! half of it. Must not know what it says.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ring::digest::{SHA256, digest};

use crate::config::{DEFAULT_CONFIG, LONGEST};
use crate::files;

/// The file that a server reads if none is named, and that is made if it ran without one.
const HERE: &str = "config.toml";

/// Where the configuration is.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    /// Without a file, the built-in configuration holds.
    given: bool,
    saving: Mutex<()>,
}

/// What the file says.
#[derive(Debug)]
pub struct Contents {
    /// The whole text; that of the built-in configuration, if there is no file.
    pub text: String,
    /// Another text has another version.
    pub version: String,
    /// Whether the file is there.
    pub exists: bool,
}

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It is not what it was when it was read.
    #[error("the file has changed meanwhile: load it again, and make your changes once more")]
    Changed,
    /// It is not this server's to write.
    #[error("{0}")]
    ReadOnly(String),
    /// The system did not allow it.
    #[error("{0}")]
    Failed(String),
}

impl ConfigFile {
    /// The file at `path`; without one, the file that would be made in this folder.
    #[must_use]
    pub fn new(path: Option<&Path>) -> Self {
        Self {
            path: path.unwrap_or(Path::new(HERE)).to_owned(),
            given: path.is_some(),
            saving: Mutex::new(()),
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its path for people, who may be in another folder.
    #[must_use]
    pub fn full_path(&self) -> PathBuf {
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// The folder in which relative paths start.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Reads it.
    ///
    /// # Errors
    /// If it cannot be read, or is not text.
    pub fn read(&self) -> io::Result<Contents> {
        // A pipe was read when the server started, and is empty now.
        match files::text(&self.path, LONGEST) {
            Ok(text) => Ok(Contents { version: version_of(&text), text, exists: true }),
            Err(error) if error.kind() == ErrorKind::NotFound && !self.given => Ok(Contents {
                version: "built-in".to_owned(),
                text: DEFAULT_CONFIG.to_owned(),
                exists: false,
            }),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file of this version by the text, and keeps the file as it was beside it, under its name
    /// with ".before". Returns the new version.
    ///
    /// # Errors
    /// If the file has another version, or cannot be replaced.
    pub fn save(&self, version: &str, text: &str) -> Result<String, SaveError> {
        let _alone = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |what: &str, error: io::Error| {
            SaveError::Failed(format!("{} {what} ({error}): nothing was saved", self.path.display()))
        };
        let old = self.read().map_err(|error| failed("cannot be read", error))?;
        if old.version != version {
            return Err(SaveError::Changed);
        }
        // A link stays, and what it leads to is replaced.
        let target = if old.exists {
            let target = self.path.canonicalize().map_err(|error| failed("cannot be found", error))?;
            let about = fs::metadata(&target).map_err(|error| failed("cannot be read", error))?;
            let writable = OpenOptions::new().append(true).open(&target);
            let owner_is_another = about.uid() != rustix::process::geteuid().as_raw();
            if about.permissions().readonly() || writable.is_err() || owner_is_another {
                let told = "cannot be written here: change it where it comes from, or let this server's user own it and its \
                     folder";
                let told = format!("{} {told}; nothing was saved", self.path.display());
                return Err(SaveError::ReadOnly(told));
            }
            let before = with_more(&target, ".before");
            replace(&before, &old.text, Some(&about))
                .map_err(|error| failed("cannot be kept beside it", error))?;
            replace(&target, text, Some(&about)).map_err(|error| failed("cannot be replaced", error))?;
            target
        } else {
            replace(&self.path, text, None).map_err(|error| failed("cannot be made", error))?;
            self.path.clone()
        };
        tracing::info!(file = %target.display(), "the configuration was saved");
        Ok(version_of(text))
    }
}

fn version_of(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn with_more(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(more);
    path.with_file_name(name)
}

/// Gives `path` this text, in one step: through a file in the same folder, which is on the disk before it
/// gets the name. It has the owner and the permissions of the file that `like` describes.
fn replace(path: &Path, text: &str, like: Option<&fs::Metadata>) -> io::Result<()> {
    let part = with_more(path, ".part");
    // What is left of an earlier try is none of ours to keep.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let done = (|| {
        // Nobody else reads it before it has the permissions that it should have.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(text.as_bytes())?;
        if let Some(like) = like {
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
                fchown(&file, Some(like.uid()), Some(like.gid()))?;
            }
            file.set_permissions(like.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&part, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    })();
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_through_its_link_and_keeps_its_permissions_and_its_past() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("link.toml"));
        fs::write(&real, "a = 1\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        let file = ConfigFile::new(Some(&link));
        let old = file.read().unwrap();
        let new = file.save(&old.version, "a = 2\n").unwrap();
        assert_eq!(
            (fs::read_to_string(&real).unwrap().as_str(), file.read().unwrap().version),
            ("a = 2\n", new)
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_to_string(folder.path().join("real.toml.before")).unwrap(), "a = 1\n");
        assert!(matches!(file.save(&old.version, "a = 3\n"), Err(SaveError::Changed)));
        fs::set_permissions(&real, fs::Permissions::from_mode(0o440)).unwrap();
        let told = file.save(&file.read().unwrap().version, "a = 3\n").unwrap_err().to_string();
        assert!(
            told.contains("cannot be written here") && fs::read_to_string(&real).unwrap() == "a = 2\n",
            "{told}"
        );
    }
}
