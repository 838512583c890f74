//! Tensors that stay in the file, tables of tokens and what candle multiplies: it reads the mapped blocks
//! where they lie. Must not know the format of the file, nor models.
//!
//! candle itself copies what it is given (`QStorage::from_data`). Its storage is a trait, though, so these
//! are blocks that belong to the mapping. Pages are read when they are first needed, and the kernel may
//! drop them again. What candle repacks for its kernels, it copies still.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::fs::File;
use std::marker::PhantomData;
use std::sync::Arc;

use candle_core::quantized::k_quants::{
    self, BlockQ2K, BlockQ3K, BlockQ4_0, BlockQ4_1, BlockQ4K, BlockQ5_0, BlockQ5_1, BlockQ5K, BlockQ6K,
    BlockQ8_0, GgmlType,
};
use candle_core::quantized::{GgmlDType, QStorage, QuantizedType};
use candle_core::{CpuStorage, Device, Result};
use half::{bf16, f16};
use memmap2::{Mmap, UncheckedAdvice};

/// A file in memory. Cloning it gives another handle to the same one.
#[derive(Clone)]
pub(super) struct Mapping {
    map: Arc<Mmap>,
}

impl Mapping {
    /// Maps a file that is not empty.
    pub(super) fn new(file: &File) -> std::io::Result<Self> {
        // SAFETY: the bytes must not change while they are mapped. They are read only, and a model's file is
        // replaced by renaming another one to its name, which leaves this one as it is (docs/decisions, 1).
        let map = unsafe { Mmap::map(file)? };
        Ok(Self { map: Arc::new(map) })
    }

    /// Blocks of this type, of so many bytes at an offset.
    pub(super) fn storage(&self, kind: GgmlDType, offset: u64, bytes: usize) -> Result<QStorage> {
        let Some(data) = self.bytes(offset, bytes) else {
            candle_core::bail!("{bytes} bytes at {offset} are not in the file");
        };
        let mapped = match kind {
            GgmlDType::F32 => self.blocks::<f32>(data),
            GgmlDType::F16 => self.blocks::<f16>(data),
            GgmlDType::BF16 => self.blocks::<bf16>(data),
            GgmlDType::Q4_0 => self.blocks::<BlockQ4_0>(data),
            GgmlDType::Q4_1 => self.blocks::<BlockQ4_1>(data),
            GgmlDType::Q5_0 => self.blocks::<BlockQ5_0>(data),
            GgmlDType::Q5_1 => self.blocks::<BlockQ5_1>(data),
            GgmlDType::Q8_0 => self.blocks::<BlockQ8_0>(data),
            GgmlDType::Q2K => self.blocks::<BlockQ2K>(data),
            GgmlDType::Q3K => self.blocks::<BlockQ3K>(data),
            GgmlDType::Q4K => self.blocks::<BlockQ4K>(data),
            GgmlDType::Q5K => self.blocks::<BlockQ5K>(data),
            GgmlDType::Q6K => self.blocks::<BlockQ6K>(data),
            // Types of sums, which no file holds.
            GgmlDType::Q8_1 | GgmlDType::Q8K => None,
        };
        match mapped {
            Some(storage) => Ok(storage),
            // Files of another alignment: into memory of our own, which has every alignment.
            None => {
                let mut aligned = vec![0_u64; bytes.div_ceil(8)];
                for (to, from) in aligned.iter_mut().zip(data.chunks(8)) {
                    let mut eight = [0; 8];
                    eight.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                    *to = u64::from_ne_bytes(eight);
                }
                // SAFETY: these bytes are those of `aligned`, which has at least `bytes` of them.
                let copy = unsafe { std::slice::from_raw_parts(aligned.as_ptr().cast::<u8>(), bytes) };
                QStorage::from_data(Cow::Borrowed(copy), &Device::Cpu, kind)
            }
        }
    }

    /// So many bytes at an offset, if the file has them.
    pub(super) fn bytes(&self, offset: u64, bytes: usize) -> Option<&[u8]> {
        let at = usize::try_from(offset).ok()?;
        self.map.get(at..at.checked_add(bytes)?)
    }

    /// Lets go of what is in memory of these bytes; what is needed comes back by itself.
    pub(super) fn release(&self, offset: u64, bytes: usize) {
        let Ok(at) = usize::try_from(offset) else { return };
        // SAFETY: the mapping is of a file, shared with it and never written to, so that a dropped page is
        // read from the file again with the same bytes.
        let released = unsafe { self.map.unchecked_advise_range(UncheckedAdvice::DontNeed, at, bytes) };
        if let Err(error) = released {
            tracing::debug!(%error, "the model's pages stay in memory");
        }
    }

    /// Lets go of all that is in memory. After the warm-up, that is what candle has no copy of.
    pub(super) fn release_all(&self) {
        self.release(0, self.map.len());
    }

    /// `None` if the data is not aligned for `T`, or no whole number of blocks.
    fn blocks<T: GgmlType + Send + Sync + 'static>(&self, data: &[u8]) -> Option<QStorage> {
        let start = data.as_ptr().cast::<T>();
        if !start.is_aligned() || !data.len().is_multiple_of(size_of::<T>()) {
            return None;
        }
        let offset = data.as_ptr() as usize - self.map.as_ptr() as usize;
        let count = data.len() / size_of::<T>();
        let map = Arc::clone(&self.map);
        Some(QStorage::Cpu(Box::new(Blocks::<T> { map, offset, count, kind: PhantomData })))
    }
}

/// Blocks in a mapped file: `count` of them, `offset` bytes from its start. Made by `Mapping::blocks` alone,
/// which has checked that they lie in the file, aligned.
struct Blocks<T> {
    map: Arc<Mmap>,
    offset: usize,
    count: usize,
    kind: PhantomData<T>,
}

impl<T: GgmlType> Blocks<T> {
    fn as_slice(&self) -> &[T] {
        // SAFETY: `Mapping::blocks` took offset and count from a slice of this mapping that is aligned for
        // `T`; the mapping lives as long as `self`. The block types and floats are plain numbers, for which
        // every pattern of bits is a value.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(self.offset).cast::<T>(), self.count) }
    }
}

impl<T: GgmlType + Send + Sync> QuantizedType for Blocks<T> {
    fn dtype(&self) -> GgmlDType {
        T::DTYPE
    }

    fn matmul_t(&self, mkn: (usize, usize, usize), lhs: &[f32], dst: &mut [f32]) -> Result<()> {
        k_quants::matmul(mkn, lhs, self.as_slice(), dst)
    }

    fn matmul_t_f16(&self, mkn: (usize, usize, usize), lhs: &[f16], dst: &mut [f16]) -> Result<()> {
        k_quants::matmul_f16(mkn, lhs, self.as_slice(), dst)
    }

    fn embedding(&self, ids: &[u32], rows: usize, hidden: usize) -> Result<CpuStorage> {
        let blocks = hidden / T::BLCK_SIZE;
        if !hidden.is_multiple_of(T::BLCK_SIZE) || blocks == 0 || self.count != rows * blocks {
            candle_core::bail!("{rows} rows of {hidden} are not {} blocks", self.count);
        }
        let mut out = vec![0.0; ids.len() * hidden];
        for (&id, out) in ids.iter().zip(out.chunks_exact_mut(hidden)) {
            let Some(row) = self.as_slice().chunks_exact(blocks).nth(id as usize) else {
                candle_core::bail!("row {id} is not one of {rows}");
            };
            T::to_float(row, out);
        }
        Ok(CpuStorage::F32(out))
    }

    fn dequantize(&self, elem_count: usize) -> Result<CpuStorage> {
        if elem_count != self.count * T::BLCK_SIZE {
            candle_core::bail!("{elem_count} numbers are not {} blocks", self.count);
        }
        let mut out = vec![0.0; elem_count];
        T::to_float(self.as_slice(), &mut out);
        Ok(CpuStorage::F32(out))
    }

    fn storage_size_in_bytes(&self) -> usize {
        self.size()
    }

    fn as_ptr(&self) -> *const u8 {
        self.as_slice().as_ptr().cast()
    }

    fn block_size(&self) -> usize {
        T::BLCK_SIZE
    }

    /// Not possible: the blocks belong to the file. candle calls it on storage that it made itself.
    fn from_float(&mut self, _: &[f32]) {}

    /// Not possible either.
    fn from_float_imatrix(&mut self, _: &[f32], _: &[f32], _: usize) {}

    fn size(&self) -> usize {
        self.count * size_of::<T>()
    }
}
