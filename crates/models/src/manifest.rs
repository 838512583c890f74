//! The manifest: which models have a name, and where they are published. One is built in, and a user's own
//! can be added. Must not know what is installed.

use std::path::Path;

use serde::Deserialize;

use crate::entries::Model;
use crate::validation;

/// The manifest that ships.
const BUILT_IN: &str = include_str!("../../../models/manifest.toml");

/// The largest manifest that is read.
const LARGEST: u64 = 4 << 20;

/// How alike two names must be for one to be meant by the other, from 0 to 1. Jaro and Winkler's measure,
/// which prefers common beginnings: people forget the ends of such names.
const ALIKE: f64 = 0.8;

/// The models that have a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    models: Vec<Model>,
}

/// The longest text about the form of a manifest, which quotes its lines.
const LONGEST_SYNTAX: usize = 2000;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("manifest {0}: {1}")]
    Unreadable(String, std::io::Error),
    /// It is no TOML, or has keys that no manifest has.
    #[error("manifest {0}: {text}", text = offhook_files::readable(&.1.to_string(), LONGEST_SYNTAX))]
    Syntax(String, Box<toml::de::Error>),
    /// Its entries have mistakes.
    #[error("manifest {0}:\n  {lines}", lines = .1.join("\n  "))]
    Entries(String, Vec<String>),
}

/// No model has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no model {name:?}; {}", self.remedy())]
pub struct NoSuchModel {
    /// The name.
    pub name: String,
    /// The name that may have been meant.
    pub closest: Option<String>,
}

impl NoSuchModel {
    fn remedy(&self) -> String {
        match &self.closest {
            Some(closest) => format!("did you mean {closest:?}?"),
            None => "`offhook models list` prints all, and --manifest FILE adds your own".to_owned(),
        }
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "model")]
    models: Vec<Model>,
}

impl Manifest {
    /// The manifest that ships.
    ///
    /// # Errors
    /// Never for a build whose tests passed.
    pub fn built_in() -> Result<Self, ManifestError> {
        Self::parse(BUILT_IN, "models/manifest.toml (built in)")
    }

    /// Reads a manifest from a file.
    ///
    /// # Errors
    /// If it cannot be read, or has mistakes: all of them are named.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let origin = path.display().to_string();
        match offhook_files::text(path, LARGEST) {
            Ok(text) => Self::parse(&text, &origin),
            Err(error) => Err(ManifestError::Unreadable(origin, error)),
        }
    }

    /// Reads a manifest from its text; `origin` names it in messages.
    ///
    /// # Errors
    /// If it has mistakes: all of them are named.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ManifestError> {
        let syntax = |error| ManifestError::Syntax(origin.to_owned(), Box::new(error));
        let written: Written = toml::from_str(text).map_err(syntax)?;
        Self::checked(written.models, origin)
    }

    fn checked(models: Vec<Model>, origin: &str) -> Result<Self, ManifestError> {
        let mistakes = validation::mistakes(&models);
        if mistakes.is_empty() {
            Ok(Self { models })
        } else {
            Err(ManifestError::Entries(origin.to_owned(), mistakes))
        }
    }

    /// This manifest with the entries of another: those with the same name replace the ones here.
    ///
    /// # Errors
    /// If two entries of different names claim the same file.
    pub fn with(self, more: Self, origin: &str) -> Result<Self, ManifestError> {
        let mut models = self.models;
        models.retain(|model| more.models.iter().all(|other| other.name != model.name));
        models.extend(more.models);
        Self::checked(models, origin)
    }

    /// All models, in the order in which they are written.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of this name.
    ///
    /// # Errors
    /// If there is none; the error knows the name that may have been meant.
    pub fn find(&self, name: &str) -> Result<&Model, NoSuchModel> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| NoSuchModel {
            name: name.to_owned(),
            closest: self.closest(name).map(|model| model.name.clone()),
        })
    }

    /// The model whose name is most like this one; `None` if none is like it.
    #[must_use]
    pub fn closest(&self, name: &str) -> Option<&Model> {
        let name = name.to_lowercase();
        let likeness = |model: &Model| strsim::jaro_winkler(&model.name, &name);
        let alike =
            self.models.iter().map(|model| (likeness(model), model)).filter(|(like, _)| *like >= ALIKE);
        alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, model)| model)
    }

    /// The model that has a file of this name.
    #[must_use]
    pub fn for_file(&self, file_name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.files.iter().any(|file| file.file == file_name))
    }
}

#[cfg(test)]
mod tests;
