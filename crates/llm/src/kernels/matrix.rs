//! A matrix of quantised weights, packed for the kernels, and its products with rows. Must not know models.
#![allow(unsafe_code)]

use std::io::{ErrorKind, Result};
use std::ops::Range;
use std::sync::OnceLock;

use memmap2::{Advice, MmapMut};

use super::super::tensor_type::TensorType;
use super::activation::Activation;
use super::dispatch::{Run, gate, kernel};
use super::isa::Isa;
use super::quantized_input::{QuantizedInput, Tile};
use super::simd::PANEL;
use super::simd::WIDEST;
use super::thread_pool::ThreadPool;
use super::tile::Work;

/// Bytes of weights in a task, if there are enough for all threads. A fraction of the processor's
/// second-level cache, so that the weights stay there while all rows are processed.
const TASK_BYTES: usize = 128 << 10;
/// The minimum number of tasks per thread, so that a delayed thread does not delay the others.
const TASKS_A_THREAD: usize = 8;
/// Fewer bytes of weights than this (times rows) are not worth a second thread.
const SHARED_BYTES: usize = 64 << 10;

/// `outputs` rows of `inputs` weights, sixteen rows side by side in a panel.
pub(in super::super) struct Matrix {
    isa: Isa,
    kind: TensorType,
    outputs: usize,
    inputs: usize,
    panels: MmapMut,
}

/// A matrix as stored in a file, row by row.
#[derive(Clone, Copy)]
pub(in super::super) struct Source<'a> {
    /// Bytes of all rows.
    pub(in super::super) bytes: usize,
    /// Fills a buffer with the bytes from this offset on.
    pub(in super::super) read: &'a (dyn Fn(usize, &mut [u8]) -> Result<()> + Sync),
}

impl Matrix {
    /// Packs a matrix from a file, on all threads of the pool. `None` if the kernels do not support its
    /// dimensions, or if the number of bytes does not fit them. Each task reads only the rows of its panel,
    /// so the file's bytes are never in memory as a whole.
    ///
    /// # Errors
    /// `OutOfMemory`, or the error of `source`.
    pub(super) fn pack(
        isa: Isa,
        workers: &ThreadPool,
        kind: TensorType,
        source: Source<'_>,
        outputs: usize,
        inputs: usize,
    ) -> Result<Option<Self>> {
        let blocks = inputs / kind.span();
        let row_bytes = blocks * kind.file_bytes();
        // With fewer outputs than a panel holds, much of it could be empty.
        if blocks == 0
            || outputs < PANEL
            || !inputs.is_multiple_of(kind.span())
            || source.bytes != outputs * row_bytes
        {
            return Ok(None);
        }
        let panel_bytes = kind.panel_bytes(inputs);
        let count = outputs.div_ceil(PANEL);
        let bytes = count.checked_mul(panel_bytes).ok_or(ErrorKind::OutOfMemory)?;
        let mut panels = MmapMut::map_anon(bytes).map_err(|_| ErrorKind::OutOfMemory)?;
        // With pages of two megabytes, address translation is faster. They must be asked for before anything
        // is written: later, the system assembles them bit by bit, and a gigabyte takes ten minutes.
        if let Err(error) = panels.advise(Advice::HugePage) {
            tracing::debug!(%error, "weights stay in small pages");
        }
        let failed = OnceLock::new();
        let base = Shared(panels.as_mut_ptr());
        workers.share(count, &|number| {
            // SAFETY: the panels lie one after the other in the memory that was just mapped, and each belongs
            // to one task alone.
            let panel = unsafe { std::slice::from_raw_parts_mut(base.at(number * panel_bytes), panel_bytes) };
            let rows = number * PANEL..outputs.min((number + 1) * PANEL);
            let mut stored = vec![0; rows.len() * row_bytes];
            if let Err(error) = (source.read)(rows.start * row_bytes, &mut stored) {
                // The first error is returned.
                let _ = failed.set(error);
                return;
            }
            let mut rows = [None; PANEL];
            rows.iter_mut().zip(stored.chunks_exact(row_bytes)).for_each(|(row, bytes)| *row = Some(bytes));
            for block in 0..blocks {
                let at = block * kind.file_bytes();
                let sixteen = rows.map(|row: Option<&[u8]>| row.map(|row| &row[at..at + kind.file_bytes()]));
                kind.pack(&sixteen, block, blocks, panel);
            }
        });
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        Ok(Some(Self { isa, kind, outputs, inputs, panels }))
    }

    /// Bytes that a product reads.
    pub(in super::super) fn bytes(&self) -> usize {
        self.panels.len()
    }

    /// The number of weights.
    pub(in super::super) fn weights(&self) -> usize {
        self.outputs * self.inputs
    }

    /// The weights of one output, as floats; `None` if there is no such output.
    pub(in super::super) fn row(&self, output: usize) -> Option<Vec<f32>> {
        let panel = self.panels.chunks_exact(self.panel_bytes()).nth(output / PANEL)?;
        let mut row = vec![0.0; self.inputs];
        self.kind.take_out(panel, output % PANEL, &mut row);
        (output < self.outputs).then_some(row)
    }

    fn panel_bytes(&self) -> usize {
        self.kind.panel_bytes(self.inputs)
    }

    /// Some of its outputs. `None` unless they begin with a panel and end within the matrix.
    pub(in super::super) fn section(&self, outputs: Range<usize>) -> Option<Section<'_>> {
        let fits = outputs.start.is_multiple_of(PANEL) && outputs.end <= self.outputs;
        fits.then(|| Section { matrix: self, first: outputs.start / PANEL, outputs: outputs.len() })
    }

    /// All of its outputs.
    pub(in super::super) fn whole(&self) -> Section<'_> {
        Section { matrix: self, first: 0, outputs: self.outputs }
    }
}

/// Outputs of a matrix, beginning with a panel.
#[derive(Clone, Copy)]
pub(in super::super) struct Section<'a> {
    matrix: &'a Matrix,
    first: usize,
    outputs: usize,
}

impl<'a> Section<'a> {
    /// One row of results for each row of the input, with one number per output.
    pub(super) fn multiply(self, workers: &ThreadPool, input: &QuantizedInput) -> Vec<f32> {
        let mut out = vec![0.0_f32; input.rows() * self.outputs];
        let product = self.times(workers, input);
        let base = Shared(out.as_mut_ptr());
        let task = self.panels_a_task(workers.threads(), input.rows());
        workers.share(self.panels().div_ceil(task), &|number| {
            for (tile, run) in &product.tiles {
                for panel in number * task..((number + 1) * task).min(self.panels()) {
                    let at = base.at(tile.first * self.outputs + panel * PANEL);
                    // SAFETY: `out` has as many rows and columns as the product, and these columns of these
                    // rows belong to this panel and tile alone.
                    unsafe { product.write(tile, *run, panel, at, self.outputs) };
                }
            }
        });
        out
    }

    /// `activation(gate) * up`, where this section gives the gate. `up` has the same number of outputs.
    pub(super) fn gated(
        self,
        up: Self,
        activation: Activation,
        workers: &ThreadPool,
        input: &QuantizedInput,
    ) -> Vec<f32> {
        assert_eq!(self.outputs, up.outputs, "a gate has as many outputs as what it gates");
        let mut out = vec![0.0_f32; input.rows() * self.outputs];
        let (gates, ups) = (self.times(workers, input), up.times(workers, input));
        let gate = gate(self.matrix.isa);
        let base = Shared(out.as_mut_ptr());
        let task = self.panels_a_task(workers.threads(), 2 * input.rows());
        workers.share(self.panels().div_ceil(task), &|number| {
            let [mut left, mut right, mut both] = [[0.0; WIDEST * PANEL]; 3];
            for ((tile, run), (up_tile, up_run)) in gates.tiles.iter().zip(&ups.tiles) {
                let numbers = tile.rows * PANEL;
                for panel in number * task..((number + 1) * task).min(self.panels()) {
                    let outputs = (self.outputs - panel * PANEL).min(PANEL);
                    // SAFETY: each buffer holds a panel for as many rows as a tile can have. This processor
                    // has the instructions. These columns of these rows of the result belong to this panel
                    // and tile alone.
                    unsafe {
                        gates.write(tile, *run, panel, left.as_mut_ptr(), PANEL);
                        ups.write(up_tile, *up_run, panel, right.as_mut_ptr(), PANEL);
                        gate(activation, &left[..numbers], &right[..numbers], &mut both[..numbers]);
                        for (row, from) in both.chunks_exact(PANEL).enumerate().take(tile.rows) {
                            let to = base.at((tile.first + row) * self.outputs + panel * PANEL);
                            to.copy_from_nonoverlapping(from.as_ptr(), outputs);
                        }
                    }
                }
            }
        });
        out
    }

    fn times<'i>(self, workers: &ThreadPool, input: &'i QuantizedInput) -> Product<'a, 'i> {
        let Matrix { isa, kind, inputs, .. } = *self.matrix;
        assert_eq!(input.width(), inputs, "the kernels read as many numbers as a row of the matrix has");
        let tiles = input.tiles(workers, isa.widest(), kind.form());
        for tile in tiles {
            assert!(tile.is_whole(inputs, kind.form()), "a tile has all numbers that the kernels read");
        }
        Product {
            section: self,
            tiles: tiles.iter().map(|tile| (tile, kernel(isa, kind, tile.padded))).collect(),
        }
    }

    fn panels(self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    fn panels_a_task(self, threads: usize, rows: usize) -> usize {
        let panel_bytes = self.matrix.panel_bytes();
        if threads < 2 || self.panels() * panel_bytes * rows < SHARED_BYTES {
            return (TASK_BYTES / panel_bytes).max(1);
        }
        self.panels().div_ceil(threads * TASKS_A_THREAD).min(TASK_BYTES / panel_bytes).max(1)
    }
}

/// A product that is ready to be computed, panel by panel and tile by tile.
struct Product<'a, 'i> {
    section: Section<'a>,
    tiles: Vec<(&'i Tile, Run)>,
}

impl Product<'_, '_> {
    /// Computes a panel of this section for a tile's rows.
    ///
    /// # Safety
    /// `run` is the kernel paired with `tile` in `tiles`. `out` has room for the tile's rows, `stride`
    /// numbers apart, each with the panel's outputs, and nothing else accesses that room.
    unsafe fn write(&self, tile: &Tile, run: Run, panel: usize, out: *mut f32, stride: usize) {
        let Section { matrix, first, outputs } = self.section;
        let (form, bytes) = (matrix.kind.form(), matrix.panel_bytes());
        let work = Work {
            panel: matrix.panels[(first + panel) * bytes..][..bytes].as_ptr(),
            blocks: matrix.inputs / form.span(),
            codes: tile.codes.as_ptr(),
            scales: tile.scales.as_ptr(),
            sums: tile.sums(form).as_ptr(),
            out,
            stride,
            outputs: (outputs - panel * PANEL).min(PANEL),
            rows: tile.rows,
        };
        // SAFETY: the matrix was packed for an instruction set that this processor has. The panel belongs to
        // the matrix. The tile has as many inputs as the matrix, in the form of its kind. The caller
        // guarantees the rest.
        unsafe { run(&work) };
    }
}

/// The base address of memory that several threads write to, each in places of its own.
struct Shared<T>(*mut T);

// SAFETY: it is only an address. The code that writes through it must justify where it writes.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn at(&self, offset: usize) -> *mut T {
        self.0.wrapping_add(offset)
    }
}
