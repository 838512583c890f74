//! The file of a model, read part by part into our own memory. Must not know the file's format, or models.
//!
//! The file is not mapped: mapped bytes change with the file, and if the file is cut short, the kernel ends
//! the process that reads them (SIGBUS). Bytes that were read stay, whatever becomes of the file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage};

use super::iq4;
use super::tensor_type::TensorType;
use crate::files::{self, Look};

/// An open file, and its `Look` when it was opened.
pub(super) struct StoredFile {
    file: File,
    opened: Look,
}

impl StoredFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = files::open(path)?;
        let opened = file.metadata()?.into();
        Ok(Self { file, opened })
    }

    /// The file itself, for reading from front to back.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The file's length in bytes when it was opened.
    pub(super) fn length(&self) -> u64 {
        self.opened.length()
    }

    /// Whether the file is unchanged since it was opened.
    pub(super) fn is_unchanged(&self) -> Result<bool> {
        Ok(Look::from(self.file.metadata()?) == self.opened)
    }

    /// Fills `bytes` with the file's bytes from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    /// Reads `bytes` bytes from `offset` on, as blocks of this type in the form that candle multiplies. Types
    /// that candle does not know become Q8_0.
    ///
    /// # Errors
    /// As for `read`, and `OutOfMemory`.
    pub(super) fn storage(
        &self,
        kind: TensorType,
        offset: u64,
        bytes: usize,
    ) -> Result<candle_core::Result<QStorage>> {
        // candle reads the blocks where the bytes lie, so these need an alignment that suits all types of
        // blocks.
        let mut aligned: Vec<u64> = Vec::new();
        aligned.try_reserve_exact(bytes.div_ceil(8)).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
        aligned.resize(bytes.div_ceil(8), 0);
        let blocks = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut aligned)[..bytes];
        self.read(offset, blocks)?;
        Ok(storage_of(kind, blocks))
    }
}

/// Blocks in the form that candle multiplies.
fn storage_of(kind: TensorType, blocks: &[u8]) -> candle_core::Result<QStorage> {
    let expanded = match (kind.in_candle(), kind) {
        (Some(kind), _) => return QStorage::from_data(Cow::Borrowed(blocks), &Device::Cpu, kind),
        (None, TensorType::Iq4Nl) => iq4::nl_as_q8_0(blocks),
        (None, TensorType::Iq4Xs) => iq4::xs_as_q8_0(blocks),
        (None, other) => candle_core::bail!("weights of the type {other:?} have no form here"),
    };
    let bytes = Cow::Borrowed(bytemuck::cast_slice(&expanded));
    QStorage::from_data(bytes, &Device::Cpu, GgmlDType::Q8_0)
}
