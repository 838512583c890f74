//! Products of quantised matrices and rows, in vector instructions that are chosen when the program runs, and the
//! threads that share them.
//!
//! The weights are packed once, when a model is loaded, into panels of sixteen outputs side by side (`format`,
//! `codes`): the same panel serves one row and many. Inputs are quantised once, whatever number of matrices they
//! go into (`quantized_input`). A kernel (`tile`) multiplies some rows with one panel, in the instructions of an `isa`;
//! `dispatch` compiles one for every number of rows that fits into the registers. `matrix` shares panels out to the
//! threads of `thread_pool`.
//!
//! Where the processor has none of these instructions, or a matrix is of another type, candle multiplies it.
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
mod format;
mod isa;
mod matrix;
mod quantized_input;
mod roofline;
mod simd;
mod thread_pool;
mod tile;
mod unpack;

use candle_core::quantized::GgmlDType;

pub(super) use activation::{Activation, exp, fused, gated};
use format::Format;
use isa::Isa;
pub use isa::KernelChoice;
pub(super) use matrix::{Matrix, Section, Source};
pub(super) use quantized_input::QuantizedInput;
pub(super) use roofline::Roofline;
pub(super) use thread_pool::{OnDuty, ThreadPool};

/// The instructions and the threads of one model.
pub(super) struct Kernels {
    isa: Option<Isa>,
    workers: ThreadPool,
}

impl Kernels {
    /// What was chosen, and a pool of that many threads, but of no more than one for each core.
    ///
    /// # Errors
    /// If this processor has not the instructions that were chosen.
    pub(super) fn new(choice: KernelChoice, threads: usize) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { isa: choice.isa()?, workers: ThreadPool::new(threads.min(cores)) })
    }

    /// Keeps the threads awake for a pass through the model; where candle multiplies, its own threads need the cores.
    pub(super) fn on_duty(&self) -> Option<OnDuty<'_>> {
        self.isa.is_some().then(|| self.workers.on_duty())
    }

    /// The threads.
    pub(super) fn workers(&self) -> &ThreadPool {
        &self.workers
    }

    /// What to find out with what this machine could do at best; `None` where there are no kernels, or no memory
    /// for it.
    pub(super) fn roofline(&self) -> Option<Roofline<'_>> {
        Roofline::new(self.isa?, &self.workers).ok()
    }

    /// What the matrices are multiplied with.
    pub(super) fn choice(&self) -> KernelChoice {
        self.isa.map_or(KernelChoice::Candle, Isa::choice)
    }

    /// Packs a matrix of this type; `None` if there are no kernels for it.
    ///
    /// # Errors
    /// `OutOfMemory`; what went wrong in reading it.
    pub(super) fn pack(
        &self,
        kind: GgmlDType,
        source: Source<'_>,
        outputs: usize,
        inputs: usize,
    ) -> std::io::Result<Option<Matrix>> {
        let _on_duty = self.workers.on_duty();
        match (self.isa, Format::of(kind)) {
            (Some(isa), Some(format)) => Matrix::pack(isa, &self.workers, format, source, outputs, inputs),
            (None, _) | (_, None) => Ok(None),
        }
    }

    /// Each row of the input times these outputs of a matrix.
    ///
    /// # Panics
    /// If the matrix is for rows of another width.
    pub(super) fn multiply(&self, section: Section<'_>, input: &QuantizedInput) -> Vec<f32> {
        section.multiply(&self.workers, input)
    }

    /// Each row of the input times both, and one product as the gate of the other.
    ///
    /// # Panics
    /// If they are for rows of another width, or have not the same number of outputs.
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
