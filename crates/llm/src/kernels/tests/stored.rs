//! Matrices as files hold them, for the tests of the kernels: random, and their weights by candle or as ggml
//! computes them. Must not know how they are packed.

use std::borrow::Cow;

use candle_core::Device;
use candle_core::quantized::{QStorage, QTensor};
use half::{bf16, f16};

use super::super::super::tensor_type::TensorType;
use super::super::super::test_model::Random;
use super::super::{Kernels, Matrix, Source};

/// Packs a matrix that lies in memory.
pub(super) fn packed(
    kernels: &Kernels,
    kind: TensorType,
    bytes: &[u8],
    outputs: usize,
    inputs: usize,
) -> Option<Matrix> {
    let read = |at: usize, to: &mut [u8]| {
        to.copy_from_slice(&bytes[at..at + to.len()]);
        Ok(())
    };
    kernels.pack(kind, Source { bytes: bytes.len(), read: &read }, outputs, inputs).unwrap()
}

/// A matrix as stored in a file. All bytes are equally likely, except those of the scales, which are numbers.
pub(super) struct Stored {
    pub(super) kind: TensorType,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    bytes: Vec<u8>,
}

impl Stored {
    pub(super) fn random(kind: TensorType, outputs: usize, blocks: usize, seed: u64) -> Self {
        Self::filled(kind, outputs, blocks, seed, |random| random.bits() as u8)
    }

    pub(super) fn filled(
        kind: TensorType,
        outputs: usize,
        blocks: usize,
        seed: u64,
        byte: impl Fn(&mut Random) -> u8,
    ) -> Self {
        let inputs = blocks * kind.span();
        let mut random = Random(seed | 1);
        let mut bytes: Vec<u8> =
            (0..outputs * blocks * kind.file_bytes()).map(|_| byte(&mut random)).collect();
        // Floats, and scales and minima, are numbers of 16 bits.
        let numbers: &[usize] = match kind {
            TensorType::F32 | TensorType::F16 | TensorType::BF16 => &[0],
            TensorType::Q4_0 | TensorType::Q5_0 | TensorType::Q8_0 => &[0],
            TensorType::Iq4Nl | TensorType::Iq4Xs => &[0],
            TensorType::Q4_1 | TensorType::Q5_1 | TensorType::Q4K | TensorType::Q5K => &[0, 2],
            TensorType::Q2K => &[80, 82],
            TensorType::Q3K => &[108],
            TensorType::Q6K => &[208],
        };
        for block in bytes.chunks_exact_mut(kind.block_bytes()) {
            for &at in numbers {
                let number = random.next() * 0.01;
                if kind == TensorType::F32 {
                    block.copy_from_slice(&number.to_le_bytes());
                } else if kind == TensorType::BF16 {
                    block.copy_from_slice(&bf16::from_f32(number).to_le_bytes());
                } else {
                    block[at..at + 2].copy_from_slice(&f16::from_f32(number).to_le_bytes());
                }
            }
        }
        Self { kind, outputs, inputs, bytes }
    }

    /// The weights, row by row.
    pub(super) fn weights(&self) -> Vec<f32> {
        let Some(kind) = self.kind.in_candle() else { return self.looked_up() };
        let storage = QStorage::from_data(Cow::Borrowed(&self.bytes), &Device::Cpu, kind).unwrap();
        let tensor = QTensor::new(storage, (self.outputs, self.inputs)).unwrap();
        tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The weights of IQ4_NL and IQ4_XS, as ggml computes them.
    fn looked_up(&self) -> Vec<f32> {
        let numbers: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
        let mut weights = Vec::new();
        for block in self.bytes.chunks_exact(self.kind.file_bytes()) {
            let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
            let (header, codes) = block.split_at(if self.kind == TensorType::Iq4Xs { 8 } else { 2 });
            for (group, codes) in codes.chunks_exact(16).enumerate() {
                let scale = if self.kind == TensorType::Iq4Xs {
                    let high = u32::from(header[2]) | u32::from(header[3]) << 8;
                    let low = u32::from(header[4 + group / 2]) >> (4 * (group % 2)) & 15;
                    scale * ((low | (high >> (2 * group) & 3) << 4) as f32 - 32.0)
                } else {
                    scale
                };
                for shift in [0, 4] {
                    weights.extend(
                        codes.iter().map(|byte| scale * f32::from(numbers[usize::from(byte >> shift & 15)])),
                    );
                }
            }
        }
        weights
    }

    pub(super) fn packed(&self, kernels: &Kernels) -> Matrix {
        packed(kernels, self.kind, &self.bytes, self.outputs, self.inputs).unwrap()
    }
}
