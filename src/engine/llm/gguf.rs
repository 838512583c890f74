//! Reads the GGUF file format: metadata, the table of tensors, and a tensor's bytes. Knows the format
//! and its limits, and must not know what a model does with any of it.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. The header is read with limits
//! of its own, and every length in it is checked against the bytes the file still has, so that what is
//! kept in memory is at most a few times what the file holds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};

/// Longest text in the metadata, in bytes (chat templates are a few kilobytes).
const MAX_TEXT: u64 = 1 << 22;
/// Longest array in the metadata (the largest vocabularies have about 300,000 tokens).
const MAX_ARRAY: u64 = 1 << 22;
/// Most metadata entries, and most tensors.
const MAX_ENTRIES: u64 = 1 << 16;
/// Most dimensions of a tensor (`GGML_MAX_DIMS`).
const MAX_DIMENSIONS: u32 = 4;
/// Alignment of the tensor data where the file names none.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Why a file cannot be read as GGUF.
#[derive(Debug, thiserror::Error)]
pub(super) enum GgufError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
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
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
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
}

/// Where a tensor lies and what it is.
#[derive(Debug, Clone)]
struct TensorInfo {
    /// Rows first, as candle and PyTorch write it (the file has it the other way round).
    shape: Vec<usize>,
    kind: GgmlDType,
    /// From the start of the file, in bytes.
    offset: u64,
    bytes: usize,
}

/// An opened file whose header was read and checked.
pub(super) struct Gguf {
    file: Mutex<File>,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorInfo>,
}

impl Gguf {
    /// Opens a file and reads its header. No tensor is read yet.
    pub(super) fn open(path: &Path) -> Result<Self, GgufError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Err(GgufError::Empty);
        }
        let mut reader = Header { reader: BufReader::new(&file), at: 0, length };
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
        Ok(Self { file: Mutex::new(file), metadata, tensors })
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

    /// Reads a tensor, whose shape must be `shape`, rows first.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<QTensor, GgufError> {
        let info = self.tensors.get(name).ok_or_else(|| GgufError::MissingTensor(name.to_owned()))?;
        if info.shape != shape {
            return Err(GgufError::Shape {
                name: name.to_owned(),
                found: info.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        let mut bytes = vec![0_u8; info.bytes];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(info.offset))?;
            file.read_exact(&mut bytes)?;
        }
        let storage = QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, info.kind)?;
        Ok(QTensor::new(storage, shape)?)
    }

    /// Reads a vector of numbers of any type as `f32`.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
        Ok(self.tensor(name, &[length])?.dequantize(&Device::Cpu)?.to_vec1::<f32>()?)
    }
}

fn wrong(key: &str, expected: &'static str) -> GgufError {
    GgufError::WrongType { key: key.to_owned(), expected }
}

fn limited(what: &str, value: u64, limit: u64) -> Result<u64, GgufError> {
    if value > limit { Err(GgufError::Limit { what: what.to_owned(), value, limit }) } else { Ok(value) }
}

/// The numbers of `enum ggml_type` that candle computes with.
fn tensor_type(id: u32) -> Option<GgmlDType> {
    Some(match id {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// The header, read front to back, with the bytes that are left always known.
struct Header<'a> {
    reader: BufReader<&'a File>,
    at: u64,
    length: u64,
}

impl Header<'_> {
    fn left(&self) -> u64 {
        self.length.saturating_sub(self.at)
    }

    fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        if self.left() < N as u64 {
            return Err(GgufError::Truncated(what.to_owned()));
        }
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes(what)?))
    }

    fn text(&mut self, what: &str) -> Result<String, GgufError> {
        let length = limited(&format!("the length of {what}"), self.u64(what)?, MAX_TEXT)?;
        if length > self.left() {
            return Err(GgufError::Truncated(what.to_owned()));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.reader.read_exact(&mut bytes)?;
        self.at += length;
        // Not every writer keeps to UTF-8; what is not becomes U+FFFD and harms only itself.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn value(&mut self, kind: u32, key: &str) -> Result<Value, GgufError> {
        Ok(match kind {
            6 | 12 => Value::Float(self.float(kind, key)?),
            7 => Value::Bool(self.bytes::<1>(key)? != [0]),
            8 => Value::Text(self.text(key)?),
            9 => {
                let kind = self.u32(key)?;
                let length = limited(&format!("the length of \"{key}\""), self.u64(key)?, MAX_ARRAY)?;
                self.array(kind, length, key)?
            }
            kind => Value::Integer(self.integer(kind, key)?),
        })
    }

    fn array(&mut self, kind: u32, length: u64, key: &str) -> Result<Value, GgufError> {
        if self.left() < length {
            return Err(GgufError::Truncated(key.to_owned()));
        }
        Ok(match kind {
            6 | 12 => Value::Floats(
                (0..length).map(|_| Ok(self.float(kind, key)? as f32)).collect::<Result<_, GgufError>>()?,
            ),
            8 => Value::Texts((0..length).map(|_| self.text(key)).collect::<Result<_, _>>()?),
            9 => return Err(GgufError::Corrupt(format!("metadata \"{key}\" is an array of arrays"))),
            kind => Value::Integers(
                (0..length)
                    .map(|_| {
                        let n = self.integer(kind, key)?;
                        i64::try_from(n)
                            .map_err(|_| GgufError::Corrupt(format!("a number in \"{key}\" is too large")))
                    })
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    fn integer(&mut self, kind: u32, key: &str) -> Result<i128, GgufError> {
        Ok(match kind {
            0 | 7 => i128::from(u8::from_le_bytes(self.bytes(key)?)),
            1 => i128::from(i8::from_le_bytes(self.bytes(key)?)),
            2 => i128::from(u16::from_le_bytes(self.bytes(key)?)),
            3 => i128::from(i16::from_le_bytes(self.bytes(key)?)),
            4 => i128::from(self.u32(key)?),
            5 => i128::from(i32::from_le_bytes(self.bytes(key)?)),
            10 => i128::from(self.u64(key)?),
            11 => i128::from(i64::from_le_bytes(self.bytes(key)?)),
            _ => return Err(GgufError::Corrupt(format!("metadata \"{key}\" is of unknown type {kind}"))),
        })
    }

    fn float(&mut self, kind: u32, key: &str) -> Result<f64, GgufError> {
        Ok(if kind == 6 {
            f64::from(f32::from_le_bytes(self.bytes(key)?))
        } else {
            f64::from_le_bytes(self.bytes(key)?)
        })
    }

    /// One row of the tensor table; its offset is still from the start of the data.
    fn tensor(&mut self) -> Result<(String, TensorInfo), GgufError> {
        let name = self.text("a tensor's name")?;
        let dimensions = self.u32(&name)?;
        limited(
            &format!("the dimensions of tensor \"{name}\""),
            u64::from(dimensions),
            u64::from(MAX_DIMENSIONS),
        )?;
        let mut shape = Vec::new();
        let mut elements = Some(1_usize);
        for _ in 0..dimensions {
            let length = self.u64(&name)?;
            let length = usize::try_from(length)
                .map_err(|_| GgufError::Corrupt(format!("tensor \"{name}\" is too large")))?;
            elements = elements.and_then(|n| n.checked_mul(length));
            shape.push(length);
        }
        shape.reverse();
        let id = self.u32(&name)?;
        let offset = self.u64(&name)?;
        let kind = tensor_type(id).ok_or_else(|| GgufError::TensorType { name: name.clone(), id })?;
        let row = shape.last().copied().unwrap_or(1);
        if row == 0 || row % kind.block_size() != 0 {
            return Err(GgufError::Corrupt(format!(
                "a row of tensor \"{name}\" is not whole blocks of its type"
            )));
        }
        let bytes = elements
            .and_then(|n| (n / kind.block_size()).checked_mul(kind.type_size()))
            .ok_or_else(|| GgufError::Corrupt(format!("tensor \"{name}\" is too large")))?;
        Ok((name, TensorInfo { shape, kind, offset, bytes }))
    }
}
