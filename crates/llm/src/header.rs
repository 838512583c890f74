//! Reads the header of a GGUF file front to back: counts, metadata, the table of tensors. Every length is
//! checked against a limit of its own and against the bytes that are left of the file, so that the memory in
//! use is at most a few times the size of the file. Must not know what any of it means to a model.

use std::fs::File;
use std::io::{BufReader, Read};

use super::tensor_type::TensorType;
use super::value::{GgufError, Value};

/// Maximum length of a text in the metadata, in bytes (chat templates are a few kilobytes).
const MAX_TEXT: u64 = 1 << 22;
/// Maximum length of an array in the metadata (the largest vocabularies have about 300,000 tokens).
const MAX_ARRAY: u64 = 1 << 22;
/// Maximum depth of lists in lists.
const MAX_NESTING: usize = 8;
/// Maximum number of dimensions of a tensor (`GGML_MAX_DIMS`).
const MAX_DIMENSIONS: u32 = 4;

/// The shape, type and place of a tensor.
#[derive(Debug, Clone)]
pub(super) struct TensorInfo {
    /// Rows first, as candle and PyTorch write it (the file has it the other way round).
    pub(super) shape: Vec<usize>,
    pub(super) kind: TensorType,
    /// In bytes. The file counts it from the start of the tensor data, and `gguf` from the start of the file.
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

/// `value`, unless it is above `limit`.
pub(super) fn limited(what: &str, value: u64, limit: u64) -> Result<u64, GgufError> {
    if value > limit { Err(GgufError::Limit { what: what.to_owned(), value, limit }) } else { Ok(value) }
}

/// Reads a header front to back, and always knows how many bytes are left.
pub(super) struct Header<'a> {
    reader: BufReader<&'a File>,
    /// Bytes read so far.
    pub(super) at: u64,
    length: u64,
}

impl<'a> Header<'a> {
    /// Begins at the start of a file of `length` bytes.
    pub(super) fn new(file: &'a File, length: u64) -> Self {
        Self { reader: BufReader::new(file), at: 0, length }
    }

    fn left(&self) -> u64 {
        self.length.saturating_sub(self.at)
    }

    pub(super) fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        if self.left() < N as u64 {
            return Err(GgufError::Truncated(what.to_owned()));
        }
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes(what)?))
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String, GgufError> {
        let length = limited(&format!("the length of {what}"), self.u64(what)?, MAX_TEXT)?;
        if length > self.left() {
            return Err(GgufError::Truncated(what.to_owned()));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.reader.read_exact(&mut bytes)?;
        self.at += length;
        // Not every writer keeps to UTF-8. Invalid bytes become U+FFFD and harm no other text.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn value(&mut self, kind: u32, key: &str) -> Result<Value, GgufError> {
        Ok(match kind {
            6 | 12 => Value::Float(self.float(kind, key)?),
            7 => Value::Bool(self.bytes::<1>(key)? != [0]),
            8 => Value::Text(self.text(key)?),
            9 => {
                let (kind, length) = self.list(key)?;
                self.array(kind, length, key, 0)?
            }
            kind => Value::Integer(self.integer(kind, key)?),
        })
    }

    /// The type and the number of a list's elements.
    fn list(&mut self, key: &str) -> Result<(u32, u64), GgufError> {
        let kind = self.u32(key)?;
        Ok((kind, limited(&format!("the length of \"{key}\""), self.u64(key)?, MAX_ARRAY)?))
    }

    fn array(&mut self, kind: u32, length: u64, key: &str, depth: usize) -> Result<Value, GgufError> {
        if self.left() < length {
            return Err(GgufError::Truncated(key.to_owned()));
        }
        if depth > MAX_NESTING {
            return Err(GgufError::Corrupt(format!("metadata \"{key}\" nests lists too deeply")));
        }
        Ok(match kind {
            6 | 12 => Value::Floats(
                (0..length).map(|_| Ok(self.float(kind, key)? as f32)).collect::<Result<_, GgufError>>()?,
            ),
            8 => Value::Texts((0..length).map(|_| self.text(key)).collect::<Result<_, _>>()?),
            9 => {
                for _ in 0..length {
                    let (kind, length) = self.list(key)?;
                    self.array(kind, length, key, depth + 1)?;
                }
                Value::Lists
            }
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

    /// One row of the tensor table. Its offset counts from the start of the tensor data.
    pub(super) fn tensor(&mut self) -> Result<(String, TensorInfo), GgufError> {
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
        let kind = TensorType::of(id).ok_or_else(|| GgufError::TensorType { name: name.clone(), id })?;
        let row = shape.last().copied().unwrap_or(1);
        if row == 0 || !row.is_multiple_of(kind.block_weights()) {
            return Err(GgufError::Corrupt(format!(
                "a row of tensor \"{name}\" is no whole number of blocks of its type"
            )));
        }
        let bytes = elements
            .and_then(|n| (n / kind.block_weights()).checked_mul(kind.block_bytes()))
            .ok_or_else(|| GgufError::Corrupt(format!("tensor \"{name}\" is too large")))?;
        Ok((name, TensorInfo { shape, kind, offset, bytes }))
    }
}
