//! The file of a model, read piece by piece into memory of our own. Must not know the format of the file, nor
//! models.
//!
//! It is not mapped: mapped bytes change with the file, and where it was cut short the kernel ends the process that
//! reads them (SIGBUS). What was read stays, whatever becomes of the file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage};

use crate::files::{self, Look};

/// An open file, and what it looked like when it was opened.
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

    /// For who reads it front to back.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Bytes that it had when it was opened.
    pub(super) fn length(&self) -> u64 {
        self.opened.length()
    }

    /// Whether nobody has written to it since it was opened.
    pub(super) fn is_unchanged(&self) -> Result<bool> {
        Ok(Look::from(self.file.metadata()?) == self.opened)
    }

    /// Fills `bytes` with what lies at an offset.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    /// Blocks of this type, of so many bytes at an offset, in the form that candle multiplies.
    ///
    /// # Errors
    /// As `read`; `OutOfMemory`.
    pub(super) fn storage(
        &self,
        kind: GgmlDType,
        offset: u64,
        bytes: usize,
    ) -> Result<candle_core::Result<QStorage>> {
        // candle takes them for blocks where they lie, so they need an alignment that all types of blocks can have.
        let mut aligned: Vec<u64> = Vec::new();
        aligned.try_reserve_exact(bytes.div_ceil(8)).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
        aligned.resize(bytes.div_ceil(8), 0);
        let blocks = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut aligned)[..bytes];
        self.read(offset, blocks)?;
        Ok(QStorage::from_data(Cow::Borrowed(blocks), &Device::Cpu, kind))
    }
}
