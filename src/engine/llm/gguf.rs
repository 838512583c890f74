//! Opens files of the GGUF format: metadata, the table of tensors, and a tensor's bytes. Knows the format
//! and its limits, and must not know what a model does with any of it.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The header is read by `header`; the
//! tensors stay in the file (`stored`) until they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::Device;
use candle_core::quantized::QTensor;

use super::header::{Header, TensorInfo, limited};
use super::kernels::{Kernels, Matrix, Source};
use super::stored::StoredFile;
use crate::files::CHANGED;

/// Most metadata entries, and most tensors.
const MAX_ENTRIES: u64 = 1 << 16;
/// Alignment of the tensor data where the file names none.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Why a file cannot be read as GGUF.
#[derive(Debug, thiserror::Error)]
pub(super) enum GgufError {
    #[error("{0}")]
    Io(std::io::Error),
    #[error("{CHANGED}")]
    Changed,
    #[error("the file is empty")]
    Empty,
    #[error("this is not a GGUF file (it does not begin with \"GGUF\")")]
    NotGguf,
    #[error("GGUF version {0} is not supported (2 and 3 are)")]
    Version(u32),
    #[error("the file ends early, in {0}")]
    Truncated(String),
    #[error("{what} is {value}, more than the {limit} allowed")]
    Limit { what: String, value: u64, limit: u64 },
    #[error("the file is corrupt: {0}")]
    Corrupt(String),
    /// In order, and of a kind that is not known here.
    #[error("{0}")]
    Unsupported(String),
    #[error("metadata \"{0}\" is missing")]
    MissingKey(String),
    #[error("metadata \"{key}\" should be {expected}")]
    WrongType { key: String, expected: &'static str },
    #[error("tensor \"{0}\" is missing")]
    MissingTensor(String),
    #[error("tensor \"{name}\" has shape {found:?} where {expected:?} is needed")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("tensor \"{name}\" is of type {id}, which is not supported")]
    TensorType { name: String, id: u32 },
    #[error("tensor \"{0}\" is no part of a {1} model as it is understood")]
    StrangeTensor(String, &'static str),
    #[error(
        "there is no memory for tensor \"{name}\" ({bytes} bytes): a smaller model may fit, or a coarser type"
    )]
    Memory { name: String, bytes: usize },
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
}

impl From<std::io::Error> for GgufError {
    fn from(error: std::io::Error) -> Self {
        // Nothing is read beyond the end that the file had.
        if error.kind() == ErrorKind::UnexpectedEof { Self::Changed } else { Self::Io(error) }
    }
}

/// One metadata value. Numbers are widened; arrays keep one kind of element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Integer(i128),
    Float(f64),
    Bool(bool),
    Text(String),
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<String>),
    /// Lists of lists, which no key that matters has: what is in them is not kept.
    Lists,
}

/// An opened file whose header was read and checked.
pub(super) struct Gguf {
    stored: StoredFile,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorInfo>,
    /// Names of tensors that nobody has read yet.
    unread: Mutex<BTreeSet<String>>,
}

impl Gguf {
    /// Opens a file and reads its header. No tensor is read yet.
    pub(super) fn open(path: &Path) -> Result<Self, GgufError> {
        let stored = StoredFile::open(path)?;
        let length = stored.length();
        if length == 0 {
            return Err(GgufError::Empty);
        }
        let mut reader = Header::new(stored.file(), length);
        let magic: [u8; 4] = reader.bytes("the magic number")?;
        if &magic != b"GGUF" {
            return Err(GgufError::NotGguf);
        }
        let version = reader.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(GgufError::Version(version));
        }
        let tensor_count = limited("the number of tensors", reader.u64("the header")?, MAX_ENTRIES)?;
        let entry_count = limited("the number of metadata entries", reader.u64("the header")?, MAX_ENTRIES)?;
        let mut metadata = BTreeMap::new();
        for _ in 0..entry_count {
            let key = reader.text("a metadata key")?;
            let kind = reader.u32(&key)?;
            let value = reader.value(kind, &key)?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(GgufError::Corrupt(format!("metadata \"{key}\" stands there twice")));
            }
        }
        let mut raw = Vec::new();
        for _ in 0..tensor_count {
            raw.push(reader.tensor()?);
        }
        let alignment = match metadata.get("general.alignment") {
            None => DEFAULT_ALIGNMENT,
            Some(Value::Integer(n)) if (1..=1 << 20).contains(n) => {
                u64::try_from(*n).unwrap_or(DEFAULT_ALIGNMENT)
            }
            Some(_) => return Err(GgufError::Corrupt("general.alignment is not a sensible number".into())),
        };
        let start = reader.at.div_ceil(alignment) * alignment;
        drop(reader);
        let mut tensors = BTreeMap::new();
        for (name, mut info) in raw {
            info.offset = start
                .checked_add(info.offset)
                .ok_or_else(|| GgufError::Corrupt(format!("tensor \"{name}\" lies outside the file")))?;
            if info.offset.checked_add(info.bytes as u64).is_none_or(|end| end > length) {
                return Err(GgufError::Truncated(format!(
                    "tensor \"{name}\" (needs {} bytes at {}, the file has {length})",
                    info.bytes, info.offset
                )));
            }
            if tensors.insert(name.clone(), info).is_some() {
                return Err(GgufError::Corrupt(format!("tensor \"{name}\" stands there twice")));
            }
        }
        refuse_overlaps(&tensors)?;
        let unread = Mutex::new(tensors.keys().cloned().collect());
        Ok(Self { stored, metadata, tensors, unread })
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.stored.length()
    }

    /// A metadata value, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A text, if it is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(key, "a text")),
        }
    }

    /// A truth value, if it is there.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(key, "true or false")),
        }
    }

    /// A count that is not negative, if it is there.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Integer(n)) => {
                usize::try_from(*n).map(Some).map_err(|_| wrong(key, "a count that is not negative"))
            }
            Some(_) => Err(wrong(key, "a whole number")),
        }
    }

    /// A count that must be there.
    pub(super) fn required_count(&self, key: &str) -> Result<usize, GgufError> {
        self.count(key)?.ok_or_else(|| GgufError::MissingKey(key.to_owned()))
    }

    /// A number, if it is there.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Float(x)) if x.is_finite() => Ok(Some(*x)),
            Some(_) => Err(wrong(key, "a finite number")),
        }
    }

    /// True if the file has a tensor of this name.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor, rows first.
    pub(super) fn tensor_shape(&self, name: &str) -> Result<&[usize], GgufError> {
        let info = self.tensors.get(name).ok_or_else(|| GgufError::MissingTensor(name.to_owned()))?;
        Ok(&info.shape)
    }

    /// A tensor, whose shape must be `shape`, rows first.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<QTensor, GgufError> {
        let info = self.checked(name, shape)?;
        let storage = self.stored.storage(info.kind, info.offset, info.bytes);
        let storage = storage.map_err(|error| without_memory(error, name, info.bytes))?;
        Ok(QTensor::new(storage?, shape)?)
    }

    /// A matrix in the form that the kernels want; `None` if they have nothing for its type.
    pub(super) fn packed(
        &self,
        kernels: &Kernels,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Option<Matrix>, GgufError> {
        let info = self.checked(name, &[outputs, inputs])?;
        let read = |at: usize, bytes: &mut [u8]| self.stored.read(info.offset + at as u64, bytes);
        let source = Source { bytes: info.bytes, read: &read };
        let packed = kernels.pack(info.kind, source, outputs, inputs);
        packed.map_err(|error| without_memory(error, name, info.bytes))
    }

    /// Counts a tensor of this name and shape as read.
    fn checked(&self, name: &str, shape: &[usize]) -> Result<&TensorInfo, GgufError> {
        let info = self.tensors.get(name).ok_or_else(|| GgufError::MissingTensor(name.to_owned()))?;
        if info.shape != shape {
            return Err(GgufError::Shape {
                name: name.to_owned(),
                found: info.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        self.unread_names().remove(name);
        Ok(info)
    }

    /// Whether what was read so far is of one file: nobody has written to it meanwhile.
    pub(super) fn refuse_changes(&self) -> Result<(), GgufError> {
        if self.stored.is_unchanged()? { Ok(()) } else { Err(GgufError::Changed) }
    }

    /// The name of a tensor that begins like this and was not read, if there is one.
    pub(super) fn unread(&self, beginning: &str) -> Option<String> {
        let names = self.unread_names();
        let found = names.range(beginning.to_owned()..).next();
        found.filter(|name| name.starts_with(beginning)).cloned()
    }

    fn unread_names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a vector of numbers of any type as `f32`.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
        Ok(self.tensor(name, &[length])?.dequantize(&Device::Cpu)?.to_vec1::<f32>()?)
    }
}

/// What went wrong in reading a tensor.
fn without_memory(error: std::io::Error, name: &str, bytes: usize) -> GgufError {
    if error.kind() == ErrorKind::OutOfMemory {
        return GgufError::Memory { name: name.to_owned(), bytes };
    }
    error.into()
}

/// Each tensor has bytes of its own, so that all of them take no more memory than the file.
fn refuse_overlaps(tensors: &BTreeMap<String, TensorInfo>) -> Result<(), GgufError> {
    let mut ranges: Vec<_> =
        tensors.iter().map(|(name, info)| (info.offset, info.offset + info.bytes as u64, name)).collect();
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        if let [(_, end, name), (start, _, next)] = pair
            && start < end
        {
            return Err(GgufError::Corrupt(format!("tensors \"{name}\" and \"{next}\" overlap")));
        }
    }
    Ok(())
}

fn wrong(key: &str, expected: &'static str) -> GgufError {
    GgufError::WrongType { key: key.to_owned(), expected }
}
