//! Input rows in the form that the kernels multiply: whole numbers from -127 to 127, with one scale for 32 or
//! 256 of them. The number with the largest magnitude becomes 127 or -127. Weights that are floats are
//! multiplied with the inputs as they are. Must not know weights.
//!
//! This is how ggml quantises the inputs of its products (`quantize_row_q8_0`, `quantize_row_q8_K`), except
//! that scales stay floats here. So each number is off by at most half a scale: 1/254 of the largest in its
//! block.

use std::cell::OnceCell;
use std::sync::OnceLock;

use candle_core::CpuStorage;

use super::ThreadPool;
use super::codes::BLOCK;
use super::format::Form;
use super::simd::ROWS;
use super::tile::NEST;

/// Input rows of products.
pub(in super::super) struct QuantizedInput {
    numbers: CpuStorage,
    width: usize,
    flat: OnceCell<Vec<Tile>>,
    nested: OnceCell<Vec<Tile>>,
    float: OnceCell<Vec<Tile>>,
}

impl QuantizedInput {
    /// Rows of `width` numbers.
    pub(in super::super) fn new(numbers: Vec<f32>, width: usize) -> Self {
        let (flat, nested, float) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { numbers: CpuStorage::F32(numbers), width, flat, nested, float }
    }

    /// The numbers in candle's form.
    pub(in super::super) fn storage(&self) -> &CpuStorage {
        &self.numbers
    }

    /// Numbers in a row.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub(in super::super) fn rows(&self) -> usize {
        self.numbers().len() / self.width
    }

    fn numbers(&self) -> &[f32] {
        let CpuStorage::F32(numbers) = &self.numbers else { return &[] };
        numbers
    }

    /// The rows in this form, in tiles of at most `widest` rows; `widest` is the same for all matrices of a
    /// model. The tiles are made once for all matrices of one kind of form.
    pub(super) fn tiles(&self, workers: &ThreadPool, widest: usize, form: Form) -> &[Tile] {
        let cell = match form {
            Form::Flat { .. } | Form::Affine => &self.flat,
            Form::Nested { .. } | Form::Looked => &self.nested,
            Form::Float => &self.float,
        };
        cell.get_or_init(|| {
            let (all, width, sizes) = (self.numbers(), self.width, tile_rows(self.rows(), widest));
            let tiles: Vec<OnceLock<Tile>> = sizes.iter().map(|_| OnceLock::new()).collect();
            workers.share(sizes.len(), &|number| {
                let (rows, padded) = sizes[number];
                let first = number * widest;
                let numbers = &all[first * width..(first + rows) * width];
                tiles[number].get_or_init(|| Tile::new(numbers, width, first, padded, form));
            });
            tiles.into_iter().filter_map(OnceLock::into_inner).collect()
        })
    }
}

/// The sizes of the tiles for `rows` rows, each with the size that it is padded to. All but the last are as
/// wide as possible.
fn tile_rows(rows: usize, widest: usize) -> Vec<(usize, usize)> {
    let whole = std::iter::repeat_n((widest, widest), rows / widest);
    let rest = rows % widest;
    let padded = ROWS.into_iter().find(|&size| size >= rest).unwrap_or(widest);
    whole.chain((rest > 0).then_some((rest, padded))).collect()
}

/// Rows that are multiplied together, padded to a number of rows that there is a kernel for. All lists are
/// interleaved: one number of each row, then the next number of each row.
pub(super) struct Tile {
    /// The number of rows, without and with padding.
    pub(super) rows: usize,
    pub(super) padded: usize,
    /// The first row.
    pub(super) first: usize,
    /// Four codes in each number.
    pub(super) codes: Vec<i32>,
    /// One for each block, or the inputs themselves.
    pub(super) scales: Vec<f32>,
    sums: Sums,
}

/// Sums of codes, in the layout of each form.
enum Sums {
    /// Of each block: times -8, -16 and -128, and times its scale (the bits of floats).
    Flat([Vec<i32>; 4]),
    /// Pairs of 16-bit sums: of groups of 16, and of groups of 32. Sums of groups of 32 times -128.
    Nested([Vec<i32>; 3]),
    Float,
}

/// Adding this leaves the nearest whole number in the lowest bits: 1.5 * 2^23.
const ROUND: f32 = 12_582_912.0;
/// Scales below this become zero, because their reciprocals come close to infinity.
const SMALLEST: f32 = 1e-30;

impl Tile {
    /// Rows of `inputs` numbers in this form.
    pub(super) fn new(x: &[f32], inputs: usize, first: usize, padded: usize, form: Form) -> Self {
        if form == Form::Float {
            return Self::of_floats(x, inputs, first, padded);
        }
        let span = form.span();
        // Sums are of each block in a flat form, of each 16 inputs in a nested one.
        let group = if span == BLOCK { BLOCK } else { 16 };
        let mut codes = vec![0; inputs / 4 * padded];
        let mut scales = vec![0.0; inputs / span * padded];
        let mut sums = vec![0; inputs / group * padded];
        let mut block = [0_i8; NEST];
        for (r, row) in x.chunks_exact(inputs).enumerate() {
            for (b, numbers) in row.chunks_exact(span).enumerate() {
                let block = &mut block[..span];
                scales[b * padded + r] = quantise(numbers, block);
                let (fours, _) = block.as_chunks::<4>();
                for (i, four) in fours.iter().enumerate() {
                    let at = (b * (span / 4) + i) * padded + r;
                    codes[at] = i32::from_le_bytes(four.map(i8::cast_unsigned));
                }
                for (i, group_codes) in block.chunks_exact(group).enumerate() {
                    let at = (b * (span / group) + i) * padded + r;
                    sums[at] = group_codes.iter().map(|&code| i32::from(code)).sum();
                }
            }
        }
        let sums = if span == BLOCK {
            let scaled = |(sum, scale): (&i32, &f32)| (*sum as f32 * scale).to_bits().cast_signed();
            let scaled = sums.iter().zip(&scales).map(scaled).collect();
            let [eight, sixteen, all] =
                [8, 16, 128].map(|middle| sums.iter().map(|sum| -middle * sum).collect());
            Sums::Flat([eight, sixteen, all, scaled])
        } else {
            let merged = |sums: &[i32], with: fn(i32, i32) -> i32| -> Vec<i32> {
                let pairs = sums.chunks_exact(2 * padded).map(|two| two.split_at(padded));
                pairs.flat_map(|(one, other)| one.iter().zip(other).map(move |(a, b)| with(*a, *b))).collect()
            };
            let paired = |a: i32, b: i32| (a & 0xffff) | b << 16;
            let of_32 = merged(&sums, |a, b| a + b);
            let starts = of_32.iter().map(|sum| -128 * sum).collect();
            Sums::Nested([merged(&sums, paired), merged(&of_32, paired), starts])
        };
        Self { rows: x.len() / inputs, padded, first, codes, scales, sums }
    }

    /// Rows as they are.
    fn of_floats(x: &[f32], inputs: usize, first: usize, padded: usize) -> Self {
        let mut scales = vec![0.0; inputs * padded];
        for (r, row) in x.chunks_exact(inputs).enumerate() {
            for (to, number) in scales.chunks_exact_mut(padded).zip(row) {
                to[r] = *number;
            }
        }
        Self { rows: x.len() / inputs, padded, first, codes: Vec::new(), scales, sums: Sums::Float }
    }

    /// True if the tile has everything that a kernel of this form reads for rows of `inputs` inputs.
    pub(super) fn is_whole(&self, inputs: usize, form: Form) -> bool {
        let (codes, scales, sums) = match form {
            Form::Flat { .. } | Form::Affine => (inputs / 4, inputs / BLOCK, inputs / BLOCK),
            Form::Nested { group } => (inputs / 4, inputs / NEST, inputs / (2 * group)),
            Form::Looked => (inputs / 4, inputs / NEST, inputs / BLOCK),
            Form::Float => (0, inputs, 0),
        };
        self.codes.len() == codes * self.padded
            && self.scales.len() == scales * self.padded
            && self.sums(form).len() == sums * self.padded
    }

    /// The sums for types of this form; none if the tile has others.
    pub(super) fn sums(&self, form: Form) -> &[i32] {
        match (&self.sums, form) {
            (Sums::Flat([eight, ..]), Form::Flat { middle: 8 }) => eight,
            (Sums::Flat([_, sixteen, ..]), Form::Flat { middle: 16 }) => sixteen,
            (Sums::Flat([_, _, all, _]), Form::Flat { middle: 128 }) => all,
            (Sums::Flat([.., scaled]), Form::Affine) => scaled,
            (Sums::Nested([sixteen, ..]), Form::Nested { group: 16 }) => sixteen,
            (Sums::Nested([_, thirty_two, _]), Form::Nested { group: 32 }) => thirty_two,
            (Sums::Nested([.., starts]), Form::Looked) => starts,
            (
                Sums::Flat(_) | Sums::Nested(_) | Sums::Float,
                Form::Flat { .. } | Form::Affine | Form::Nested { .. } | Form::Looked | Form::Float,
            ) => &[],
        }
    }
}

/// Quantises a block and returns its scale. NaNs and infinities make the scale, and so the result, not
/// finite.
fn quantise(numbers: &[f32], codes: &mut [i8]) -> f32 {
    // Without the sign bit, floats sort in the order of their bits, and NaNs above all numbers.
    let largest = numbers.iter().map(|x| x.to_bits() & 0x7fff_ffff).fold(0, u32::max);
    let scale = f32::from_bits(largest) / 127.0;
    let factor = if scale < SMALLEST { 0.0 } else { 1.0 / scale };
    for (code, x) in codes.iter_mut().zip(numbers) {
        *code = (x * factor + ROUND).to_bits() as i8;
    }
    if scale < SMALLEST { 0.0 } else { scale }
}
