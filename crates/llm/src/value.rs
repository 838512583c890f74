//! The values of a GGUF file's metadata, and why a file cannot be read. Must not know how it is read.

use std::io::ErrorKind;

use crate::files::CHANGED;

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
    /// Well-formed, but of a kind that is not supported.
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
    #[error("tensor \"{0}\" is not part of a {1} model as supported here")]
    StrangeTensor(String, &'static str),
    #[error(
        "not enough memory for tensor \"{name}\" ({bytes} bytes): a smaller model or a coarser type may fit"
    )]
    Memory { name: String, bytes: usize },
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
}

impl From<std::io::Error> for GgufError {
    fn from(error: std::io::Error) -> Self {
        // No read goes beyond the file's original end, so the file has become shorter.
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
    /// Lists of lists, which no relevant key has. Their contents are not kept.
    Lists,
}
