//! Products of matrices and input rows, in vector instructions that are chosen at run time, and the threads
//! that share the work.
//!
//! The weights are packed once, when a model is loaded, into panels of sixteen outputs side by side
//! (`file_blocks`, `format`, `codes`). The same panel serves one row or many. Inputs are quantised once,
//! however many matrices they are multiplied with (`quantized_input`). A kernel (`flat`, `nested` and
//! `floats`, with `tile`) multiplies a few rows with one panel, in the instructions of an `isa`. `dispatch`
//! compiles a kernel for several numbers of rows, up to the most that fit into the registers. `matrix`
//! distributes the panels over the threads of `thread_pool`.
//!
//! candle multiplies matrices with fewer outputs than a panel, or with floats in rows that are no multiple of
//! 32, and all matrices where the processor has none of these instructions.
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, unreachable_code, unused_imports, unused_unsafe, unused_variables)
)]

#[cfg(target_arch = "x86_64")]
mod activation;
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod codes;
mod dispatch;
mod file_blocks;
mod flat;
mod floats;
mod format;
mod isa;
mod matrix;
mod nested;
mod quantized_input;
mod roofline;
mod simd;
mod thread_pool;
mod tile;
mod unpack;

use super::tensor_type::TensorType;

pub(super) use activation::{Activation, exp, fused, gated};
use isa::Isa;
pub use isa::KernelChoice;
pub(super) use matrix::{Matrix, Section, Source};
pub(super) use quantized_input::QuantizedInput;
pub(super) use roofline::Roofline;
pub(super) use thread_pool::{OnDuty, ThreadPool};

/// The instruction set and the threads of one model.
pub(super) struct Kernels {
    isa: Option<Isa>,
    workers: ThreadPool,
}

impl Kernels {
    /// The chosen instruction set, and a pool of `threads` threads, but at most one per core.
    ///
    /// # Errors
    /// If this processor lacks the chosen instructions.
    pub(super) fn new(choice: KernelChoice, threads: usize) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { isa: choice.isa()?, workers: ThreadPool::new(threads.min(cores)) })
    }

    /// Keeps the threads awake for a pass through the model. `None` where candle multiplies, because candle's
    /// own threads need the cores.
    pub(super) fn on_duty(&self) -> Option<OnDuty<'_>> {
        self.isa.is_some().then(|| self.workers.on_duty())
    }

    /// The thread pool.
    pub(super) fn workers(&self) -> &ThreadPool {
        &self.workers
    }

    /// Measures the limits of this machine. `None` where there are no kernels, or not enough memory to
    /// measure.
    pub(super) fn roofline(&self) -> Option<Roofline<'_>> {
        Roofline::new(self.isa?, &self.workers).ok()
    }

    /// The kernels in use.
    pub(super) fn choice(&self) -> KernelChoice {
        self.isa.map_or(KernelChoice::Candle, Isa::choice)
    }

    /// Packs a matrix of this type; `None` if there are no kernels for its shape, or on this machine.
    ///
    /// # Errors
    /// `OutOfMemory`, or the error of reading the source.
    pub(super) fn pack(
        &self,
        kind: TensorType,
        source: Source<'_>,
        outputs: usize,
        inputs: usize,
    ) -> std::io::Result<Option<Matrix>> {
        let _on_duty = self.workers.on_duty();
        match self.isa {
            Some(isa) => Matrix::pack(isa, &self.workers, kind, source, outputs, inputs),
            None => Ok(None),
        }
    }

    /// Multiplies each row of the input with these outputs of a matrix.
    ///
    /// # Panics
    /// If the rows do not have the width of the matrix.
    pub(super) fn multiply(&self, section: Section<'_>, input: &QuantizedInput) -> Vec<f32> {
        section.multiply(&self.workers, input)
    }

    /// Multiplies each row of the input with both, and gates the product of `up` with the product of `gate`.
    ///
    /// # Panics
    /// If the rows do not have the width of both matrices, or the numbers of outputs differ.
    pub(super) fn gated(
        &self,
        gate: Section<'_>,
        up: Section<'_>,
        activation: Activation,
        input: &QuantizedInput,
    ) -> Vec<f32> {
        gate.gated(up, activation, &self.workers, input)
    }
}

#[cfg(test)]
mod tests;
