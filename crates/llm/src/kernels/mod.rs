//! Products of quantised matrices and rows, in vector instructions that are chosen when the program runs, and the
//! threads that share them.
//!
//! The weights are packed once, when a model is loaded, into panels of sixteen outputs side by side (`format`,
//! `codes`): the same panel serves one row and many. Inputs are quantised once, whatever number of matrices they
//! go into (`input`). A kernel (`tile`) multiplies some rows with one panel, in the instructions of a `level`;
//! `dispatch` compiles one for every number of rows that fits into the registers. `matrix` shares panels out to the
//! `crew`.
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
pub use isa::KernelChoice;
use isa::Level;
pub(super) use matrix::{Matrix, Section, Source};
pub(super) use quantized_input::Input;
pub(super) use roofline::Limits;
pub(super) use thread_pool::{Crew, OnDuty};

/// The instructions and the threads of one model.
pub(super) struct Kernels {
    level: Option<Level>,
    crew: Crew,
}

impl Kernels {
    /// What was chosen, and a crew of so many threads; of one for each core, if there are not so many.
    ///
    /// # Errors
    /// If this processor has not the instructions that were chosen.
    pub(super) fn new(choice: KernelChoice, threads: usize) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { level: choice.level()?, crew: Crew::new(threads.min(cores)) })
    }

    /// Keeps the threads awake for a pass through the model; where candle multiplies, its own threads need the cores.
    pub(super) fn on_duty(&self) -> Option<OnDuty<'_>> {
        self.level.is_some().then(|| self.crew.on_duty())
    }

    /// The threads.
    pub(super) fn crew(&self) -> &Crew {
        &self.crew
    }

    /// What to find out with what this machine could do at best; `None` where there are no kernels, or no memory
    /// for it.
    pub(super) fn limits(&self) -> Option<Limits<'_>> {
        Limits::new(self.level?, &self.crew).ok()
    }

    /// What the matrices are multiplied with.
    pub(super) fn choice(&self) -> KernelChoice {
        self.level.map_or(KernelChoice::Candle, Level::choice)
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
        let _on_duty = self.crew.on_duty();
        match (self.level, Format::of(kind)) {
            (Some(level), Some(format)) => Matrix::pack(level, &self.crew, format, source, outputs, inputs),
            (None, _) | (_, None) => Ok(None),
        }
    }

    /// Each row of the input times these outputs of a matrix.
    ///
    /// # Panics
    /// If the matrix is for rows of another width.
    pub(super) fn multiply(&self, section: Section<'_>, input: &Input) -> Vec<f32> {
        section.multiply(&self.crew, input)
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
        input: &Input,
    ) -> Vec<f32> {
        gate.gated(up, activation, &self.crew, input)
    }
}

#[cfg(test)]
mod tests;
