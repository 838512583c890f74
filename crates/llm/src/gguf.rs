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
use super::stored::StoredFile;
use super::tensor_type::TensorType;
use super::value::{GgufError, Value};

/// The maximum number of metadata entries, and of tensors.
const MAX_ENTRIES: u64 = 1 << 16;
/// Alignment of the tensor data where the file names none.
const DEFAULT_ALIGNMENT: u64 = 32;

/// An opened file whose header was read and checked.
pub(super) struct Gguf {
    stored: StoredFile,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorInfo>,
    /// Names of the tensors that are not read yet.
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
                return Err(GgufError::Corrupt(format!("metadata \"{key}\" appears twice")));
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
            Some(_) => return Err(GgufError::Corrupt("general.alignment is not from 1 to 1048576".into())),
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
                return Err(GgufError::Corrupt(format!("tensor \"{name}\" appears twice")));
            }
        }
        refuse_overlaps(&tensors)?;
        let unread = Mutex::new(tensors.keys().cloned().collect());
        Ok(Self { stored, metadata, tensors, unread })
    }

    /// The length of the file, in bytes.
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

    /// A boolean, if it is there.
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

    /// Checks that a tensor is there, in this shape, rows first. Does not count as read.
    pub(super) fn expect(&self, name: &str, expected: &[usize]) -> Result<(), GgufError> {
        let found = self.tensor_shape(name)?;
        if found == expected {
            return Ok(());
        }
        Err(GgufError::Shape { name: name.to_owned(), found: found.to_vec(), expected: expected.to_vec() })
    }

    /// A tensor, whose shape must be `shape`, rows first.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<QTensor, GgufError> {
        let info = self.checked(name, shape)?;
        let storage = self.stored.storage(info.kind, info.offset, info.bytes);
        let storage = storage.map_err(|error| without_memory(error, name, info.bytes))?;
        Ok(QTensor::new(storage?, shape)?)
    }

    /// A matrix as it is stored, to be read in parts.
    pub(super) fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<StoredMatrix<'_>, GgufError> {
        let info = self.checked(name, &[rows, columns])?;
        Ok(StoredMatrix { stored: &self.stored, info, name: name.to_owned() })
    }

    /// Looks up a tensor, checks its shape and marks it as read.
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

    /// Refuses a file that has changed since it was opened.
    pub(super) fn refuse_changes(&self) -> Result<(), GgufError> {
        if self.stored.is_unchanged()? { Ok(()) } else { Err(GgufError::Changed) }
    }

    /// The name of a tensor that starts with `beginning` and is not read yet, if there is one.
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

/// A matrix of a file, in the file's own form.
pub(super) struct StoredMatrix<'a> {
    stored: &'a StoredFile,
    info: &'a TensorInfo,
    name: String,
}

impl StoredMatrix<'_> {
    pub(super) fn kind(&self) -> TensorType {
        self.info.kind
    }

    pub(super) fn bytes(&self) -> usize {
        self.info.bytes
    }

    /// Fills `bytes` with the matrix's bytes from `at` on.
    pub(super) fn read(&self, at: usize, bytes: &mut [u8]) -> std::io::Result<()> {
        self.stored.read(self.info.offset + at as u64, bytes)
    }

    /// The error of a failed read of the matrix.
    pub(super) fn failed(&self, error: std::io::Error) -> GgufError {
        without_memory(error, &self.name, self.info.bytes)
    }
}

/// The error of a failed read of a tensor.
fn without_memory(error: std::io::Error, name: &str, bytes: usize) -> GgufError {
    if error.kind() == ErrorKind::OutOfMemory {
        return GgufError::Memory { name: name.to_owned(), bytes };
    }
    error.into()
}

/// Refuses tensors that share bytes, so that all tensors together take no more memory than the file.
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
