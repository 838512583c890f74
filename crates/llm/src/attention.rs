//! Causal attention of new rows over paged caches. Must not know weights or sequences.
//!
//! It goes page by page, with a softmax that is corrected when higher scores appear (Milakov and Gimelshein
//! 2018; FlashAttention, Dao et al. 2022). A page is converted to floats once for all rows and heads of a
//! block, and no score is kept longer than its page. Only a row's position and its cache decide in which
//! order its result is computed. So the result is the same to the last bit whatever else is in the batch,
//! however the rows were sliced, and on however many threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use half::slice::HalfFloatSliceExt;

use super::cache::{Cache, pages};
use super::kernels::ThreadPool;
use super::kernels::exp;
use super::matmul_f32::{Matrix, add_product};
use super::pool::PAGE;

/// From this many multiplications on, the work is shared among the pool's threads. Below it, waking them
/// costs more than it saves.
const SHARE_FROM: usize = 1 << 20;
/// Query rows, counting all heads that share a key-value head, that are computed together: as many as stay in
/// the processor's caches with a page, and few enough that a single key-value head makes work for several
/// threads.
const TOGETHER: usize = 64;

/// How a layer reads the cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) layer: usize,
    /// Query heads.
    pub(super) heads: usize,
    /// Positions that a row sees, its own included; `None` is all of them.
    pub(super) window: Option<usize>,
    /// The factor for products of query and key.
    pub(super) scale: f32,
}

/// Rows of one sequence within a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) rows: usize,
    /// Position of the first row.
    pub(super) start: usize,
    /// Already has the keys and values of the rows themselves.
    pub(super) cache: &'a Cache,
}

/// For each query row, the weighted values of the positions that it sees: itself and all before it in its
/// sequence, or the last `window` positions. `queries` has the rows of each part after those of the part
/// before. All caches are of one model.
pub(super) fn attend(workers: &ThreadPool, queries: &[f32], parts: &[Part<'_>], view: View) -> Vec<f32> {
    let numbers = parts.first().map_or(0, |part| view.heads * part.cache.geometry().head_width);
    let seen = |part: &Part<'_>| part.rows * view.window.unwrap_or(usize::MAX).min(part.start + part.rows);
    let work = 2 * numbers * parts.iter().map(seen).sum::<usize>();
    attend_shared(workers, queries, parts, view, work >= SHARE_FROM)
}

fn attend_shared(
    workers: &ThreadPool,
    queries: &[f32],
    parts: &[Part<'_>],
    view: View,
    share: bool,
) -> Vec<f32> {
    let blocks = blocks(parts, view);
    let mut out = vec![0.0; queries.len()];
    if !share || blocks.len() < 2 {
        let mut scratch = Scratch::default();
        for block in &blocks {
            block.store(block.attend(queries, view, &mut scratch), view, &mut out);
        }
        return out;
    }
    let done: Vec<Mutex<Vec<f32>>> = blocks.iter().map(|_| Mutex::default()).collect();
    let _on_duty = workers.on_duty();
    workers.share(blocks.len(), &|number| {
        let seen = blocks[number].attend(queries, view, &mut Scratch::default());
        *done[number].lock().unwrap_or_else(PoisonError::into_inner) = seen;
    });
    for (block, done) in blocks.iter().zip(done) {
        block.store(done.into_inner().unwrap_or_else(PoisonError::into_inner), view, &mut out);
    }
    out
}

/// Rows of a part, and one key-value head with the query heads that share it: its *group*.
struct Block<'a> {
    cache: &'a Cache,
    kv_head: usize,
    group: usize,
    /// The first row's index in the batch, and its position in the sequence.
    row: usize,
    start: usize,
    rows: usize,
}

fn blocks<'a>(parts: &[Part<'a>], view: View) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut before = 0;
    for Part { rows, start, cache } in parts {
        let kv_heads = cache.geometry().kv_heads;
        let group = view.heads / kv_heads;
        for first in (0..*rows).step_by((TOGETHER / group).max(1)) {
            let rows = (rows - first).min((TOGETHER / group).max(1));
            blocks.extend((0..kv_heads).map(|kv_head| Block {
                cache,
                kv_head,
                group,
                row: before + first,
                start: start + first,
                rows,
            }));
        }
        before += rows;
    }
    blocks
}

/// Working memory. A *line* is one head of one row.
#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
    lines: Vec<Line>,
}

/// The softmax of a line so far.
#[derive(Clone, Copy)]
struct Line {
    /// The highest score.
    top: f32,
    /// The sum of `exp(score - top)`.
    sum: f32,
}

impl Block<'_> {
    /// The positions that a row of this block sees.
    fn visible(&self, row: usize, window: Option<usize>) -> Range<usize> {
        let end = self.start + row + 1;
        window.map_or(0, |window| end.saturating_sub(window))..end
    }

    /// The results of the rows, each with the heads of the group.
    fn attend(&self, queries: &[f32], view: View, scratch: &mut Scratch) -> Vec<f32> {
        let head_width = self.cache.geometry().head_width;
        let lines = self.rows * self.group;
        scratch.queries.clear();
        for row in self.numbers(view) {
            scratch.queries.extend(queries[row].iter().map(|query| query * view.scale));
        }
        scratch.keys.resize(PAGE * head_width, 0.0);
        scratch.values.resize(PAGE * head_width, 0.0);
        scratch.lines.clear();
        scratch.lines.resize(lines, Line { top: f32::NEG_INFINITY, sum: 0.0 });
        let mut out = vec![0.0; lines * head_width];
        let begin = self.visible(0, view.window).start;
        for (page, slots) in pages(begin, self.start + self.rows) {
            self.page(page, slots, view, scratch, &mut out);
        }
        for (line, out) in scratch.lines.iter().zip(out.chunks_exact_mut(head_width)) {
            let share = 1.0 / line.sum;
            out.iter_mut().for_each(|out| *out *= share);
        }
        out
    }

    /// Adds the weighted values that the rows see in one page, of which this block sees `slots`.
    fn page(&self, page: usize, slots: Range<usize>, view: View, scratch: &mut Scratch, out: &mut [f32]) {
        let head_width = self.cache.geometry().head_width;
        let first = page * PAGE;
        // The rows that see something in this page: not the rows before it, nor those whose window begins
        // after it.
        let after = view
            .window
            .map_or(self.rows, |window| (first + PAGE - 1).saturating_add(window).saturating_sub(self.start));
        let rows = first.saturating_sub(self.start)..after.min(self.rows);
        let lines = rows.start * self.group..rows.end * self.group;
        let Scratch { queries, keys, values, scores, lines: all_lines } = scratch;
        let (page_keys, page_values) = self.cache.head(view.layer, self.kv_head, page);
        page_keys.convert_to_f32_slice(keys);
        scores.clear();
        scores.resize(lines.len() * PAGE, 0.0);
        let queries = Matrix { numbers: &queries[lines.start * head_width..], stride: head_width };
        add_product(scores, queries, head_width, Matrix { numbers: keys, stride: PAGE });

        let out = &mut out[lines.start * head_width..lines.end * head_width];
        let (weights, _) = scores.as_chunks_mut::<PAGE>();
        let each = weights.iter_mut().zip(&mut all_lines[lines]).zip(out.chunks_exact_mut(head_width));
        for (i, ((weights, line), out)) in each.enumerate() {
            let visible = self.visible(rows.start + i / self.group, view.window);
            weights[..visible.start.saturating_sub(first)].fill(f32::NEG_INFINITY);
            weights[(visible.end - first).min(PAGE)..].fill(f32::NEG_INFINITY);
            line.weigh(weights, out);
        }
        // Values beyond these slots may be anything, even NaN, and weights of zero would not silence them.
        let numbers = slots.start * head_width..slots.end * head_width;
        let values = &mut values[numbers.clone()];
        page_values[numbers].convert_to_f32_slice(values);
        let weights = Matrix { numbers: &scores[slots.start..], stride: PAGE };
        add_product(out, weights, slots.len(), Matrix { numbers: values, stride: head_width });
    }

    /// Where this group's numbers of each row lie in the batch.
    fn numbers(&self, view: View) -> impl Iterator<Item = Range<usize>> {
        let width = self.group * self.cache.geometry().head_width;
        let stride = view.heads * self.cache.geometry().head_width;
        let begin = self.row * stride + self.kv_head * width;
        (0..self.rows).map(move |row| begin + row * stride..begin + row * stride + width)
    }

    fn store(&self, seen: Vec<f32>, view: View, out: &mut [f32]) {
        let width = self.group * self.cache.geometry().head_width;
        for (numbers, seen) in self.numbers(view).zip(seen.chunks_exact(width)) {
            out[numbers].copy_from_slice(seen);
        }
    }
}

impl Line {
    /// Turns the scores of a page into weights, not yet divided by their sum. `out` is the weighted sum so
    /// far. It is corrected if a score is higher than any before.
    fn weigh(&mut self, scores: &mut [f32; PAGE], out: &mut [f32]) {
        let top = folded(scores, |a, b| if b > a { b } else { a });
        if top > self.top {
            let correction = exp(self.top - top);
            self.sum *= correction;
            out.iter_mut().for_each(|out| *out *= correction);
            self.top = top;
        }
        for score in scores.iter_mut() {
            *score = exp(*score - self.top);
        }
        self.sum += folded(scores, |a, b| a + b);
    }
}

/// Folds a page's numbers in halves, so that the compiler vectorises it.
fn folded(numbers: &[f32; PAGE], with: impl Fn(f32, f32) -> f32) -> f32 {
    let mut left = *numbers;
    for half in [16, 8, 4, 2, 1] {
        for i in 0..half {
            left[i] = with(left[i], left[i + half]);
        }
    }
    left[0]
}

#[cfg(test)]
mod tests;
