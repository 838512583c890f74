//! The folder where models are kept, and what is in it. Must not know how a file got there.

use std::path::{Path, PathBuf};

use offhook_files::search_path;

use crate::entries::Model;
use crate::manifest::Manifest;

/// Where models are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// No folder is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no folder for models is known, because HOME is not set: set OFFHOOK_MODELS to one")]
pub struct NoFolder;

/// A model is not in the folder, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not in {}: {} missing; `offhook models pull {name}` fetches it", .folder.display(), .missing.join(", "))]
pub struct NotHere {
    /// The model.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The files that are not there.
    pub missing: Vec<String>,
}

/// A model of which something is in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed<'a> {
    /// The model.
    pub model: &'a Model,
    /// The bytes of its files that are there.
    pub bytes: u64,
    /// The bytes of unfinished pulls.
    pub unfinished: u64,
    /// The files that are not there.
    pub missing: Vec<&'a str>,
}

impl Installed<'_> {
    /// Whether all its files are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }
}

impl Folder {
    /// The user's: `$OFFHOOK_MODELS`, or else the folder `models` in the user's folder of offhook. In both, a
    /// configuration finds `models/FILE`.
    ///
    /// # Errors
    /// If the environment names none.
    pub fn of_user() -> Result<Self, NoFolder> {
        search_path::models_of_user().map(Self::at).ok_or(NoFolder)
    }

    /// The folder at `path`, which need not exist.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// What is there of the models of a manifest; those of which nothing is there are left out.
    #[must_use]
    pub fn installed<'a>(&self, manifest: &'a Manifest) -> Vec<Installed<'a>> {
        let all = manifest.models().iter().map(|model| self.state(model));
        all.filter(|state| state.bytes > 0 || state.unfinished > 0).collect()
    }

    /// What is there of a model.
    #[must_use]
    pub fn state<'a>(&self, model: &'a Model) -> Installed<'a> {
        let mut state = Installed { model, bytes: 0, unfinished: 0, missing: Vec::new() };
        for file in &model.files {
            match length(&self.file(&file.file)) {
                Some(bytes) => state.bytes += bytes,
                None => state.missing.push(&file.file),
            }
            state.unfinished += length(&self.part(&file.file)).unwrap_or(0);
        }
        state
    }

    /// The path of a model's first file, which is the one that a configuration names.
    ///
    /// # Errors
    /// If any of its files is missing.
    pub fn path(&self, model: &Model) -> Result<PathBuf, NotHere> {
        let missing: Vec<String> = self.state(model).missing.into_iter().map(str::to_owned).collect();
        match model.files.first() {
            Some(file) if missing.is_empty() => Ok(self.file(&file.file)),
            Some(_) | None => Err(NotHere { name: model.name.clone(), folder: self.path.clone(), missing }),
        }
    }

    /// The path of a file.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What has come of a file.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.part"))
    }

    /// Where the part came from.
    pub(crate) fn notes(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.part.json"))
    }

    /// The lock of a file.
    pub(crate) fn lock(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.lock"))
    }

    /// The sum that a file had when it was pulled.
    pub(crate) fn record(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.sha256"))
    }
}

/// The length of a regular file.
fn length(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_whole_when_all_its_files_are_there() {
        let text = r#"
            [[model]]
            name = "v"
            kind = "voice"
            purpose = "p"
            licence = "MIT"
            licence_url = "https://a.example/"
            files = [{ file = "v.onnx", url = "https://a.example/v" }, { file = "v.onnx.json", url = "https://a.example/j" }]
        "#;
        let manifest = Manifest::parse(text, "test").unwrap();
        let model = manifest.find("v").unwrap();
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        assert_eq!(folder.installed(&manifest), []);
        std::fs::write(folder.file("v.onnx"), "12345").unwrap();
        std::fs::write(folder.part("v.onnx.json"), "123").unwrap();
        let there = folder.installed(&manifest);
        assert_eq!(
            (there[0].bytes, there[0].unfinished, &there[0].missing[..]),
            (5, 3, &["v.onnx.json"][..])
        );
        let told = folder.path(model).unwrap_err().to_string();
        assert!(told.contains("v.onnx.json missing") && told.contains("offhook models pull v"), "{told}");
        std::fs::write(folder.file("v.onnx.json"), "{}").unwrap();
        assert!(folder.state(model).is_whole());
        assert_eq!(folder.path(model).unwrap(), place.path().join("v.onnx"));
    }
}
