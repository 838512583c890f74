//! The entries of a manifest: a model, its files and where they are published. Must not know which entries
//! are sound: `validation` does.

use serde::{Deserialize, Deserializer};

/// What a model is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Speech to text: Whisper, in whisper.cpp's format.
    Recogniser,
    /// A language model, in a GGUF file.
    Language,
    /// Text to speech: an ONNX file, and its description in JSON.
    Voice,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Recogniser => "recogniser",
            Self::Language => "language",
            Self::Voice => "voice",
        })
    }
}

/// A model that is published somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What people call it: `whisper-tiny.en`.
    pub name: String,
    /// What it is used for.
    pub kind: Kind,
    /// What it is good for, in one line.
    pub purpose: String,
    /// The licence, by its SPDX identifier or its name.
    pub licence: String,
    /// The text of the licence.
    pub licence_url: String,
    /// Whether its publisher wants agreement to the terms before anything can be fetched there.
    #[serde(default)]
    pub terms: bool,
    /// About how large it is in MiB, by its parameters and their type.
    #[serde(default)]
    pub about_mib: Option<u64>,
    /// The memory of its weights in MiB, where somebody measured it.
    #[serde(default)]
    pub memory_mib: Option<u64>,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name on disk.
    pub file: String,
    /// The addresses that have it, in the order in which they are tried.
    #[serde(rename = "url", deserialize_with = "one_or_more")]
    pub urls: Vec<String>,
    /// Its length in bytes, where it is known.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Its SHA-256 in hexadecimal digits, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Who says that this is its sum.
    #[serde(default)]
    pub sum_from: Option<String>,
    /// Whether somebody fetched it from these addresses with offhook.
    #[serde(default)]
    pub tried: bool,
}

/// The memory that a model's weights take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Somebody measured it. In MiB.
    Measured(u64),
    /// The lengths of its files, which is what weights take at least. In MiB.
    Computed(u64),
    /// By its parameters and their type. In MiB.
    Estimated(u64),
}

impl Model {
    /// The memory of the weights; `None` where the manifest knows nothing of it.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        self.memory_mib
            .map(Memory::Measured)
            .or_else(|| self.bytes().map(|bytes| Memory::Computed(mib(bytes))))
            .or_else(|| self.about_mib.map(Memory::Estimated))
    }

    /// The lengths of all its files together, if the manifest knows each.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.bytes?))
    }
}

/// Bytes as MiB, rounded up.
pub(crate) fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// A list may be written as the one thing that is in it.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an address, or a list of addresses: url = \"https://…\"")]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}
